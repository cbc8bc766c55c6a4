// Taking goods back: of an order that is found by its receipt, or without one. Their money goes back, or pays for
// other goods. What they are worth is the server's answer to what is chosen now.

import { Refused, Unreachable } from "./api.js";
import { newId } from "./ids.js";
import { read, priceWritten } from "./money.js";
import { short, thousandths, written } from "./quantity.js";

const PATIENCE = 120;
const AGAIN = 2000;
const NOT_PAID_OUT = ["GATEWAY", "EXCHANGE"];

export class Refunds {
  constructor(till) {
    Object.assign(this, { till, sought: "", timer: 0, turn: 0, sending: false });
    this.clear();
  }

  clear() {
    this.turn += 1;
    Object.assign(this, { order: null, free: null, chosen: new Map(), restock: true, reason: "", to: "", error: "", quote: null, command: 0 });
  }

  start() {
    this.clear();
    this.till.go("refund");
  }

  /** Take goods back that nobody has a receipt of. */
  startFree() {
    this.start();
    Object.assign(this, { free: [], sought: "", to: this.paidOut.find((type) => type.kind === "CASH")?.code ?? "" });
  }

  /** Show the order of a receipt. */
  async open(receipt) {
    this.start();
    this.sought = receipt;
    const { turn } = this;
    const page = await this.till.tried(() => this.till.api.get("/orders", { receipt: receipt.toUpperCase() }));
    if (turn !== this.turn) return;
    if (!page) return this.till.unasked(`${receipt} was not looked up`);
    const [order] = page.results;
    if (!order) this.error = `No sale has the receipt ${receipt}.`;
    else if (order.status !== "COMPLETED") this.error = `The sale of ${receipt} is not completed.`;
    else this.order = order;
    this.till.draw();
  }

  /** Find goods by their code, and take them back. */
  async find(code) {
    const variant = await this.till.tried(() => this.till.goods.named(code));
    if (variant === undefined) this.till.unasked(`${code} is not among what comes back`);
    if (variant) this.take(variant);
    else if (variant === null) this.fail(`Nothing has the code ${code}.`);
  }

  /** Take scanned goods back: as those of the order, or as goods without a receipt. */
  take(variant) {
    const quantity = thousandths(short(variant.scanned_quantity ?? "1")) ?? 1000;
    if (this.free) return this.takeFree(variant, quantity);
    const line = this.order?.lines.find((each) => each.variant_id === variant.id && this.left(each) > (this.chosen.get(each.id) ?? 0));
    if (line) this.choose(line, (this.chosen.get(line.id) ?? 0) + quantity);
    else this.fail(this.order ? `No more of ${variant.title} may come back of this receipt.` : "Scan the receipt first, or take goods back without one.");
  }

  takeFree(variant, quantity) {
    const price = variant.scanned_price ?? variant.prices?.[0]?.price ?? variant.price;
    this.free.push({ key: newId(), sku: variant.sku, title: variant.title, quantity, typed: price ? priceWritten(price, this.till.exponent) : "", price });
    this.changed();
    this.till.say(`${variant.title} comes back.`);
  }

  left(line) {
    return thousandths(line.quantity) - (thousandths(line.returned_quantity) ?? 0);
  }

  choose(line, quantity) {
    const wanted = Math.max(0, Math.min(this.left(line), quantity));
    if (wanted) this.chosen.set(line.id, wanted);
    else this.chosen.delete(line.id);
    this.changed();
  }

  /** Change how much of a line without a receipt comes back; nothing of it, and the line goes. */
  chooseFree(line, quantity) {
    line.quantity = quantity;
    this.free = this.free.filter((each) => each.quantity > 0);
    this.changed();
  }

  priceFree(line, typed) {
    const amount = read(typed, this.till.exponent);
    Object.assign(line, { typed, price: amount === null ? null : { amount } });
    this.changed();
  }

  fail(error) {
    this.error = error;
    this.till.draw();
  }

  changed() {
    this.error = "";
    this.requote();
    this.till.draw();
  }

  get paidOut() {
    return [...this.till.types.values()].filter((type) => !NOT_PAID_OUT.includes(type.kind));
  }

