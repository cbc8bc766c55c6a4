// Signing in: a code, a PIN, and a pad for fingers.

import { h } from "../dom.js";
import { field, form, keypad } from "../parts.js";

export function signInScreen(till) {
  const { people } = till;
  const typed = (people.typed ??= { code: "", pin: "", error: "", busy: false });
  const signIn = async () => {
    if (typed.busy) return;
    if (!typed.code.trim() || !typed.pin) {
      typed.error = "Type your code and your PIN.";
      return till.draw();
    }
    Object.assign(typed, { busy: true, error: "" });
    till.draw();
    try {
      await people.signIn(typed.code.trim().toUpperCase(), typed.pin);
    } catch (error) {
      Object.assign(typed, { busy: false, pin: "", error: error.message });
      till.draw();
      document.querySelector("#pin")?.focus();
    }
  };
  const set = (pin) => { typed.pin = pin; till.draw(); };
  return h(
    "main",
    { class: "alone", key: "sign-in" },
    h("h1", {}, "Sign in"),
    till.sale.lines.length ? h("p", {}, "The sale is kept.") : null,
    form(
      signIn,
      field("Staff code", { id: "staff-code", value: typed.code, autocapitalize: "characters", "data-focus": true, oninput: (event) => { typed.code = event.target.value; } }),
      field("PIN", { id: "pin", type: "password", inputmode: "numeric", value: typed.pin, oninput: (event) => { typed.pin = event.target.value; } }, { error: typed.error }),
      keypad(() => typed.pin, set, { point: false }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main", disabled: typed.busy }, typed.busy ? "Signing in…" : "Sign in")),
    ),
  );
}
