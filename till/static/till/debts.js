// What the shop owes its customers: refunds that a card's bank has refused. They are paid in another way, or by the card
// once more.

import { newId } from "./ids.js";

export class Debts {
  constructor(till) {
    Object.assign(this, { till, owed: null, more: false });
  }

  async look() {
    this.till.go("debts");
    const page = await this.till.tried(() => this.till.api.get("/refunds", { owed: "true" }));
    if (page) Object.assign(this, { owed: page.results, more: Boolean(page.next) });
    else this.till.unasked("What is owed could not be looked up");
    this.till.draw();
  }

  /** The ways in which one can be paid: those in which a till pays out, and the card's own once more. */
  waysOf({ type }) {
    const { refunds, types } = this.till;
    return [...types.values()].filter((way) => refunds.paidOut.includes(way) || way.code === type);
  }

  pay(refund, way, reference) {
    const { till } = this;
    const body = { type: way.code, amount: refund.owed, ...(reference && { reference }) };
    const title = `Owed ${till.money(refund.owed.amount)} paid: ${way.name}`;
    const stream = `debt:${refund.id}`;
    return till.command({ path: `/refunds/${refund.id}/replacements`, body, title, stream, kind: "debt" });
  }

  paid(refund) {
    this.owed = (this.owed ?? []).map((each) => (each.id === refund.id ? refund : each)).filter(({ owed }) => owed.amount);
  }
}
