// The sale at hand: its lines, its price, what is taken for it, and its receipt.

import { Refused, Unreachable } from "./api.js";
import { added, changed, emptySale, fingerprint, goods, removed, sold } from "./cart.js";
import { newId } from "./ids.js";
import { standing } from "./tendering.js";

const PATIENCE = 120;
const AGAIN = 2000;
const LOOK = 1000;

export class Selling {
  constructor(till) {
    Object.assign(this, { till, quote: null, trouble: null, last: null, timer: 0, looking: 0, adding: false });
  }

  get sale() {
    return this.till.sale;
  }

  /** Change the sale, and keep it. */
  async set(sale) {
    this.till.sale = sale;
    this.requote();
    this.till.draw();
    await this.till.store.write({ values: { sale } });
  }

  async add(wanted) {
    if (this.sale.phase === "done") await this.begin();
    if (this.sale.phase !== "cart") return this.till.warn(`${wanted.title} is not in the sale: it is being paid. Finish it first.`);
    await this.set(added(this.sale, wanted));
    this.till.say(`${wanted.title} added.`);
  }

  change(id, change) {
    return this.set(changed(this.sale, id, change));
  }

  remove(id) {
    return this.set(removed(this.sale, id));
  }

  discount(discounts) {
    return this.set({ ...this.sale, discounts });
  }

  /** Begin a new sale; the one before is in the queue, or answered. */
  begin() {
    if (this.sale.order || this.sale.taken.length) this.last = this.sale;
    this.till.tendering = null;
    return this.set(emptySale());
  }

  // The price: the server's, for what is in the cart now.

  get price() {
    return this.quote?.of === fingerprint(this.sale) ? this.quote : null;
  }

  get problem() {
    return this.trouble?.of === fingerprint(this.sale) ? this.trouble.error : null;
  }

  requote(after = PATIENCE) {
    clearTimeout(this.timer);
    if (this.sale.phase !== "cart" || !this.sale.lines.length || this.price || !this.till.api.token) return;
    this.timer = setTimeout(() => this.ask(), after);
  }

  async ask() {
    const of = fingerprint(this.sale);
    try {
      const answer = await this.till.api.post("/price-quotes", goods(this.sale));
      this.till.reached();
      if (of === fingerprint(this.sale)) Object.assign(this, { quote: { of, ...answer }, trouble: null });
      this.announce();
    } catch (error) {
      if (error instanceof Refused) {
        this.till.reached();
        this.trouble = { of, error };
      } else if (error instanceof Unreachable) {
        this.till.missed(error);
        this.requote(Math.max(AGAIN, error.after * 1000));
      } else throw error;
    }
    if (of !== fingerprint(this.sale)) this.requote(0);
    this.till.draw();
  }

  announce() {
    if (this.price) this.till.say(`Total ${this.till.money(this.price.total.amount)}.`);
  }

  // The payment.

  get standing() {
    return standing(this.sale, this.sale.total ?? this.price?.total.amount ?? null, this.till.types);
  }

  /** Take a tender: it is kept, and sent at once. The first one places the order. */
  async take({ type, amount, reference = "", card_token = "" }) {
    const tender = { id: newId(), type, amount };
    const sent = { id: tender.id, type, amount: { amount }, ...(reference && { reference }), ...(card_token && { card_token }) };
    await this.send([sent], [tender]);
  }

  /** Place the order before anything is paid: one that costs nothing, or that somebody may have to approve. */
  place() {
    return this.send([], []);
  }

  /** Whether somebody may have to approve it: another price than the shop's, or goods that come back for so much. */
  get asks() {
    const { discounts, lines, exchange } = this.sale;
    const reduces = discounts.length > 0 || lines.some((line) => line.discounts.length > 0 || line.unit_price);
    return reduces || (exchange !== null && !this.till.people.mayMove(exchange.linked ? "return_linked" : "return_unlinked", exchange.worth));
  }

  /** What the customer pays; below zero: gets back. Null without a price. */
  get net() {
    return this.price ? this.price.total.amount - (this.sale.exchange?.worth ?? 0) : null;
  }

  /** Whether the order is placed before anything is paid: nothing is due, or somebody may have to approve it. */
  get comesFirst() {
    return this.net <= 0 || (Boolean(this.till.people.staff) && this.asks);
  }

  async send(sent, taken) {
    if (this.adding) return;
    this.adding = true;
    const { sale, till: { numbers } } = this;
    const first = sale.phase === "cart";
    try {
      const next = { ...sale, phase: "paying", taken: [...sale.taken, ...taken], total: sale.total ?? this.price.total.amount };
      this.till.sale = next;
      const counted = first && this.till.can.count && !sale.exchange ? this.counting() : {};
      const command = first ? this.placed(next, sent, counted.number) : { path: `/orders/${sale.id}/tenders`, body: { tenders: sent }, subject: sale.id };
      await this.till.command({ ...command, title: this.title(taken), stream: sale.id, kind: "sale" }, { sale: next, ...counted.values });
    } catch (error) {
      const kept = { ...this.sale, taken: this.sale.taken.filter((tender) => !taken.includes(tender)) };
      Object.assign(this.till, first ? { sale, numbers } : { sale: kept });
      this.till.draw();
      throw error;
    } finally {
      this.adding = false;
    }
  }

  /** Take the next of this device's numbers of orders. One that was given up is taken again, so that none is missing. */
  counting() {
    const { numbers } = this.till;
    const [free, ...rest] = numbers.free;
    const number = free ?? numbers.last + 1;
    this.till.numbers = { last: Math.max(numbers.last, number), free: rest };
    return { number, values: { numbers: this.till.numbers } };
  }

