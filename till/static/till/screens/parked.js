// Carts that wait, to be taken up or given up.

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { written } from "../money.js";
import { amount, button, field, form } from "../parts.js";

export function parkedScreen(till, actions) {
  const { parking } = till;
  const busy = till.sale.lines.length > 0;
  const shown = (parking.parked ?? []).filter(({ id }) => !till.queue.of(id).some((each) => each.kind === "discard"));
  return h(
    "main",
    { class: "single", key: "parked" },
    h("section", { "aria-label": "Parked sales" },
      h("h1", { tabindex: "-1", "data-focus": true }, "Parked sales"),
      busy ? h("p", { class: "hint" }, "Park or finish the sale at hand before another one is taken up.") : null,
      parking.parked && !shown.length ? h("p", { class: "empty" }, "Nothing is parked here.") : null,
      h("ul", { class: "parked" }, shown.map((each) => row(till, each, busy))),
      h("div", { class: "ends" }, button("Back to the sale", actions.toSale, { shortcut: "Esc" }))),
  );
}

function row(till, parked, busy) {
  const name = parked.label || "Without a name";
  return h(
    "li",
    { key: parked.id },
    h("p", {}, h("strong", {}, name), h("span", { class: "hint" }, ` · ${new Date(parked.parked_at).toLocaleTimeString()}`)),
    amount(written(parked.total.amount, till.exponent)),
    button("Take up", () => till.parking.resume(parked), { class: "main", disabled: busy, "aria-label": `Take up ${name}` }),
    button("Give up", () => openReason("Give the parked sale up", (reason) => till.parking.discard(parked.id, reason)), { class: "bad", "aria-label": `Give up ${name}` }),
  );
}

export function openPark(till) {
  const typed = { label: till.sale.label ?? "" };
  return openDialog("Park the sale", (close) =>
    form(
      async () => {
        close();
        await till.parking.park(typed.label.trim());
      },
      field("Name", { id: "label", maxlength: "200", value: typed.label, "data-focus": true, oninput: (event) => { typed.label = event.target.value; } }, { hint: "By which it is found again" }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main" }, "Park")),
    ));
}

/** Ask why; nothing happens without a reason. */
export function openReason(title, run) {
  const typed = { reason: "", error: "" };
  return openDialog(title, (close, draw) =>
    form(
      async () => {
        if (!typed.reason.trim()) {
          typed.error = "Say why: it is kept.";
          return draw();
        }
        close();
        await run(typed.reason.trim());
      },
      field("Reason", { id: "reason", value: typed.reason, maxlength: "200", "data-focus": true, oninput: (event) => { typed.reason = event.target.value; } }, { error: typed.error }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "bad main" }, title))),
  );
}
