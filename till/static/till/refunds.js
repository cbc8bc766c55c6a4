// Taking goods back: the order is found by its receipt, lines are chosen, and their money goes back.

import { newId } from "./ids.js";
import { thousandths, written } from "./quantity.js";

export class Refunds {
  constructor(till) {
    Object.assign(this, { till, order: null, chosen: new Map(), restock: true, reason: "", to: "", error: "", sought: "", command: 0 });
  }

  start() {
    Object.assign(this, { order: null, chosen: new Map(), restock: true, reason: "", to: "", error: "", command: 0 });
    this.till.go("refund");
  }

  /** Show the order of a receipt. */
  async open(receipt) {
    this.start();
    this.sought = receipt;
    const page = await this.till.tried(() => this.till.api.get("/orders", { receipt: receipt.toUpperCase() }));
    if (!page) return;
    const [order] = page.results;
    if (!order) this.error = `No sale has the receipt ${receipt}.`;
    else if (order.status !== "COMPLETED") this.error = `The sale of ${receipt} is not completed.`;
    else this.order = order;
    this.till.draw();
  }

  left(line) {
    return thousandths(line.quantity) - (thousandths(line.returned_quantity) ?? 0);
  }

  choose(line, quantity) {
    const wanted = Math.max(0, Math.min(this.left(line), quantity));
    if (wanted) this.chosen.set(line.id, wanted);
    else this.chosen.delete(line.id);
    this.error = "";
    this.till.draw();
  }

  /** The ways in which the order was paid, of which one may be chosen for the refund. */
  get paidBy() {
    const codes = this.order.tenders.filter((each) => each.state === "SETTLED").map((each) => each.type);
    return [...new Set(codes)].map((code) => this.till.types.get(code) ?? { code, name: code });
  }

  async send() {
    if (!this.chosen.size) {
      this.error = "Choose what comes back.";
      return this.till.draw();
    }
    const id = newId();
    const lines = [...this.chosen].map(([order_line_id, quantity]) => ({
      id: newId(), order_line_id, quantity: written(quantity), restock: this.restock,
    }));
    const body = {
      id, order_id: this.order.id, occurred_at: new Date().toISOString(), lines, reason: this.reason.trim(),
      ...(this.to && { refunds: [{ type: this.to }] }),
    };
    const command = await this.till.command({
      path: "/returns", body, title: `Return of ${this.order.receipt}`, stream: `return:${this.order.id}`, kind: "return",
    });
    this.command = command.sequence;
    this.till.draw();
  }

  /** What became of the return: its answer, once there is one. */
  get answer() {
    return this.till.answers.get(this.command) ?? null;
  }
}
