// Who works at the till: signed in with a code and a PIN, and locked out when nobody touches it for a while.

import { Unreachable } from "./api.js";
import { read } from "./money.js";

const LOOK = 5000;
const NOTE = 10_000;

/** Whether nobody has touched it since `seen` for so many seconds; also where the clock was put back meanwhile. */
const isIdle = (seen, seconds) => Math.abs(Date.now() - seen) > seconds * 1000;

export class People {
  constructor(till) {
    Object.assign(this, { till, staff: null, permissions: {}, idle: 0, seen: Date.now(), noted: 0, typed: null });
  }

  async load() {
    const kept = await this.till.store.get("staff");
    if (!kept) return;
    const seen = (await this.till.store.get("seen")) ?? 0;
    if (isIdle(seen, kept.idle)) await this.till.store.write({ values: { staff: null } });
    else this.enter(kept);
  }

  enter({ token, staff, permissions, idle }) {
    Object.assign(this, { staff, permissions, idle, typed: null });
    this.till.api.session = token;
  }

  /** @throws {Refused} when nobody has this code and this PIN, or too many were tried. */
  async signIn(code, pin) {
    const { till } = this;
    const { token, session } = await till.api.send("POST", "/staff-sessions", { body: { staff_code: code, pin }, session: "" });
    const kept = { token, staff: session.staff, permissions: session.permissions, idle: session.idle_seconds };
    await till.store.write({ values: { staff: kept, seen: Date.now() } });
    this.enter(kept);
    this.touched();
    await till.queue.adopt(this.staff.id, token);
    till.say(`${this.staff.name} is signed in.`);
    await till.enter();
  }

  /** Lock the till; what is in the cart stays. The session ends, unless something that was done in it waits. */
  async lock(reason = "") {
    const { till } = this;
    const { session } = till.api;
    const waits = till.queue.commands.some((each) => each.session === session);
    Object.assign(this, { staff: null, permissions: {}, typed: { code: "", pin: "", error: reason, busy: false } });
    till.api.session = "";
    till.page.closeDialogs();
    till.go("sign-in");
    await till.store.write({ values: { staff: null } });
    if (!session || waits || reason) return;
    try {
      await till.api.send("DELETE", "/staff-sessions/current", { session });
    } catch (error) {
      if (!(error instanceof Unreachable) && !error.status) throw error;
    }
  }

  /** Whether a role allows something without asking. A shop without staff allows everything. */
  may(permission) {
    return !this.staff || this.permissions[permission]?.mode === "allow";
  }

  /** Whether a role denies something: what needs an approval, or is within a limit, it does not. */
  denies(permission) {
    return Boolean(this.staff) && (this.permissions[permission]?.mode ?? "deny") === "deny";
  }

  /** Whether a role allows this much without asking. Its limit is in major units. */
  mayMove(permission, amount) {
    const limit = this.permissions[permission]?.amount ?? null;
    return this.may(permission) && (!this.staff || limit === null || amount <= read(limit, this.till.exponent));
  }

  touched() {
    this.seen = Date.now();
    if (!this.staff || this.seen - this.noted < NOTE) return;
    this.noted = this.seen;
    void this.till.store.write({ values: { seen: this.seen } });
  }

  watch() {
    for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => this.touched(), true);
    setInterval(() => {
      if (this.staff && isIdle(this.seen, this.idle)) void this.lock();
    }, LOOK);
  }
}
