// What the shop owes its customers, to be paid in another way.

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { written } from "../money.js";
import { amount, button, field, form } from "../parts.js";
import { unanswered } from "./queue.js";

export function debtsScreen(till, actions) {
  const { debts } = till;
  return h(
    "main",
    { class: "single", key: "debts" },
    h("section", { "aria-label": "Owed to customers" },
      h("h1", { tabindex: "-1", "data-focus": true }, "Owed to customers"),
      h("p", { class: "hint" }, "A card's bank has refused to take this money back."),
      debts.owed && !debts.owed.length ? h("p", { class: "empty" }, "Nothing is owed.") : null,
      h("ul", { class: "parked" }, (debts.owed ?? []).map((refund) => row(till, refund))),
      debts.more ? h("p", { class: "hint" }, "There are more: they are shown when these are paid.") : null,
      h("div", { class: "ends" }, button("Back to the sale", actions.toSale, { shortcut: "Esc" }))),
  );
}

function row(till, refund) {
  const name = refund.receipt || "a sale without a receipt";
  const command = till.queue.of(`debt:${refund.id}`)[0];
  return h(
    "li",
    { key: refund.id },
    h("p", {}, h("strong", {}, name), h("span", { class: "hint" }, ` · ${new Date(refund.occurred_at).toLocaleString()} · ${refund.failure}`)),
    amount(written(refund.owed.amount, till.exponent)),
    command ? unanswered(till, command, "Sending…", "The payment is kept on this till") : button("Pay", () => openPay(till, refund, name), { class: "main", "aria-label": `Pay what is owed of ${name}` }),
  );
}

function openPay(till, refund, name) {
  const ways = till.debts.waysOf(refund);
  const typed = { way: (ways.find(({ kind }) => kind === "CASH") ?? ways[0])?.code, reference: "" };
  return openDialog(`Pay ${till.money(refund.owed.amount)}`, (close) =>
    form(
      async () => {
        close();
        await till.debts.pay(refund, till.types.get(typed.way), typed.reference.trim());
      },
      h("p", {}, `It is owed of ${name}.`),
      h("fieldset", { class: "choice" }, h("legend", {}, "The money goes back"),
        ways.map(({ code, name: way, kind }) => h("label", { key: code },
          h("input", { type: "radio", name: "way", value: code, checked: typed.way === code, onchange: () => { typed.way = code; } }), kind === "GATEWAY" ? `${way}, once more` : way))),
      field("Reference (optional)", { id: "debt-reference", maxlength: "100", value: typed.reference, oninput: (event) => { typed.reference = event.target.value; } }, { hint: "That a card terminal gave" }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main", "data-focus": true }, "Pay"))));
}
