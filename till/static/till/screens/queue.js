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
      button("Send again", () => till.queue.again(command, {}, sender(till, command))),
      button("Give it up", () => giveUp(till, command), { class: "bad" })),
  );
}

/**
 * What is shown of a command that has no answer yet: why it was refused, or that it is under way.
 * @param {string} going while it is sent. @param {string} kept what is safe meanwhile, where nobody answers.
 */
export function unanswered(till, command, going, kept = "") {
  if (command.state === "refused") return refusedCard(till, command);
  return h("p", { class: "wait", role: "status", key: String(command.sequence) }, kept ? till.whyWaits(kept, going) : going);
}

/** What is sent again stays that of who gave it; it goes on in the session of now only where that is theirs. */
function sender(till, { staff }) {
  const here = till.people.staff?.id ?? null;
  return staff === null || staff === here ? { session: till.api.session, staff: here } : {};
}

/** Give a command up; where money was taken for it, ask first. */
function giveUp(till, command) {
  const dropped = till.queue.following(command);
  const paid = dropped.flatMap(({ body }) => body?.tenders ?? []).filter(({ card_token }) => !card_token).reduce((sum, { amount }) => sum + amount.amount, 0);
  if (!paid) return till.selling.giveUp(command);
  return openDialog("Give the payment up", (close) =>
    h("div", {},
      h("p", {}, `${till.money(paid)} was taken and is not recorded. Give it back to the customer, or take it again.`),
      h("div", { class: "ends" }, button(`Give up ${till.money(paid)}`, async () => { close(); await till.selling.giveUp(command); }, { class: "bad main", "data-focus": true }))));
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
