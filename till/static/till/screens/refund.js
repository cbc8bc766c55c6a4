// The return: what comes back on one side, how its money goes back on the other.

import { h } from "../dom.js";
import { written } from "../money.js";
import { amount, button, field, form } from "../parts.js";
import { short, written as quantity } from "../quantity.js";
import { refusedCard, unanswered } from "./queue.js";

export function refundScreen(till, actions) {
  const { refunds } = till;
  if (refunds.answer) return givenBack(till, refunds.answer, actions);
  const command = till.queue.commands.find((each) => each.sequence === refunds.command);
  const chosen = refunds.order ?? refunds.free;
  return h(
    "main",
    { class: chosen ? "refund" : "single", key: "refund" },
    refunds.free ? withoutReceipt(till, actions) : ofReceipt(till, actions),
    chosen ? conditions(till, command, actions) : null,
  );
}

function ofReceipt(till, actions) {
  const { refunds } = till;
  return h("section", { "aria-label": "What was sold", key: "sold" },
    h("h1", {}, "Return"),
    form(
      () => refunds.open(refunds.sought.trim()),
      field("Receipt", { id: "receipt", value: refunds.sought, "data-focus": true, placeholder: "R1-000018", oninput: (event) => { refunds.sought = event.target.value; } }, { hint: "Scan its code, or type its number", error: refunds.error || undefined }),
      h("div", { class: "ends" }, button("Back to the sale", actions.toSale, { shortcut: "Esc" }),
        till.people.denies("return_linked") ? null : button("Owed to customers", actions.debts),
        till.people.denies("return_unlinked") ? null : button("Without a receipt", () => refunds.startFree()),
        h("button", { type: "submit" }, "Find")),
    ),
    pending(till),
    refunds.order ? h("ul", { class: "lines", tabindex: "0", "aria-label": "What may come back" }, refunds.order.lines.map((line) => soldRow(till, line))) : null);
}

/** Returns that have no answer yet, also those that were given before the page was loaded again. */
function pending(till) {
  return till.queue.commands.filter(({ kind, sequence }) => kind === "return" && sequence !== till.refunds.command).map((command) =>
    command.state === "refused" ? refusedCard(till, command)
      : h("p", { class: "wait", role: "status", key: String(command.sequence) }, `${command.title}: ${till.whyWaits("It is kept on this till", "sending…")}`));
}

function soldRow(till, line) {
  const { refunds, exponent } = till;
  const left = refunds.left(line);
  const chosen = refunds.chosen.get(line.id) ?? 0;
  return h(
    "li",
    { key: line.id, class: "line" },
    h("div", { class: "what" }, h("span", { class: "title" }, line.description), h("span", { class: "each" }, left ? `${quantity(left)} of ${short(line.quantity)} may come back` : "Came back already")),
    steps(line.description, chosen, left, (wanted) => refunds.choose(line, wanted)),
    amount(written(line.total.amount, exponent)),
  );
}

function withoutReceipt(till, actions) {
  const { refunds } = till;
  return h("section", { "aria-label": "Goods without a receipt", key: "free" },
    h("h1", {}, "Return without a receipt"),
    form(
      async () => {
        const code = refunds.sought.trim();
        refunds.sought = "";
        if (code) await refunds.find(code);
        till.draw();
      },
      field("Barcode or SKU", { id: "brought", value: refunds.sought, "data-focus": true, oninput: (event) => { refunds.sought = event.target.value; } }, { hint: "Scan what comes back, or type its code", error: refunds.error || undefined }),
      h("div", { class: "ends" }, button("With a receipt", () => refunds.start()), h("button", { type: "submit" }, "Add")),
    ),
    h("ul", { class: "lines", tabindex: "0", "aria-label": "What comes back" }, refunds.free.map((line) => freeRow(till, line))),
    h("div", { class: "ends" }, button("Back to the sale", actions.toSale, { shortcut: "Esc" })));
}