  placed(sale, tenders, number) {
    if (sale.exchange) return this.exchanged(sale, tenders);
    const shift = this.till.shift?.id;
    const body = { occurred_at: new Date().toISOString(), ...sold(sale, this.price), tenders };
    if (number) Object.assign(body, { device_sequence: number, ...(shift && { shift_id: shift }) });
    if (sale.parked) return { path: `/parked-orders/${sale.id}/resume`, body, subject: sale.id };
    body.id = sale.id;
    return { path: "/orders", body: sale.email ? { ...body, customer_email: sale.email } : body };
  }

  /** Goods come back and others go out in one act, which leaves one payment in one direction. */
  exchanged(sale, tenders) {
    const { brought, refunds } = sale.exchange;
    const wanted = { id: sale.id, ...sold(sale, this.price), ...(sale.email && { customer_email: sale.email }) };
    const body = { occurred_at: new Date().toISOString(), brought, wanted, tenders, refunds: this.net < 0 ? refunds : [] };
    return { path: "/exchanges", body, subject: brought.id };
  }

  title(taken) {
    const [tender] = taken;
    return tender ? `Sale: ${this.till.money(tender.amount)}, ${this.till.types.get(tender.type)?.name ?? tender.type}` : "Sale";
  }

  /** Give up an order that is not completed. */
  cancel(reason) {
    return this.till.command({
      path: `/orders/${this.sale.id}/void`, body: { reason }, subject: this.sale.id, title: "Cancelled sale", stream: this.sale.id, kind: "sale",
    });
  }

  /**
   * @param {object} answer an order, or an exchange: its `order` with what was `returned`. Its id is another one where
   *   the cart was sold elsewhere, or where tenders are held.
   * @param {object} [command] what is answered.
   */
  answered(answer, command) {
    const order = answer.returned ? answer.order : answer;
    if (answer.returned && this.sale.id === order.id) this.till.sale = { ...this.sale, exchange: { ...this.sale.exchange, returned: answer.returned } };
    const paid = command?.stream === this.sale.id && (command.path.endsWith("/resume") || order.result === "quarantined");
    if (this.sale.id !== order.id && !paid) {
      if (this.last?.id === order.id) this.last = { ...this.last, order };
      if (order.result === "quarantined") this.till.warn(`${command.title} is held: ${order.detail} Somebody decides about it in the admin. There is no receipt yet.`);
      return {};
    }
    if (order.result === "quarantined") {
      this.till.sale = { ...this.sale, held: order, phase: "done" };
      return { sale: this.till.sale };
    }
    this.compare(order);
    this.till.sale = { ...this.sale, id: order.id, order, phase: order.status === "PLACED" ? "paying" : "done" };
    return { sale: this.till.sale };
  }

  /** Say so where an order comes to another sum than the till has shown: one that was placed before anything was paid. */
  compare({ total, rounding_adjustment }) {
    const now = total.amount - rounding_adjustment.amount;
    if (this.sale.order || this.sale.total === null || now === this.sale.total) return;
    this.till.warn(`The shop has changed a price or a tax: this sale comes to ${this.till.money(now)}, not to ${this.till.money(this.sale.total)}. Tell the customer.`);
  }

  /** Take back to the cart what the server has refused: nothing of it was recorded. */
  async giveUp(command) {
    const { till, sale } = this;
    const dropped = till.queue.following(command);
    const free = dropped.map((each) => each.body?.device_sequence).filter(Boolean);
    const values = {
      ...(free.length && { numbers: { ...till.numbers, free: [...till.numbers.free, ...free].sort((one, other) => one - other) } }),
      ...(command.stream === sale.id && { sale: this.without(dropped, command) }),
    };
    await till.queue.drop(command, values);
    Object.assign(till, values);
    if (!values.sale) return;
    if (till.screen === "pay") till.screen = "sale";
    if (values.sale.phase === "cart") this.quote = null;
    this.requote();
    till.draw();
  }

  /** The sale without what is given up: a cart again, or the order without these tenders. */
  without(dropped, command) {
    const { sale } = this;
    if (dropped.some((each) => each.body?.lines || each.body?.wanted)) {
      return { ...sale, ...this.copied(command), phase: "cart", taken: [], order: null, total: null };
    }
    const gone = new Set(dropped.flatMap((each) => (each.body?.tenders ?? []).map((tender) => tender.id)));
    return { ...sale, taken: sale.taken.filter((tender) => !gone.has(tender.id)) };
  }

  /** A parked cart that another till has, or has sold, is sold from here as a copy; one that is still this till's keeps its id. */
  copied({ problem }) {
    const lost = [404, 409].includes(problem?.status);
    if (this.sale.parked && !lost) return {};
    return { id: newId(), parked: false, lines: this.sale.lines.map((line) => ({ ...line, id: newId() })) };
  }

  /** Look at the order again while a card of it is being charged. */
  watch() {
    const charging = this.sale.order?.tenders.some((each) => each.state === "PENDING");
    if (!charging || this.looking || this.sale.phase !== "paying") return;
    this.looking = setTimeout(async () => {
      this.looking = 0;
      const { id } = this.sale;
      if (!this.till.queue.of(id).length) {
        const order = await this.till.tried(() => this.till.api.get(`/orders/${id}`));
        if (order && id === this.sale.id) await this.till.store.write({ values: this.answered(order) });
      }
      this.watch();
      this.till.draw();
    }, LOOK);
  }
}
