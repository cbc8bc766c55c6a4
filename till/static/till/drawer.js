// The drawer: cash that is moved without a sale, and what is counted in it.

import { sumOf } from "./denominations.js";
import { newId } from "./ids.js";

export const KINDS = [
  { kind: "PAID_IN", label: "Paid in", reason: "OTHER", permission: "paid_in" },
  { kind: "PAID_OUT", label: "Paid out", reason: "PETTY_CASH", permission: "paid_out" },
  { kind: "PICKUP", label: "Pickup", reason: "", permission: "pickup" },
  { kind: "NO_SALE", label: "Open the drawer", reason: "CHANGE", permission: "no_sale" },
];

const named = new Map([...KINDS.map(({ kind, label }) => [kind, label]), ["FLOAT", "Float"], ["CORRECTION", "Taken back"]]);

export const nameOf = ({ kind }) => named.get(kind) ?? kind;

export class Drawer {
  constructor(till) {
    Object.assign(this, { till, moved: [] });
    this.clear();
  }

  clear() {
    Object.assign(this, { counts: new Map(), others: new Map(), othersTyped: {}, note: "", command: 0, error: "" });
  }

  move({ kind, label }, amount, reason, note) {
    const id = newId();
    const { shift } = this.till;
    const body = {
      id, kind, ...(kind !== "NO_SALE" && { amount: { amount } }), ...(reason && { reason_code: reason }), ...(note && { note }),
    };
    const title = kind === "NO_SALE" ? label : `${label}: ${this.till.money(amount)}`;
    return this.till.command({ path: `/shifts/${shift.id}/cash-movements`, body, title, stream: `movement:${id}`, kind: "movement" });
  }

  /** Show the drawer, and what was moved in this shift. */
  async look() {
    const { shift } = this.till;
    if (!shift) return this.till.go("sale");
    if (this.moved[0]?.shift_id !== shift.id) this.moved = [];
    this.till.go("drawer");
    const moved = await this.till.tried(() => this.till.api.get(`/shifts/${shift.id}/cash-movements`));
    if (moved) this.moved = moved;
    this.till.draw();
  }

  /** Take an answered movement into what is shown. */
  added(movement) {
    if (movement.shift_id === this.moved[0]?.shift_id) this.moved = [...this.moved.filter(({ id }) => id !== movement.id), movement];
  }

  /** Whether a movement can be taken back: once, and only one that somebody made by hand. */
  stands({ id, kind }) {
    const waits = this.till.queue.commands.some(({ body }) => body?.corrects === id);
    return KINDS.some((byHand) => byHand.kind === kind) && !waits && !this.moved.some((each) => each.kind === "CORRECTION" && each.source_id === id);
  }

  takeBack(movement, note) {
    const id = newId();
    const body = { id, kind: "CORRECTION", corrects: movement.id, ...(note && { note }) };
    const title = `${nameOf(movement)} taken back: ${this.till.money(movement.amount.amount)}`;
    return this.till.command({ path: `/shifts/${movement.shift_id}/cash-movements`, body, title, stream: `movement:${movement.id}`, kind: "movement" });
  }

  get counted() {
    return sumOf(this.counts);
  }

  count(worth, text) {
    const many = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
    if (many) this.counts.set(worth, many);
    else this.counts.delete(worth);
    this.till.draw();
  }

  /** The coins and notes that were counted, or that there are none. */
  get found() {
    const coins = [...this.counts].map(([value, count]) => ({ value, count }));
    return coins.length ? { denominations: coins } : { amount: { amount: 0 } };
  }

  /** Note what is in the drawer while the shift goes on. */
  async noteCount() {
    const { shift } = this.till;
    if (!shift) return this.till.go("sale");
    const id = newId();
    const command = await this.till.command({
      path: `/shifts/${shift.id}/spot-counts`, body: { id, ...this.found }, title: `Counted: ${this.till.money(this.counted)}`, stream: `count:${id}`, kind: "count",
    });
    this.command = command.sequence;
    this.till.draw();
  }

  /** Close the shift by what was counted. What should be there is not shown before. */
  async close(cash) {
    const { shift } = this.till;
    if (!shift) {
      this.till.go("sale");
      return this.till.warn("Another till has closed the shift of this drawer already.");
    }
    const counts = [
      { tender_type: cash.code, ...this.found },
      ...[...this.others].map(([tender_type, amount]) => ({ tender_type, amount: { amount } })),
    ];
    const body = { counts, ...(this.note.trim() && { note: this.note.trim() }) };
    const command = await this.till.command({
      path: `/shifts/${shift.id}/close`, body, subject: shift.id, title: "Shift closed", stream: `shift:${shift.id}`, kind: "closing",
    });
    this.command = command.sequence;
    this.till.draw();
  }

  get answer() {
    return this.till.answers.get(this.command) ?? null;
  }
}
