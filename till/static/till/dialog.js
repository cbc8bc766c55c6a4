// Dialogs: the browser's own, which keep the focus inside and give it back.

import { h, show } from "./dom.js";

/**
 * Open a dialog. `content(close, draw)` describes it; `close(value)` ends it.
 * @returns {Promise} of the value; null when it was dismissed.
 */
export function openDialog(title, content, { wide = false } = {}) {
  const place = document.querySelector("#dialogs");
  const before = document.activeElement;
  const host = document.createElement("div");
  place.append(host);
  return new Promise((resolve) => {
    const close = (value = null) => {
      host.firstChild.close();
      host.remove();
      open.delete(draw);
      if (before?.isConnected) before.focus();
      resolve(value);
    };
    const draw = () => {
      if (!host.isConnected) return;
      show(
        host,
        h(
          "dialog",
          { class: wide ? "wide" : "", "aria-labelledby": "dialog-title", oncancel: (event) => { event.preventDefault(); close(); } },
          h("header", {}, h("h2", { id: "dialog-title", tabindex: "-1" }, title),
            h("button", { type: "button", class: "quiet", onclick: () => close() }, "Close", h("kbd", {}, "Esc"))),
          content(close, draw),
        ),
      );
    };
    draw();
    open.set(draw, close);
    host.firstChild.showModal();
    (host.querySelector("[data-focus]") ?? host.querySelector("h2")).focus();
  });
}

const open = new Map();

/** Show again what has changed in the dialogs that are open. */
export const redrawDialogs = () => [...open.keys()].forEach((draw) => draw());

/** Dismiss what is open: whoever comes next has not begun it. */
export const closeDialogs = () => [...open.values()].reverse().forEach((close) => close());

export const dialogIsOpen = () => open.size > 0;
