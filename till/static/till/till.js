// What the till knows and does. Screens show it and call it; nothing here touches the page.

import { Api, Failing, isOfStaff, Refused, Unreachable } from "./api.js";
import { emptySale } from "./cart.js";
import { Debts } from "./debts.js";
import { Drawer } from "./drawer.js";
import { Goods } from "./goods.js";
import { written } from "./money.js";
import { Parking } from "./parking.js";
import { People } from "./people.js";
import { Queue } from "./queue.js";
import { Refunds } from "./refunds.js";
import { Selling } from "./selling.js";
import { LOST, NotKept, openStore } from "./store.js";

const VERSION = "1.0";
const BEAT = 60_000;
const AGAIN = 10_000;

const LOST_WAITING = "The browser has deleted what this till keeps. What waits for the server is in this page alone: leave it open until everything is answered (F10), then load the page again.";

const OVERTAKEN = {
  "shift shift-already-open": "Another till has opened the shift of this drawer already.",
  "closing shift-not-open": "Another till has closed the shift of this drawer already.",
};

export class Till {
  /** @param {object} page `draw()`, `say(text)`: how the till shows itself. */
  constructor(page) {
    this.page = page;
    this.api = new Api();
    Object.assign(this, { screen: "starting", device: null, shift: undefined, offline: false, failing: false, types: new Map(), answers: new Map() });
    this.can = { park: false, count: false };
    this.numbers = { last: 0, free: [] };
    Object.assign(this, { notices: [], shutOut: false });
    this.sale = emptySale();
    this.goods = new Goods(this);
    this.people = new People(this);
    this.refunds = new Refunds(this);
    this.debts = new Debts(this);
    this.drawer = new Drawer(this);
    this.parking = new Parking(this);
    this.selling = new Selling(this);
  }

  draw() {
    this.page.draw();
  }

  say(text) {
    this.page.say(text);
  }

  /** Show what went wrong until somebody has read it, beside what nobody has read yet. */
  warn(text) {
    if (!this.notices.includes(text)) this.notices.push(text);
    this.draw();
  }

  /** Warn that nothing became of something, where nobody has answered; a refusal is shown already. */
  unasked(text) {
    if (this.offline || this.failing) this.warn(`${text}: ${this.offline ? "no connection" : "the server has failed"}. Try again.`);
  }

  go(screen) {
    this.screen = screen;
    this.draw();
  }

  async start() {
    this.store = await openStore();
    this.store.lost = () => this.warn(this.queue.commands.length ? LOST_WAITING : LOST);
    this.store.full = (text) => this.warn(text);
    this.queue = new Queue({
      store: this.store,
      api: this.api,
      answered: (command, answer) => this.answered(command, answer),
      changed: () => this.queueChanged(),
      refused: (command) => this.page.refused(command),
      signedOut: (error) => this.people.lock(error.message),
      shutOut: (error) => this.refusedOutright(error),
    });
    await this.queue.load();
    this.api.token = (await this.store.get("token")) ?? "";
    this.device = (await this.store.get("device")) ?? null;
    this.types = new Map(((await this.store.get("types")) ?? []).map((type) => [type.code, type]));
    this.sale = (await this.store.get("sale")) ?? this.sale;
    this.can = (await this.store.get("can")) ?? this.can;
    this.numbers = (await this.store.get("numbers")) ?? this.numbers;
    await this.people.load();
    this.people.watch();
    addEventListener("online", () => this.queue.goNow());
    setInterval(() => this.api.token && void this.beat(), BEAT);
    if (!this.api.token) return this.go("pair");
    await this.enter();
  }

  /** Pair this till by the code that the admin shows, or take the token of a device that is paired already. */
  async pair(typed) {
    const token = typed.startsWith("tf.") ? typed : await this.exchanged(typed);
    this.api.token = token;
    try {
      await this.learn();
      await this.continueCounting();
    } catch (error) {
      this.api.token = "";
      throw error;
    }
    await this.store.write({ values: { token, ...this.known } });
    void navigator.storage?.persist?.();
    await this.enter();
  }

  /** The token for a code. The code works once: when what comes after fails, the next try has the token already. */
  async exchanged(code) {
    if (this.paired?.code !== code) this.paired = { code, ...(await this.api.post("/devices/pair", { code, app_version: VERSION })) };
    return this.paired.token;
  }

  async unpair() {
    this.api.token = "";
    await this.store.write({ values: { token: "" } });
    Object.assign(this, { notices: [], shutOut: false });
    this.go("pair");
  }

  async enter() {
    if (this.device?.needs_staff && !this.people.staff) return this.go("sign-in");
    this.go("sale");
    Object.assign(this.queue, { ended: null, trouble: "" });
    this.queue.go();
    await this.refresh();
    this.selling.requote();
    this.selling.watch();
  }

  /** Ask again what may have changed; what is kept is used while nobody answers. */
  async refresh() {
    await this.tried(async () => {
      await this.learn();
      await this.store.write({ values: this.known });
    });
    await this.lookAtShift();
    await this.goods.find("");
  }

