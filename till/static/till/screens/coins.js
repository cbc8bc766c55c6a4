// Coins and notes: how many there are of each, and what they come to.

import { denominations } from "../denominations.js";
import { h } from "../dom.js";
import { written } from "../money.js";
import { amount } from "../parts.js";

export function coins(till) {
  const { currency, exponent } = till;
  return h("section", { "aria-label": "Coins and notes", key: "coins" },
    h("h1", { tabindex: "-1", "data-focus": true }, "Count the drawer"),
    h("p", { class: "hint" }, "How many there are of each."),
    h("ul", { class: "coins", tabindex: "0", "aria-label": "Coins and notes" }, denominations(currency, exponent).map((worth) => coin(till, worth))));
}

export function counted(till) {
  const { drawer, exponent, currency } = till;
  return h("dl", { class: "sums" }, h("div", { class: "total" }, h("dt", {}, "Counted"),
    h("dd", { id: "counted" }, amount(written(drawer.counted, exponent)), h("span", { class: "currency" }, currency))));
}

function coin(till, worth) {
  const { drawer, exponent } = till;
  const many = drawer.counts.get(worth);
  const name = written(worth, exponent);
  return h(
    "li",
    { key: String(worth) },
    h("label", { for: `coin-${worth}` }, amount(name)),
    h("span", { "aria-hidden": "true" }, "×"),
    h("input", { type: "text", id: `coin-${worth}`, inputmode: "numeric", autocomplete: "off", maxlength: "6", value: many === undefined ? "" : String(many), oninput: (event) => drawer.count(worth, event.target.value) }),
    amount(many ? written(worth * many, exponent) : "", { class: "amount sum" }),
  );
}