function freeRow(till, line) {
  const { refunds } = till;
  const id = `paid-${line.key}`;
  return h(
    "li",
    { key: line.key, class: "line priced" },
    h("div", { class: "what" }, h("span", { class: "title" }, line.title)),
    steps(line.title, line.quantity, Infinity, (wanted) => refunds.chooseFree(line, wanted)),
    h("div", {}, h("label", { for: id, class: "unseen" }, `Price that was paid for one ${line.title}`),
      h("input", { type: "text", id, inputmode: "decimal", autocomplete: "off", value: line.typed, "aria-invalid": line.price ? undefined : "true", oninput: (event) => refunds.priceFree(line, event.target.value) })),
  );
}

function steps(title, chosen, left, choose) {
  return h("div", { class: "steps" },
    h("button", { type: "button", "aria-label": `Take one less ${title} back`, disabled: !chosen, onclick: () => choose(chosen - Math.min(1000, chosen)) }, "−"),
    h("span", { role: "status" }, quantity(chosen)),
    h("button", { type: "button", "aria-label": `Take one more ${title} back`, disabled: chosen >= left, onclick: () => choose(chosen + 1000) }, "+"));
}

function conditions(till, command, actions) {
  const { refunds, exponent, currency } = till;
  const { worth } = refunds;
  const ways = [...(refunds.free ? [] : [{ code: "", name: "As it was paid" }]), ...refunds.ways];
  const choose = (code) => { refunds.to = code; refunds.changed(); };
  return h(
    "section",
    { "aria-label": "How it goes back", key: "back" },
    form(
      () => !command && refunds.send(),
      h("fieldset", { class: "choice" }, h("legend", {}, "The money goes back"),
        ways.map(({ code, name }) => h("label", { key: code }, h("input", { type: "radio", name: "to", value: code, checked: refunds.to === code, onchange: () => choose(code) }), name))),
      h("div", { class: "choice" }, h("label", {}, h("input", { type: "checkbox", checked: refunds.restock, onchange: (event) => { refunds.restock = event.target.checked; refunds.changed(); } }), "The goods can be sold again")),
      field("Reason (optional)", { id: "return-reason", value: refunds.reason, maxlength: "200", oninput: (event) => { refunds.reason = event.target.value; } }),
      h("dl", { class: "sums" }, h("div", { class: "total" }, h("dt", {}, "To give back"),
        h("dd", { id: "worth" }, amount(worth !== null ? written(worth, exponent) : refunds.ready ? "…" : written(0, exponent)), h("span", { class: "currency" }, currency)))),
      command && unanswered(till, command, "Sending…", "The return is kept on this till"),
      command && command.state !== "refused" ? h("p", { class: "hint" }, "Give the money when the return has its receipt.") : null,
      h("div", { class: "ends" },
        refunds.order ? button("Everything", () => refunds.order.lines.forEach((line) => refunds.choose(line, refunds.left(line)))) : null,
        button("Exchange", actions.exchange, { disabled: Boolean(command) || worth === null }),
        h("button", { type: "submit", class: "main", disabled: Boolean(command) || !refunds.ready }, "Give the money back")),
    ),
  );
}

function givenBack(till, answer, actions) {
  const { exponent } = till;
  return h(
    "main",
    { class: "done", key: "given-back" },
    h("section", { "aria-label": "Finished return" },
      h("h1", { tabindex: "-1", "data-focus": true }, `Return ${answer.receipt}`),
      h("dl", { class: "sums" },
        answer.refunds.map((refund) =>
          h("div", { key: refund.id },
            h("dt", {}, till.types.get(refund.type)?.name ?? refund.type, refund.state !== "COMPLETED" ? h("span", { class: "state" }, refund.state.toLowerCase()) : null),
            h("dd", {}, amount(written(refund.amount.amount, exponent))))),
        h("div", { class: "total", key: "total" }, h("dt", {}, "Given back"), h("dd", { id: "given-back" }, amount(written(answer.total.amount, exponent)), h("span", { class: "currency" }, till.currency)))),
      h("div", { class: "ends" }, button("Print", () => actions.print(answer.receipt_id), { shortcut: "F7" }), button("Back to the sale", actions.toSale, { class: "main", shortcut: "F9" }))),
  );
}
