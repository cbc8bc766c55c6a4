// Small parts that screens are made of.

import { h } from "./dom.js";

export const button = (label, onclick, { key, shortcut, ...more } = {}) =>
  h("button", { type: "button", key, onclick, ...more }, label, shortcut && h("kbd", { "aria-hidden": "true" }, shortcut),);

export function field(label, attributes, { hint, error } = {}) {
  const { id } = attributes;
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return h(
    "div",
    { class: "field", key: id },
    h("label", { for: id }, label),
    h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes, "aria-describedby": described, "aria-invalid": error ? "true" : undefined }),
    hint && h("p", { class: "hint", id: `${id}-hint` }, hint),
    error && h("p", { class: "error", id: `${id}-error`, role: "alert" }, error),
  );
}

/** A pad of keys that type into a field; `set(text)` takes what stands there then. */
export function keypad(text, set, { point = true } = {}) {
  const keys = ["7", "8", "9", "4", "5", "6", "1", "2", "3", point ? "." : "", "0", "⌫"];
  const press = (key) => set(key === "⌫" ? text().slice(0, -1) : text() + key);
  return h(
    "div",
    { class: "keypad", role: "group", "aria-label": "Number pad" },
    keys.map((key) =>
      key
        ? h("button", { type: "button", key, onclick: () => press(key), "aria-label": key === "⌫" ? "Delete the last digit" : key === "." ? "Decimal point" : undefined }, key)
        : h("span", { key: "none" }),
    ),
  );
}

/** Amounts stand in a column of digits. */
export const amount = (text, attributes = {}) => h("span", { class: "amount", ...attributes }, text);

/** A form that Enter sends. */
export const form = (onsubmit, ...children) =>
  h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); onsubmit(); } }, ...children);
