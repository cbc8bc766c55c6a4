// The keys, each with what it does.

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";

export const openHelp = (keys) =>
  openDialog("Keys", () =>
    h(
      "div",
      {},
      h("p", {}, "A scanner may be used at any time on the sale. Tab and Shift Tab lead to every field and button."),
      h("dl", { class: "keys" }, keys.filter(({ does }) => does).map(({ key, does }) => h("div", { key: key + does }, h("dt", {}, h("kbd", {}, key === "Escape" ? "Esc" : key)), h("dd", {}, does)))),
    ));
