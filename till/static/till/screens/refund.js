// The return: what was sold on one side, how its money goes back on the other.

import { h } from "../dom.js";
import { written } from "../money.js";
import { amount, button, field, form } from "../parts.js";
import { short, written as quantity } from "../quantity.js";
import { refusedCard } from "./queue.js";

export function refundScreen(till, actions) {
  const { refunds } = till;
  if (refunds.answer) return givenBack(till, refunds.answer, actions);
  const command = till.queue.commands.find((each) => each.sequence === refunds.command);
  return h(
    "main",
    { class: refunds.order ? "refund" : "single", key: "refund" },
    h("section", { "aria-label": "What was sold", key: "sold" },
      h("h1", {}, "Return"),
      form(
        () => refunds.open(refunds.sought.trim()),
        field("Receipt", { id: "receipt", value: refunds.sought, "data-focus": true, placeholder: "R1-000018", oninput: (event) => { refunds.sought = event.target.value; } }, { hint: "Scan its code, or type its number", error: refunds.error || undefined }),
        h("div", { class: "ends" }, button("Back to the sale", actions.toSale, { shortcut: "Esc" }), h("button", { type: "submit" }, "Find")),
      ),
      refunds.order ? h("ul", { class: "lines", tabindex: "0", "aria-label": "What may come back" }, refunds.order.lines.map((line) => lineRow(till, line))) : null),
    refunds.order ? conditions(till, command) : null,
  );
}

function lineRow(till, line) {
  const { refunds, exponent } = till;
  const left = refunds.left(line);
  const chosen = refunds.chosen.get(line.id) ?? 0;
  return h(
    "li",
    { key: line.id, class: "line" },
    h("div", { class: "what" }, h("span", { class: "title" }, line.description), h("span", { class: "each" }, left ? `${quantity(left)} of ${short(line.quantity)} may come back` : "Came back already")),
    h("div", { class: "steps" },
      h("button", { type: "button", "aria-label": `Take one less ${line.description} back`, disabled: !chosen, onclick: () => refunds.choose(line, chosen - Math.min(1000, chosen)) }, "−"),
      h("span", { role: "status" }, quantity(chosen)),
      h("button", { type: "button", "aria-label": `Take one more ${line.description} back`, disabled: chosen >= left, onclick: () => refunds.choose(line, chosen + 1000) }, "+")),
    amount(written(line.total.amount, exponent)),
  );
}

function conditions(till, command) {
  const { refunds } = till;
  const ways = [{ code: "", name: "As it was paid" }, ...refunds.paidBy];
  return h(
    "section",
    { "aria-label": "How it goes back", key: "back" },
    form(
      () => !command && refunds.send(),
      h("fieldset", { class: "choice" }, h("legend", {}, "The money goes back"),
        ways.map(({ code, name }) => h("label", { key: code }, h("input", { type: "radio", name: "to", value: code, checked: refunds.to === code, onchange: () => { refunds.to = code; till.draw(); } }), name))),
      h("div", { class: "choice" }, h("label", {}, h("input", { type: "checkbox", checked: refunds.restock, onchange: (event) => { refunds.restock = event.target.checked; } }), "The goods can be sold again")),
      field("Reason (optional)", { id: "return-reason", value: refunds.reason, maxlength: "200", oninput: (event) => { refunds.reason = event.target.value; } }),
      command && (command.state === "refused" ? refusedCard(till, command) : h("p", { class: "wait", role: "status" }, till.offline ? "No connection. The return is kept on this till, and is sent as soon as somebody answers." : "Sending…")),
      h("div", { class: "ends" }, button("Everything", () => refunds.order.lines.forEach((line) => refunds.choose(line, refunds.left(line)))),
        h("button", { type: "submit", class: "main", disabled: Boolean(command) || !chosenAny(refunds) }, "Give the money back")),
    ),
  );
}

const chosenAny = (refunds) => [...refunds.chosen.values()].some((each) => each > 0);

function givenBack(till, answer, actions) {
  const { exponent } = till;
  return h(
    "main",
    { class: "done", key: "given-back" },
    h("section", { "aria-label": "Finished return" },
      h("h1", { tabindex: "-1", "data-focus": true }, `Return ${answer.receipt}`),
      h("dl", { class: "sums" },
        answer.refunds.map((refund) => h("div", { key: refund.id }, h("dt", {}, till.types.get(refund.type)?.name ?? refund.type, refund.state && refund.state !== "SETTLED" ? h("span", { class: "state" }, refund.state.toLowerCase()) : null), h("dd", {}, amount(written(refund.amount.amount, exponent))))),
        h("div", { class: "total", key: "total" }, h("dt", {}, "Given back"), h("dd", { id: "given-back" }, amount(written(answer.total.amount, exponent)), h("span", { class: "currency" }, till.currency)))),
      h("div", { class: "ends" }, button("Print", () => actions.print(answer.receipt_id), { shortcut: "F7" }), button("Back to the sale", actions.toSale, { class: "main", shortcut: "F9" }))),
  );
}