  async learn() {
    this.device = await this.api.get("/devices/self");
    const { results } = await this.api.get("/tender-types");
    this.types = new Map(results.map((type) => [type.code, type]));
    this.can = { park: await this.offers("/parked-orders"), count: await this.offers("/device-sequence") };
  }

  get known() {
    return { device: this.device, types: [...this.types.values()], can: this.can, numbers: this.numbers };
  }

  /** Say whether the server has this yet: while a release is rolled out, an older one may answer. */
  async offers(path) {
    try {
      await this.api.get(path);
      return true;
    } catch (error) {
      if (error.status !== 404) throw error;
      return false;
    }
  }

  /** Go on counting orders where the server has seen this device's last one. */
  async continueCounting() {
    const { last } = this.can.count ? await this.api.get("/device-sequence") : { last: 0 };
    this.numbers = { last, free: [] };
  }

  async lookAtShift() {
    await this.tried(async () => {
      try {
        this.shift = await this.api.send("GET", "/shifts/current", { session: "" });
      } catch (error) {
        if (error.code !== "shift-not-open") throw error;
        this.shift = null;
      }
    });
  }

  /** Say that this till works, and see what others at its drawer have done. Nobody has touched it: no session goes on by it. */
  async beat() {
    await this.tried(async () => {
      const body = { app_version: VERSION, clock: new Date().toISOString() };
      const { device } = await this.api.send("POST", "/devices/self/heartbeat", { body, session: "" });
      this.device = device;
    });
    await this.lookAtShift();
  }

  /** What another till at the drawer did first needs no decision here. Returns whether that is so. */
  async overtaken(command) {
    const sentence = OVERTAKEN[`${command.kind} ${command.problem.code}`];
    if (!sentence) return false;
    await this.queue.drop(command);
    await this.lookAtShift();
    if (command.kind === "closing") this.go("sale");
    this.warn(sentence);
    return true;
  }

  /** Ask the server something that changes nothing; say so where it cannot be asked. */
  async tried(ask) {
    try {
      const answer = await ask();
      this.reached();
      return answer;
    } catch (error) {
      if (error instanceof Unreachable) this.missed(error);
      else if (error instanceof Refused) {
        this.reached();
        this.refusedOutright(error);
      } else throw error;
      return undefined;
    } finally {
      this.draw();
    }
  }

  reached() {
    Object.assign(this, { offline: false, failing: false });
  }

  /** Nobody has answered, or the server has failed. */
  missed(error) {
    this.failing = error instanceof Failing;
    this.offline = !this.failing;
    clearTimeout(this.again);
    if (this.device) this.again = setTimeout(() => this.api.token && void this.beat(), AGAIN);
  }

  /** Say why what was commanded has no answer yet. */
  whyWaits(kept, going) {
    if (this.queue.ended) return `${this.queue.ended.message} ${kept}, and is sent when this till is let in again.`;
    if (this.offline) return `No connection. ${kept}, and is sent as soon as somebody answers.`;
    return this.queue.failing ? `Server error. ${kept}, and is sent again until it is answered.` : going;
  }

  refusedOutright(error) {
    if (isOfStaff(error)) return void this.people.lock(error.message);
    this.shutOut = error.status === 401;
    this.warn(error.message);
  }

  /** Give a command: it is kept until it is answered (`answers`, by its sequence). @throws {NotKept} when it is not kept, nor sent. */
  async command(given, values = {}) {
    const by = { session: this.api.session, staff: this.people.staff?.id ?? null };
    try {
      return await this.queue.add({ ...by, ...given }, values);
    } catch (error) {
      if (error instanceof NotKept) this.warn(`${given.title}: nothing was sent, and nothing is recorded.`);
      throw error;
    }
  }

  answered(command, answer) {
    this.reached();
    this.answers.set(command.sequence, answer);
    if (answer.exceptions?.length) void this.lookAtShift();
    if (command.kind === "sale") return this.selling.answered(answer, command);
    if (command.kind === "shift") this.shift = answer;
    if (command.kind === "closing") this.shift = null;
    if (command.kind === "movement") this.drawer.added(answer);
    if (command.kind === "debt") this.debts.paid(answer);
    return {};
  }

  queueChanged() {
    if (this.queue.trouble && !this.queue.ended) this.offline = true;
    this.selling.watch();
    this.draw();
  }

  /** The ways in which a sale can be paid. Goods that come back pay by an exchange, which nobody chooses here. */
  get payable() {
    return [...this.types.values()].filter((type) => type.kind !== "EXCHANGE");
  }

  get exponent() {
    return this.device?.register.exponent ?? 2;
  }

  /** Write an amount of minor units with its currency. */
  money(amount) {
    return `${written(amount, this.exponent)} ${this.currency}`;
  }

  get currency() {
    return this.device?.register.currency ?? "";
  }
}
