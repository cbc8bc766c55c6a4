// The drawer: cash that is moved without a sale, and the count that closes the shift.

import { sumOf } from "./denominations.js";
import { newId } from "./ids.js";

export const KINDS = [
  { kind: "PAID_IN", label: "Paid in", reason: "OTHER", permission: "paid_in" },
  { kind: "PAID_OUT", label: "Paid out", reason: "PETTY_CASH", permission: "paid_out" },
  { kind: "PICKUP", label: "Pickup", reason: "", permission: "pickup" },
  { kind: "NO_SALE", label: "Open the drawer", reason: "CHANGE", permission: "no_sale" },
];

export class Drawer {
  constructor(till) {
    Object.assign(this, { till });
    this.clear();
  }

  clear() {
    Object.assign(this, { counts: new Map(), others: new Map(), note: "", command: 0, error: "" });
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

  get counted() {
    return sumOf(this.counts);
  }

  count(worth, text) {
    const many = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
    if (many) this.counts.set(worth, many);
    else this.counts.delete(worth);
    this.till.draw();
  }

  /** Close the shift by what was counted. What should be there is not shown before. */
  async close(cash) {
    const { shift } = this.till;
    const coins = [...this.counts].map(([value, count]) => ({ value, count }));
    const counts = [
      { tender_type: cash.code, ...(coins.length ? { denominations: coins } : { amount: { amount: 0 } }) },
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
