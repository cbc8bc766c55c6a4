// No shift is open: nothing can be sold before the drawer is opened with what is in it.

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { newId } from "../ids.js";
import { read } from "../money.js";
import { button, field, form, keypad } from "../parts.js";
import { unanswered } from "./queue.js";

export function shiftScreen(till, actions) {
  const commands = till.queue.commands.filter((each) => each.kind === "shift");
  return h(
    "main",
    { class: "alone", key: "shift" },
    h("h1", { tabindex: "-1" }, "No shift is open"),
    h("p", {}, "Count what is in the drawer, and open a shift with it."),
    commands.map((command) => unanswered(till, command, "Opening…", "The opening is kept on this till")),
    button("Open a shift", actions.openShift, { class: "main", "data-focus": true, disabled: commands.length > 0 }),
  );
}

export function openShift(till) {
  const typed = { float: "", error: "" };
  return openDialog("Open a shift", (close, draw) => {
    const set = (text) => { Object.assign(typed, { float: text, error: "" }); draw(); };
    return form(
      async () => {
        const amount = read(typed.float || "0", till.exponent);
        if (amount === null) {
          typed.error = `Type an amount of ${till.currency}.`;
          return draw();
        }
        close();
        const id = newId();
        await till.command({ path: "/shifts", body: { id, float_amount: { amount } }, title: `Shift opened with ${till.money(amount)}`, stream: `shift:${id}`, kind: "shift" });
      },
      h("div", { class: "beside" },
        field(`Cash in the drawer (${till.currency})`, { id: "float", inputmode: "decimal", value: typed.float, "data-focus": true, oninput: (event) => set(event.target.value) }, { error: typed.error }),
        keypad(() => typed.float, set, { point: till.exponent > 0 })),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main" }, "Open the shift")),
    );
  });
}