  /** The ways in which the money may go back: those in which the order was paid, or any, for what goods have paid. */
  get ways() {
    if (this.free) return this.paidOut;
    const paid = [...new Set(this.order.tenders.filter((each) => each.state === "SETTLED").map((each) => each.type))];
    const types = paid.map((code) => this.till.types.get(code) ?? { code, name: code });
    const known = types.filter((type) => type.kind !== "EXCHANGE" && type.kind !== undefined);
    return known.length === types.length ? known : [...new Set([...known, ...this.paidOut])];
  }

  /** What is chosen, as a return and its quote take it. */
  get asked() {
    const { order, free, chosen, restock, to } = this;
    const lines = free
      ? free.map(({ sku, quantity, price }) => ({ sku, quantity: written(quantity), unit_price: price, restock }))
      : [...chosen].map(([order_line_id, quantity]) => ({ order_line_id, quantity: written(quantity), restock }));
    return { ...(order && { order_id: order.id }), lines, ...(to && { refunds: [{ type: to }] }) };
  }

  get ready() {
    const { lines } = this.asked;
    return lines.length > 0 && lines.every((line) => line.unit_price !== null);
  }

  /** What would be given back of what is chosen now; null until the server has said so. */
  get worth() {
    return this.quote?.of === JSON.stringify(this.asked) ? this.quote.total.amount : null;
  }

  requote(after = PATIENCE) {
    clearTimeout(this.timer);
    if (this.ready && this.worth === null) this.timer = setTimeout(() => this.ask(), after);
  }

  async ask() {
    const { asked, till } = this;
    const of = JSON.stringify(asked);
    try {
      const answer = await till.api.post("/return-quotes", asked);
      till.reached();
      if (of !== JSON.stringify(this.asked)) return;
      this.quote = { of, ...answer };
      till.say(`${till.money(answer.total.amount)} will be given back.`);
    } catch (error) {
      if (error instanceof Unreachable) {
        till.missed(error);
        this.requote(Math.max(AGAIN, error.after * 1000));
      } else if (error instanceof Refused) {
        if (of === JSON.stringify(this.asked)) this.error = error.problem.errors?.[0]?.detail ?? error.message;
      } else throw error;
    }
    till.draw();
  }

  get returned() {
    const { order_id, lines } = this.asked;
    return { id: newId(), ...(order_id && { order_id }), lines: lines.map((line) => ({ id: newId(), ...line })), ...(this.reason.trim() && { reason: this.reason.trim() }) };
  }

  get title() {
    return this.order ? this.order.receipt : "goods without a receipt";
  }

  async send() {
    if (!this.ready) return this.fail("Choose what comes back, each at its price.");
    if (this.sending) return;
    this.sending = true;
    try {
      await this.give();
    } finally {
      this.sending = false;
    }
  }

  async give() {
    const { returned, asked } = this;
    const body = { ...returned, occurred_at: new Date().toISOString(), ...(asked.refunds && { refunds: asked.refunds }) };
    const command = await this.till.command({
      path: "/returns", body, title: `Return of ${this.title}`, stream: `return:${this.order?.id ?? body.id}`, kind: "return",
    });
    this.command = command.sequence;
    this.till.draw();
  }

  /** Let what comes back pay for other goods: they are rung up as a sale, and one payment settles the difference. */
  async exchange() {
    const { till, worth, returned, title, asked, order } = this;
    if (worth === null) return;
    if (till.sale.phase === "done") await till.selling.begin();
    if (till.sale.phase !== "cart" || till.sale.parked) return this.fail("Finish or clear the sale at hand first: the exchange is a sale itself.");
    const exchange = { brought: returned, refunds: asked.refunds ?? [], worth, title, linked: Boolean(order) };
    const kept = till.selling.set({ ...till.sale, exchange });
    this.clear();
    till.go("sale");
    await kept;
    till.say(`${title} comes back for ${till.money(worth)}. Now ring up the other goods.`);
  }

  /** What became of the return: its answer, once there is one. */
  get answer() {
    return this.till.answers.get(this.command) ?? null;
  }
}
