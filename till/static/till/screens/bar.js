// The bar above every screen: where this till is, who works at it, and what has not been answered yet.

import { h } from "../dom.js";
import { button } from "../parts.js";

export function bar(till, actions) {
  const { device, queue } = till;
  const waiting = queue.waiting.length;
  const refused = queue.refused.length;
  const state = refused ? "bad" : queue.ended && waiting ? "stopped" : till.offline || queue.trouble ? "away" : till.failing || queue.failing ? "failing" : waiting ? "busy" : "good";
  const words = { bad: `${refused} refused`, stopped: "Not sent", away: "No connection", failing: "Server error", busy: "Sending", good: "Connected" }[state];
  return h(
    "header",
    { class: "bar" },
    h("p", { class: "place" }, h("strong", {}, device ? device.register.location : "Till"), device && ` · ${device.register.name}`),
    till.people.staff && h("p", { class: "who" }, till.people.staff.name),
    button([h("span", { class: `light ${state}`, "aria-hidden": "true" }), words, waiting ? ` · ${waiting} waiting` : ""], actions.queue, {
      class: "quiet status", id: "queue", shortcut: "F10",
    }),
    till.people.staff && button("Lock", actions.lock, { class: "quiet", shortcut: "F11" }),
    button("Help", actions.help, { class: "quiet", shortcut: "F1" }),
  );
}

/** What went wrong, until it is read. */
export function notice(till) {
  if (!till.notices.length) return null;
  const read = () => { till.notices = []; till.draw(); };
  return h("div", { class: "notice", role: "alert", key: "notice" }, h("div", {}, till.notices.map((text) => h("p", { key: text }, text))),
    till.shutOut ? button("Pair again", () => till.unpair()) : null, button("Understood", read));
}
