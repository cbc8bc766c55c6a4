// Paying: what is due, what was taken for it, and how the rest is paid.

import { denominations } from "../denominations.js";
import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { handedOver, read, written } from "../money.js";
import { amount, button, field, form, keypad } from "../parts.js";
import { askedBy } from "../tendering.js";
import { openReason } from "./parked.js";
import { refusedCard } from "./queue.js";

export function payScreen(till, actions) {
  const { sale, selling, exponent, queue } = till;
  const so = selling.standing;
  const refused = queue.of(sale.id).filter((each) => each.state === "refused");
  const sending = queue.of(sale.id).some((each) => each.state === "waiting");
  const paid = so.due === 0;
  return h(
    "main",
    { class: "pay", key: "pay" },
    h("section", { class: "due", "aria-label": "To pay", key: "due" },
      h("h1", { tabindex: "-1", "data-focus": !paid ? undefined : true }, paid ? "Paid" : "To pay"),
      h("dl", { class: "sums" },
        line("Total", written(so.total, exponent)),
        sale.exchange ? line(`Comes back: ${sale.exchange.title}`, `− ${written(sale.exchange.worth, exponent)}`) : null,
        taken(till).map(([key, name, text, state]) => h("div", { key }, h("dt", {}, name, state && h("span", { class: `state ${state.toLowerCase()}` }, WORDS[state])), h("dd", {}, amount(text)))),
        h("div", { class: "total", key: "due" }, h("dt", {}, so.back ? "To give back" : paid && so.change ? "Change" : "Due"),
          h("dd", { id: "due" }, amount(written(so.back || (paid && so.change) || so.due, exponent)), h("span", { class: "currency" }, till.currency)))),
      so.pending ? h("p", { class: "wait", role: "status" }, "The card is being charged…") : null,
      sending ? h("p", { class: "wait", role: "status" }, till.whyWaits("The payment is kept on this till", "Sending…")) : null,
      declined(sale).map((tender) => h("p", { class: "error", role: "alert", key: tender.id }, `Card declined: ${tender.failure || "no reason was given"}. The amount is due again.`)),
      refused.map((command) => refusedCard(till, command)),
      h("div", { class: "ends" },
        sale.phase === "cart" ? button("Back to the sale", actions.back, { shortcut: "Esc" }) : button("Cancel the sale", () => openReason("Cancel the sale", (reason) => till.selling.cancel(reason)), { class: "bad", disabled: sending || !sale.order }),
        till.shift === null ? button("Open a shift", actions.openShift, { class: "main" }) : null,
        paid && !refused.length && !so.pending && !sale.exchange ? button("New sale", actions.begin, { class: "main", shortcut: "F9" }) : null)),
    paid ? null : tenders(till, so, refused.length > 0),
  );
}

const MOMENT = 700;
const ABSURD = 10;

/** Whether a tap follows another one at once, and nothing was typed between them: one who taps twice pays once. */
function isRepeated(till, typed) {
  const now = performance.now();
  const repeated = now - (till.tookAt ?? -MOMENT) < MOMENT && !typed;
  if (repeated) till.tookAt = now;
  return repeated;
}

/** Whether an amount needs a second look: many times what is due, and more than the largest note. */
const isAbsurd = (till, given, due) => given > ABSURD * due && given > denominations(till.currency, till.exponent)[0];

const sure = (till, given) =>
  openDialog("So much money?", (close) =>
    h("div", {}, h("p", {}, `${till.money(given)} would be taken.`),
      h("div", { class: "ends" }, button("No", () => close(false)), button(`Take ${till.money(given)}`, () => close(true), { class: "bad" }))));

const WORDS = { PENDING: "being charged", FAILED: "declined", kept: "not answered yet" };

const line = (name, text) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, amount(text)));

function taken(till) {
  const { sale, exponent, types } = till;
  const known = new Map((sale.order?.tenders ?? []).map((each) => [each.id, each]));
  const rows = sale.taken.map((tender) => {
    const answer = known.get(tender.id);
    const state = answer ? answer.state : "kept";
    return [tender.id, types.get(tender.type)?.name ?? tender.type, `− ${written(tender.amount, exponent)}`, state === "SETTLED" ? "" : state];
  });
  return rows;
}

const declined = (sale) => (sale.order?.tenders ?? []).filter((each) => each.state === "FAILED");

