// What has not been answered yet, and what was refused.

import { askApproval, needsApproval } from "../approval.js";
import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { button } from "../parts.js";

export function refusedCard(till, command) {
  const { problem } = command;
  return h(
    "div",
    { class: "refused", role: "alert", key: `refused-${command.sequence}` },
    h("p", {}, h("strong", {}, "Refused: "), problem.detail || problem.title),
    h("div", { class: "ends" },
      needsApproval(problem) && till.people.staff ? button("Get an approval", () => askApproval(till, command), { class: "main" }) : null,
      button("Send again", () => till.queue.again(command, {}, { session: till.api.session, staff: till.people.staff?.id ?? null })),
      button("Give it up", () => till.selling.giveUp(command), { class: "bad" })),
  );
}

export function openQueue(till) {
  return openDialog("What waits for the server", () => {
    const { commands, trouble } = till.queue;
    return h(
      "div",
      {},
      trouble && h("p", { class: "error" }, trouble),
      commands.length ? null : h("p", {}, "Everything was answered."),
      h("ol", { class: "waiting" }, commands.map((command) =>
        h("li", { key: command.sequence }, h("p", {}, h("strong", {}, command.title), ` · number ${command.sequence} · ${new Date(command.made).toLocaleTimeString()}`),
          command.state === "refused" ? refusedCard(till, command) : h("p", { class: "wait" }, till.queue.rests.get(command.stream)?.trouble ?? "waits")))),
      h("div", { class: "ends" }, button("Send now", () => till.queue.goNow(), { "data-focus": true, disabled: !commands.length })),
    );
  }, { wide: true });
}
