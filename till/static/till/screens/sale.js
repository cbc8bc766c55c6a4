// Selling: the ticket with its total on one side, goods and what else can be done on the other.

import { h } from "../dom.js";
import { priceWritten, written } from "../money.js";
import { amount, button, form } from "../parts.js";
import { less, more, short, thousandths } from "../quantity.js";
import { openDiscount, openLine } from "./lines.js";

export function saleScreen(till, actions) {
  return h("main", { class: "sale", key: "sale" }, ticket(till, actions), finder(till, actions));
}

function ticket(till, actions) {
  const { selling, sale } = till;
  const { price, problem } = selling;
  const { looking } = till.goods;
  const ready = Boolean(price) && till.shift !== null && !looking.length;
  return h(
    "section",
    { class: "ticket", "aria-label": "Sale", key: "ticket" },
    h("h1", { class: "unseen" }, "Sale"),
    sale.lines.length
      ? h("ol", { class: "lines", key: "lines", tabindex: "0", "aria-label": "Goods of this sale" }, sale.lines.map((line, index) => lineRow(till, line, price?.lines[index], problemOf(problem, index))))
      : h("p", { class: "empty", key: "empty" }, "Scan goods, or look for them."),
    problem && !pointsAtLine(problem) && h("p", { class: "error", role: "alert" }, problem.message),
    looking.length ? h("p", { class: "wait", role: "status", key: "looking" }, `Looking up ${looking.join(", ")}…`) : null,
    sale.lines.length && !price && !problem && (till.offline || till.failing) ? h("p", { class: "wait", role: "status", key: "unpriced" }, "The server does not answer: the total comes as soon as it does.") : null,
    sale.exchange ? comesBack(till, actions) : null,
    sums(till, price),
    h(
      "div",
      { class: "ends" },
      button("Discount", () => openDiscount(till), { shortcut: "F4", disabled: !sale.lines.length }),
      button("Clear", actions.clear, { disabled: !sale.lines.length && !sale.exchange }),
      till.can.park ? button("Park", actions.park, { shortcut: "F6", disabled: !sale.lines.length || Boolean(sale.exchange) }) : null,
      button(selling.net !== null && selling.net <= 0 ? "Complete" : "Pay", actions.pay, { class: "main pay", shortcut: "F9", disabled: !ready }),
    ),
  );
}

function lineRow(till, line, priced, problem) {
  const { exponent, selling } = till;
  const title = priced?.description ?? line.title;
  const step = (quantity) => selling.change(line.id, { quantity });
  const reduced = priced && (priced.line_discount.amount || priced.order_discount_share.amount);
  return h(
    "li",
    { key: line.id, class: problem ? "line wrong" : "line" },
    h("button", { type: "button", class: "what", onclick: () => openLine(till, line) }, h("span", { class: "title" }, title),
      h("span", { class: "each" }, priced ? `${short(priced.quantity)} × ${priceWritten(priced.unit_price, exponent)}` : `${line.quantity} ×`),
      reduced ? h("span", { class: "reduced" }, `− ${written(priced.line_discount.amount + priced.order_discount_share.amount, exponent)}`) : null,
      problem && h("span", { class: "error" }, problem)),
    h("div", { class: "steps" },
      h("button", { type: "button", "aria-label": `One less of ${title}`, onclick: () => (thousandths(line.quantity) > 1000 ? step(less(line.quantity)) : selling.remove(line.id)) }, "−"),
      h("span", { "aria-hidden": "true" }, short(line.quantity)),
      h("button", { type: "button", "aria-label": `One more of ${title}`, onclick: () => step(more(line.quantity)) }, "+")),
    amount(priced ? written(priced.total.amount, exponent) : "…"),
  );
}

/** What comes back in exchange for the goods of this sale. */
function comesBack(till, actions) {
  const { title, worth } = till.sale.exchange;
  return h("div", { class: "back", role: "group", "aria-label": "Comes back", key: "back" },
    h("p", {}, `Comes back: ${title}`), amount(`− ${written(worth, till.exponent)}`),
    button("Without it", () => actions.keepExchange(null), { "aria-label": "Without it: only sell" }));
}

function sums(till, price) {
  const { exponent, sale } = till;
  const { net } = till.selling;
  return h(
    "dl",
    { class: price || !sale.lines.length ? "sums" : "sums old", "aria-live": "off" },
    price && price.discount_total.amount > 0 ? row("Discount", `− ${written(price.discount_total.amount, exponent)}`) : null,
    price ? row("Tax", written(price.tax_total.amount, exponent)) : null,
    h("div", { class: "total", key: "total" }, h("dt", {}, net < 0 ? "To give back" : sale.exchange ? "To pay" : "Total"),
      h("dd", { id: "total" }, amount(price ? written(Math.abs(net), exponent) : sale.lines.length ? "…" : written(0, exponent)), h("span", { class: "currency" }, till.currency))),
  );
}

const row = (name, text) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, amount(text)));

const pointer = /^\/lines\/(\d+)/;

function problemOf(problem, index) {
  return problem?.problem.errors?.find((each) => Number(pointer.exec(each.pointer)?.[1]) === index)?.detail ?? null;
}

const pointsAtLine = (problem) => problem.problem.errors?.some((each) => pointer.test(each.pointer)) ?? false;

function finder(till, actions) {
  const { goods } = till;
  const typed = (till.searching ??= { text: "" });
  const find = async () => {
    const { text } = typed;
    typed.text = "";
    till.draw();
    await goods.enter(text);
  };
  return h(
    "section",
    { class: "finder", "aria-label": "Goods", key: "finder" },
    form(
      find,
      h("div", { class: "search" },
        h("label", { for: "search", class: "unseen" }, "Barcode, SKU or name"),
        h("input", { id: "search", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "Barcode, SKU or name", value: typed.text, "data-focus": true, enterkeyhint: "search", oninput: (event) => { typed.text = event.target.value; } }),
        h("button", { type: "submit", class: "main" }, "Find"),
        goods.sought && button("All", () => goods.find(""), { key: "all" })),
    ),
    goods.nothing ? h("p", { class: "empty" }, goods.sought ? `Nothing is found for “${goods.sought}”.` : "This shop has no goods yet.") : null,
    h("ul", { class: "tiles", tabindex: "0", "aria-label": goods.sought ? `Found for ${goods.sought}` : "Goods to choose" },
      goods.found.map((variant) =>
        h("li", { key: variant.id }, h("button", { type: "button", class: "tile", onclick: () => goods.take(variant) },
          h("span", { class: "title" }, variant.title), variant.price ? amount(priceWritten(variant.price, till.exponent)) : h("span", { class: "each" }, `No price in ${till.currency}`))))),
    h("nav", { class: "doings", "aria-label": "What else can be done" }, actions.doings.filter((each) => !each.if || each.if()).map(({ label, run, shortcut }) => button(label, run, { key: label, shortcut }))),
  );
}