function tenders(till, so, stopped) {
  const { exponent, selling } = till;
  const typed = (till.tendering ??= { text: "", error: "" });
  const set = (text) => { Object.assign(typed, { text, error: "" }); till.draw(); };
  const take = async (type, given) => {
    if (stopped || isRepeated(till, typed.text.trim())) return;
    const asked = askedBy(so.due, type);
    if (!asked && typed.text.trim()) return fails(typed, till, `Less than the smallest coin of ${type.name} is due: take nothing, and leave the amount empty.`);
    const wanted = given ?? (typed.text.trim() ? read(typed.text, exponent) : asked || so.due);
    if (!wanted) return fails(typed, till, `Type an amount of ${till.currency}, above zero.`);
    if (!type.gives_change && wanted > so.due) return fails(typed, till, `${type.name} takes at most ${till.money(so.due)}.`);
    if (isAbsurd(till, wanted, asked) && !(await sure(till, wanted))) return;
    const more = await details(till, type, wanted);
    if (!more) return;
    Object.assign(till, { tendering: null, tookAt: performance.now() });
    await selling.take({ type: type.code, amount: wanted, ...more });
  };
  const types = till.payable;
  const cash = types.find((type) => type.kind === "CASH");
  return h(
    "section",
    { class: "tenders", "aria-label": "How it is paid", key: "tenders" },
    form(
      () => cash && take(cash),
      field("Amount handed over", { id: "tendered", inputmode: "decimal", value: typed.text, "data-focus": true, placeholder: written(so.due, exponent), oninput: (event) => set(event.target.value) }, { error: typed.error, hint: "Empty: all that is due" }),
      h("button", { type: "submit", class: "unseen", tabindex: "-1", "aria-hidden": "true" }, "Cash"),
    ),
    h("div", { class: "beside" },
      keypad(() => typed.text, set, { point: exponent > 0 }),
      cash && h("div", { class: "notes", role: "group", "aria-label": `Handed over as ${cash.name}` },
        handedOver(askedBy(so.due, cash), exponent).map((sum) => button(amount(written(sum, exponent)), () => take(cash, sum), { key: String(sum), disabled: stopped, "aria-label": `${cash.name} ${written(sum, exponent)}` })))),
    h("div", { class: "types" }, types.map((type, index) => button(type.name, () => take(type), { key: type.code, class: "main", disabled: stopped, shortcut: `Alt ${index + 1}`, "data-tender": String(index + 1) }))),
  );
}

const fails = (typed, till, error) => {
  typed.error = error;
  till.draw();
};

/** What a tender needs to be known beside its amount; null when somebody thought better of it. */
function details(till, type, wanted) {
  if (type.kind === "CASH") return {};
  const charged = type.kind === "GATEWAY";
  const typed = { text: "", error: "" };
  return openDialog(`${type.name}: ${till.money(wanted)}`, (close, draw) =>
    form(
      () => {
        const text = typed.text.trim();
        if (charged && !text) {
          typed.error = "The card reader has not given a token yet.";
          return draw();
        }
        close(charged ? { card_token: text } : { reference: text });
      },
      field(charged ? "Token of the card reader" : "Reference (optional)", { id: "reference", value: typed.text, maxlength: "100", "data-focus": true, oninput: (event) => { typed.text = event.target.value; } }, { error: typed.error, hint: charged ? "The reader types it when the card is presented" : "As the card terminal prints it" }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main" }, "Take"))),
  );
}

export function doneScreen(till, actions) {
  const { sale, exponent } = till;
  if (sale.held) return held(sale.held, actions);
  const { order } = sale;
  const voided = order.status === "VOIDED";
  const returned = sale.exchange?.returned;
  const [name, sum] = toHandOut(order, returned);
  return h(
    "main",
    { class: "done", key: "done" },
    h("section", { "aria-label": "Finished sale" },
      h("h1", { tabindex: "-1", "data-focus": true }, voided ? "Sale cancelled" : `Receipt ${order.receipt}`),
      h("dl", { class: "sums" },
        line("Total", written(order.total.amount, exponent)),
        order.rounding_adjustment.amount ? line("of it rounding", written(order.rounding_adjustment.amount, exponent)) : null,
        order.tenders.map((tender) => h("div", { key: tender.id }, h("dt", {}, till.types.get(tender.type)?.name ?? tender.type, tender.state === "FAILED" && h("span", { class: "state failed" }, "declined")), h("dd", {}, amount(written(tender.amount.amount, exponent))))),
        h("div", { class: "total", key: "change" }, h("dt", {}, name), h("dd", { id: "change" }, amount(written(sum, exponent)), h("span", { class: "currency" }, till.currency)))),
      h("div", { class: "ends" },
        order.receipt_id && button("Print", () => actions.print(order.receipt_id), { shortcut: "F7" }),
        returned && button(`Print return ${returned.receipt}`, () => actions.print(returned.receipt_id)),
        order.receipt_id && button("Mail", () => actions.mail(order.receipt_id), { shortcut: "F8" }),
        button("New sale", actions.begin, { class: "main", shortcut: "F9" }))),
  );
}

/** What the customer gets: change, what goods were worth beyond what they pay for, or what was taken for a sale that is cancelled. */
function toHandOut(order, returned) {
  if (order.status === "VOIDED") return ["To give back", order.tenders.reduce((sum, { refunded }) => sum + refunded.amount, 0)];
  if (returned && returned.total.amount > order.total.amount) return ["To give back", returned.total.amount - order.total.amount];
  return ["Change", order.change_total.amount];
}

/** A paid sale that the server keeps until a person decides: this till, or the shop, was shut out meanwhile. */
const held = ({ detail }, actions) =>
  h(
    "main",
    { class: "done", key: "held" },
    h("section", { "aria-label": "Held sale" },
      h("h1", { tabindex: "-1", "data-focus": true }, "The sale is held"),
      h("p", {}, detail),
      h("p", {}, "It is kept, and somebody decides about it in the admin. There is no receipt yet."),
      h("div", { class: "ends" }, button("New sale", actions.begin, { class: "main", shortcut: "F9" }))),
  );
