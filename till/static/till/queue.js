// Commands: written to the store before they are sent, and kept until they are answered. They are sent in their order,
// one at a time. A command that is refused stays until somebody acts, and one at which the server fails is sent again
// later; what belongs to the same thing (`stream`) waits for it, everything else goes on.

import { Failing, isOfStaff, Refused, Unreachable } from "./api.js";
import { newId } from "./ids.js";
import { NotKept } from "./store.js";

const LONGEST_PAUSE = 30;

/** Seconds until the next attempt. */
export const pause = (attempts, after = 0) => Math.max(after, Math.min(LONGEST_PAUSE, 2 ** Math.min(attempts, 6) / 2));

/** Choose the command to send: the first that waits, and has nothing of its stream before it that was refused; none of a stream that rests. */
export function next(commands, resting = []) {
  const stopped = new Set(resting);
  for (const command of commands) {
    if (command.state === "refused") stopped.add(command.stream);
    else if (!stopped.has(command.stream)) return command;
  }
  return null;
}

export class Queue {
  /**
   * @param {object} given `store`, `api`; `answered(command, answer)` returns values to store with the removal;
   *   `changed()` is called whenever something is different, `refused(command)` when the server has refused one, `signedOut(error)` when
   *   it needs somebody to sign in first, and `shutOut(error)` when it does not know this till any more.
   */
  constructor({ store, api, answered = () => ({}), changed = () => {}, refused = () => {}, signedOut = () => {}, shutOut = () => {} }) {
    Object.assign(this, { store, api, answered, changed, onRefused: refused, signedOut, onShutOut: shutOut, commands: [], sequence: 0, trouble: "", ended: null });
    this.attempts = 0;
    this.rests = new Map();
    this.running = false;
    this.timer = 0;
    this.writing = Promise.resolve();
  }

  async load() {
    this.commands = await this.store.commands();
    this.sequence = (await this.store.get("sequence")) ?? 0;
  }

  get waiting() {
    return this.commands.filter((each) => each.state === "waiting");
  }

  get refused() {
    return this.commands.filter((each) => each.state === "refused");
  }

  of(stream) {
    return this.commands.filter((each) => each.stream === stream);
  }

  /**
   * Keep a command, then send it. With `values`, what the screen shows is stored in the same transaction.
   * @param {object} command `path`, `body`, `title`, `stream`; `session` of who gave it.
   */
  async add({ path, body, title, stream, subject, session = "", staff = null, kind = "" }, values = {}) {
    const command = {
      sequence: (this.sequence += 1), key: newId(), path, body, title, stream, subject, session, staff, kind,
      state: "waiting", problem: null, made: new Date().toISOString(),
    };
    this.commands.push(command);
    try {
      await this.store.write({ values: { ...values, sequence: this.sequence }, put: [command] });
    } catch (error) {
      this.commands = this.commands.filter((each) => each !== command);
      if (this.sequence === command.sequence) this.sequence -= 1;
      throw error;
    }
    this.changed();
    this.go();
    return command;
  }

  /** Send a refused command again, with members added to its body: an approval, for instance. */
  async again(command, more = {}, changed = {}) {
    Object.assign(command, { state: "waiting", problem: null, ...changed, body: { ...command.body, ...more } });
    await this.store.write({ put: [command] });
    this.changed();
    this.go();
  }

  /** Let what somebody has commanded before go on in the session that they have begun now; and what nobody has, while the shop had no staff. */
  async adopt(staff, session) {
    const theirs = this.commands.filter((each) => each.staff === staff || each.staff === null);
    for (const command of theirs) {
      Object.assign(command, { session, staff });
      if (isOfStaff(command.problem)) Object.assign(command, { state: "waiting", problem: null });
    }
    await this.store.write({ put: theirs });
  }

  /** A command, and what waits for it. */
  following(command) {
    return this.of(command.stream).filter((each) => each.sequence >= command.sequence);
  }

  /** Give a refused command up, and what waits for it. What the screen shows then is stored in the same transaction. */
  async drop(command, values = {}) {
    const dropped = this.following(command);
    await this.store.write({ values, remove: dropped.map((each) => each.sequence) });
    this.commands = this.commands.filter((each) => !dropped.includes(each));
    this.rests.delete(command.stream);
    this.changed();
    return dropped;
  }

  /** Whether the server fails at something that waits. */
  get failing() {
    return this.rests.size > 0;
  }

  /** The streams that rest until their next attempt. */
  get resting() {
    const now = performance.now();
    return [...this.rests].filter(([, { until }]) => until > now).map(([stream]) => stream);
  }

  /** Send what waits, also what rests. */
  goNow() {
    for (const rest of this.rests.values()) rest.until = 0;
    this.go();
  }

  /** Send what waits and does not rest. */
  go() {
    clearTimeout(this.timer);
    if (!this.running) void this.run();
  }

  async run() {
    this.running = true;
    try {
      for (let command = this.next; command; command = this.next) {
        if (!(await this.sent(command))) return;
      }
      this.wake();
    } finally {
      this.running = false;
      this.changed();
    }
  }

  get next() {
    return next(this.commands, this.resting);
  }

  async sent(command) {
    try {
      const answer = await this.api.post(command.path, command.body, command);
      this.relieved(command);
      const values = this.answered(command, answer) ?? {};
      await this.forget(command, values);
      this.commands = this.commands.filter((each) => each !== command);
    } catch (error) {
      if (error instanceof Failing) return this.rest(command, error);
      if (error instanceof Unreachable) return this.later(error);
      if (!(error instanceof Refused)) {
        console.error(error);
        return this.rest(command, error);
      }
      if (error.status === 401 && !(isOfStaff(error) && command.session !== this.api.session)) return this.stop(error);
      this.relieved(command);
      Object.assign(command, { state: "refused", problem: { ...error.problem, status: error.status } });
      await this.store.write({ put: [command] });
      this.onRefused(command);
    }
    this.changed();
    return true;
  }

  /** Store what an answer brings. What the browser does not remove then is sent once more after a reload, under its key. */
  async forget(command, values) {
    try {
      await this.store.write({ values, remove: [command.sequence] });
    } catch (error) {
      if (!(error instanceof NotKept)) throw error;
    }
  }

  relieved({ stream }) {
    this.attempts = 0;
    Object.assign(this, { trouble: "", ended: null });
    this.rests.delete(stream);
  }

  /** Let the stream of a command rest; the others go on. */
  rest({ stream }, error) {
    const attempts = (this.rests.get(stream)?.attempts ?? 0) + 1;
    Object.assign(this, { trouble: "", ended: null });
    this.rests.set(stream, { attempts, until: performance.now() + pause(attempts, error.after) * 1000, trouble: error.message });
    this.changed();
    return true;
  }

  /** Go on when the first stream has rested. */
  wake() {
    const moments = [...this.rests.values()].map(({ until }) => until);
    if (moments.length) this.timer = setTimeout(() => this.go(), Math.max(100, Math.min(...moments) - performance.now()));
  }

  later(error) {
    Object.assign(this, { trouble: error.message, ended: null });
    this.attempts += 1;
    this.timer = setTimeout(() => this.go(), pause(this.attempts, error.after) * 1000);
    return false;
  }

  stop(error) {
    this.trouble = error.message;
    this.ended = error;
    if (isOfStaff(error)) this.signedOut(error);
    else this.onShutOut(error);
    return false;
  }
}
