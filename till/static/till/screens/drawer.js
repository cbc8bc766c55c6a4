// The drawer: what is moved without a sale, and the way to close the shift.

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { KINDS, nameOf } from "../drawer.js";
import { read, written } from "../money.js";
import { amount, button, field, form, keypad } from "../parts.js";
import { unanswered } from "./queue.js";

export function drawerScreen(till, actions) {
  const moved = till.queue.commands.filter((each) => each.kind === "movement");
  return h(
    "main",
    { class: "single", key: "drawer" },
    h("section", { "aria-label": "Drawer" },
      h("h1", { tabindex: "-1", "data-focus": true }, "Drawer"),
      h("p", { class: "hint" }, till.shift ? `The shift was opened at ${new Date(till.shift.opened_at).toLocaleString()}.` : ""),
      h("div", { class: "doings large" }, KINDS.filter((kind) => !till.people.denies(kind.permission)).map((kind) => button(kind.label, () => openMove(till, kind), { key: kind.kind }))),
      moved.map((command) => unanswered(till, command, `${command.title}: sending…`, `${command.title} is kept on this till`)),
      till.drawer.moved.length ? h("ul", { class: "moved", "aria-label": "Moved in this shift" }, till.drawer.moved.map((movement) => movedRow(till, movement))) : null,
      h("div", { class: "ends" }, button("Back to the sale", actions.toSale, { shortcut: "Esc" }),
        till.people.denies("close_shift") ? null : button("Count the drawer", actions.count),
        till.people.denies("see_over_short") ? null : button("Print the X report", actions.printX),
        button("Count and close the shift", actions.close, { class: "main" }))),
  );
}

function movedRow(till, movement) {
  const name = nameOf(movement);
  const sum = written(movement.amount.amount, till.exponent);
  const when = new Date(movement.occurred_at).toLocaleTimeString();
  return h("li", { key: movement.id },
    h("p", {}, h("strong", {}, name), h("span", { class: "hint" }, ` · ${[when, movement.reason_code, movement.note].filter(Boolean).join(" · ")}`)),
    amount(sum),
    till.drawer.stands(movement) ? button("Take back", () => openTakeBack(till, movement), { "aria-label": `Take back ${name} ${sum}` }) : null);
}

function openTakeBack(till, movement) {
  const typed = { note: "" };
  return openDialog(`Take back: ${nameOf(movement)}`, (close) =>
    form(
      async () => {
        close();
        await till.drawer.takeBack(movement, typed.note.trim());
        till.say(`${nameOf(movement)} is taken back.`);
      },
      h("p", {}, `The whole amount is taken back: ${till.money(movement.amount.amount)}.`),
      field("Note (optional)", { id: "note", maxlength: "500", "data-focus": true, value: typed.note, oninput: (event) => { typed.note = event.target.value; } }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main" }, "Take back"))));
}

function openMove(till, kind) {
  const typed = { amount: "", reason: kind.reason, note: "", errors: {} };
  const moves = kind.kind !== "NO_SALE";
  const explains = kind.kind !== "PICKUP";
  return openDialog(kind.label, (close, draw) => {
    const set = (text) => { typed.amount = text; draw(); };
    return form(
      async () => {
        const amount = moves ? read(typed.amount, till.exponent) : 0;
        typed.errors = {
          ...(moves && !amount && { amount: `Type an amount of ${till.currency}, above zero.` }),
          ...(explains && !/^[A-Za-z0-9_-]{1,20}$/.test(typed.reason.trim()) && { reason: "Type a short code: letters, digits, - and _." }),
        };
        if (Object.keys(typed.errors).length) return draw();
        close();
        await till.drawer.move(kind, amount, explains ? typed.reason.trim().toUpperCase() : "", typed.note.trim());
        till.say(`${kind.label} is recorded.`);
      },
      h("div", { class: moves ? "beside" : "" },
        h("div", {},
          moves && field(`Amount (${till.currency})`, { id: "moved", inputmode: "decimal", value: typed.amount, "data-focus": true, oninput: (event) => set(event.target.value) }, { error: typed.errors.amount }),
          explains && field("Reason", { id: "reason-code", maxlength: "20", value: typed.reason, "data-focus": moves ? undefined : true, oninput: (event) => { typed.reason = event.target.value; } }, { error: typed.errors.reason, hint: "A short code, as your shop uses them" }),
          field("Note (optional)", { id: "note", maxlength: "500", value: typed.note, oninput: (event) => { typed.note = event.target.value; } })),
        moves && keypad(() => typed.amount, set, { point: till.exponent > 0 })),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main" }, kind.label)),
    );
  });
}
