// Pairing: a till belongs to a register before it can do anything.

import { h } from "../dom.js";
import { field, form } from "../parts.js";

export function pairScreen(till) {
  const typed = (till.pairing ??= { token: "", error: "", busy: false });
  const pair = async () => {
    if (typed.busy) return;
    Object.assign(typed, { busy: true, error: "" });
    till.draw();
    try {
      await till.pair(typed.token.trim());
      till.pairing = null;
    } catch (error) {
      Object.assign(typed, { busy: false, error: error.message });
    }
    till.draw();
  };
  return h(
    "main",
    { class: "alone", key: "pair" },
    h("h1", {}, "Pair this till"),
    h("p", {}, "Make a code in the admin, at the register that this till is to be, and type it within five minutes."),
    form(
      pair,
      field("Pairing code", { id: "token", value: typed.token, "data-focus": true, oninput: (event) => { typed.token = event.target.value; } }, { error: typed.error, hint: "Or the token of a device: tf.…" }),
      h("button", { type: "submit", class: "main", disabled: typed.busy }, typed.busy ? "Pairing…" : "Pair"),
    ),
  );
}
