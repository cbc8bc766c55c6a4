// Counting and closing: blind. What should be in the drawer is not shown before the count is sent.

import { h } from "../dom.js";
import { read, written } from "../money.js";
import { amount, button, field, form } from "../parts.js";
import { coins, counted } from "./coins.js";
import { unanswered } from "./queue.js";

export function closeScreen(till, actions) {
  const { drawer, exponent, currency } = till;
  if (drawer.answer) return closed(till, drawer.answer, actions);
  const cash = [...till.types.values()].find((type) => type.kind === "CASH");
  const others = [...till.types.values()].filter((type) => type.kind === "CARD" || type.kind === "OTHER");
  const command = till.queue.commands.find((each) => each.kind === "closing");
  const send = async () => {
    const typed = drawer.othersTyped;
    const wrong = others.filter(({ code }) => typed[code]?.trim() && read(typed[code], exponent) === null);
    if (wrong.length) {
      drawer.error = `Type an amount of ${currency} for ${wrong.map(({ name }) => name).join(" and ")}, or nothing.`;
      return till.draw();
    }
    drawer.others = new Map(others.filter(({ code }) => typed[code]?.trim()).map(({ code }) => [code, read(typed[code], exponent)]));
    drawer.error = "";
    await actions.confirmClose(() => drawer.close(cash));
  };
  return h(
    "main",
    { class: "refund", key: "close" },
    coins(till),
    h("section", { "aria-label": "Close the shift", key: "send" },
      form(
        send,
        others.map(({ code, name }) =>
          field(`${name}: slips in the drawer (optional)`, { id: `count-${code}`, inputmode: "decimal", value: drawer.othersTyped[code] ?? "", oninput: (event) => { drawer.othersTyped[code] = event.target.value; } })),
        field("Note (optional)", { id: "close-note", maxlength: "500", value: drawer.note, oninput: (event) => { drawer.note = event.target.value; } }, { error: drawer.error || undefined }),
        counted(till),
        command && unanswered(till, command, "Closing…", "The count is kept"),
        h("div", { class: "ends" }, button("Back", actions.drawer, { shortcut: "Esc" }), h("button", { type: "submit", class: "main", disabled: Boolean(command) }, "Close the shift")),
      )),
  );
}

function closed(till, shift, actions) {
  const { exponent } = till;
  return h(
    "main",
    { class: "done", key: "closed" },
    h("section", { "aria-label": "Closed shift" },
      h("h1", { tabindex: "-1", "data-focus": true }, "The shift is closed"),
      shift.counts
        ? h("table", { class: "counts" },
            h("thead", {}, h("tr", {}, ["", "Expected", "Counted", "Over or short"].map((name) => h("th", { scope: "col", key: name }, name || h("span", { class: "unseen" }, "Way to pay"))))),
            h("tbody", {}, shift.counts.map((row) =>
              h("tr", { key: row.tender_type }, h("th", { scope: "row" }, till.types.get(row.tender_type)?.name ?? row.tender_type),
                ["expected", "counted", "over_short"].map((name) => h("td", { key: name }, row[name] ? amount(written(row[name].amount, exponent)) : "not counted"))))))
        : h("p", {}, "It was counted. Whoever may see differences finds them in the report."),
      h("div", { class: "ends" }, shift.counts ? button("Print the Z report", () => actions.printZ(shift), { shortcut: "F7" }) : null, button("Done", actions.endShift, { class: "main", shortcut: "F9" }))),
  );
}
