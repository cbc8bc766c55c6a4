// Carts that wait: parked under a name, and taken up again by one till at a time.

import { emptySale, goods } from "./cart.js";
import { newId } from "./ids.js";

export class Parking {
  constructor(till) {
    Object.assign(this, { till, parked: null });
  }

  /** Let the cart wait, and begin the next sale. A cart that was parked before is given back as it is now. */
  async park(label) {
    const { till } = this;
    const { sale } = till;
    const id = sale.parked ? newId() : sale.id;
    if (sale.parked) await this.discard(sale.id, "Parked again with other goods");
    const body = { id, label, ...goods(sale), ...(sale.email && { customer_email: sale.email }) };
    await till.command({ path: "/parked-orders", body, title: `Parked: ${label || "a sale"}`, stream: id, kind: "park" }, { sale: emptySale() });
    await till.selling.begin();
    till.say("The sale is parked.");
  }

  /** Show what waits at this location. */
  async look() {
    this.till.go("parked");
    const page = await this.till.tried(() => this.till.api.get("/parked-orders"));
    if (page) this.parked = page.results;
    else this.till.unasked("Parked sales could not be looked up");
    this.till.draw();
  }

  /** Take a cart up: it is this till's for some minutes. */
  async resume({ id }) {
    const { till } = this;
    const parked = await till.tried(() => till.api.post(`/parked-orders/${id}/claim`, undefined, { key: newId() }));
    if (!parked) return till.unasked("The sale was not taken up");
    const lines = parked.cart.lines.map((line) => ({ title: line.sku ?? line.barcode ?? "…", discounts: [], id: newId(), ...line }));
    await till.selling.set({ ...emptySale(), id, parked: true, label: parked.label, lines, discounts: parked.cart.discounts ?? [] });
    till.go("sale");
    till.say(`${parked.label || "The sale"} is taken up.`);
  }

  discard(id, reason) {
    return this.till.command({ path: `/parked-orders/${id}/discard`, body: { reason }, subject: id, title: "Parked sale given up", stream: id, kind: "discard" });
  }

  /** Let others have the cart that this till has taken up, as it was parked. */
  release(id) {
    return this.till.command({ path: `/parked-orders/${id}/release`, title: "Parked sale put back", stream: id, kind: "release" });
  }
}
