// A count while the shift goes on: what is in the drawer now.

import { h } from "../dom.js";
import { written } from "../money.js";
import { amount, button, form } from "../parts.js";
import { coins, counted } from "./coins.js";
import { unanswered } from "./queue.js";

export function countScreen(till, actions) {
  const { drawer } = till;
  if (drawer.answer) return compared(till, drawer.answer, actions);
  const command = till.queue.commands.find((each) => each.sequence === drawer.command);
  return h(
    "main",
    { class: "refund", key: "count" },
    coins(till),
    h("section", { "aria-label": "Note the count", key: "send" },
      form(
        () => !command && drawer.noteCount(),
        h("p", { class: "hint" }, "The shift stays open."),
        counted(till),
        command && unanswered(till, command, "Sending…", "The count is kept"),
        h("div", { class: "ends" }, button("Back", actions.drawer, { shortcut: "Esc" }), h("button", { type: "submit", class: "main", disabled: Boolean(command) }, "Note the count")),
      )),
  );
}

function compared(till, count, actions) {
  const rows = { Expected: count.expected, Counted: count.counted, "Over or short": count.over_short };
  return h(
    "main",
    { class: "done", key: "counted" },
    h("section", { "aria-label": "Noted count" },
      h("h1", { tabindex: "-1", "data-focus": true }, "The count is noted"),
      count.expected
        ? h("dl", { class: "sums" }, Object.entries(rows).map(([name, { amount: minor }]) =>
            h("div", { key: name }, h("dt", {}, name), h("dd", {}, amount(written(minor, till.exponent))))))
        : h("p", {}, "Whoever may see differences finds it in the report."),
      h("div", { class: "ends" }, button("Back to the drawer", actions.drawer, { class: "main", shortcut: "Esc" }))),
  );
}
