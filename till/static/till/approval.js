// Approvals: somebody else says yes, with their code and PIN, to one command and its content.

import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { field, form } from "./parts.js";

const ACTIONS = {
  discount: "a discount above the limit", price_override: "another price", return_linked: "a return above the limit",
  return_unlinked: "a return without a receipt", void: "cancelling a sale", no_sale: "opening the drawer",
  paid_in: "paying in", paid_out: "paying out", pickup: "a pickup", open_shift: "opening a shift",
  close_shift: "closing a shift", reprint: "a copy of a receipt",
};

/** Write a body as the digest covers it: without blanks, members in the order of their names, without the approval. */
export function canonical(value, top = true) {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each, false)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).filter((name) => value[name] !== undefined && !(top && name === "approval_id")).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], false)}`).join(",")}}`;
}

export async function digest(body) {
  const hashed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(body)));
  return [...new Uint8Array(hashed)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const needsApproval = (problem) => ["approval-required", "approval-unusable", "approval-consumed"].includes(problem?.code);

/**
 * Ask for an approval of a command that was refused for want of it, and send the command again with it.
 * @param {Function} send what is done with the approval; a command of the queue waits there again.
 */
export function askApproval(till, command, send = again) {
  const actions = command.problem.actions ?? (command.problem.action ? [command.problem.action] : command.actions ?? []);
  const typed = { code: "", pin: "", reason: "", error: "", busy: false };
  const type = (name) => (event) => { typed[name] = event.target.value; };
  return openDialog("Approval", (close, draw) => {
    const approve = async () => {
      if (typed.busy) return;
      if (!typed.code.trim() || !typed.pin || !typed.reason.trim()) {
        typed.error = "Type the code, the PIN and the reason.";
        return draw();
      }
      Object.assign(typed, { busy: true, error: "" });
      draw();
      try {
        const subject = { id: command.subject ?? command.body.id ?? command.key, digest: await digest(command.body) };
        const asked = { actions, subject, staff_code: typed.code.trim().toUpperCase(), pin: typed.pin, reason: typed.reason.trim() };
        const approval = await till.api.post("/approvals", asked);
        close(approval);
        await send(till, command, approval.id, actions);
      } catch (error) {
        Object.assign(typed, { busy: false, pin: "", error: error.message });
        draw();
      }
    };
    return form(
      approve,
      h("p", {}, `${command.title}: somebody else must approve ${actions.map((each) => ACTIONS[each] ?? each).join(" and ")}.`),
      field("Staff code of who approves", { id: "approver", value: typed.code, autocapitalize: "characters", "data-focus": true, oninput: type("code") }),
      field("PIN", { id: "approver-pin", type: "password", inputmode: "numeric", autocomplete: "off", value: typed.pin, oninput: type("pin") }),
      field("Reason", { id: "approval-reason", maxlength: "200", value: typed.reason, oninput: type("reason") }, { error: typed.error }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main", disabled: typed.busy }, typed.busy ? "Asking…" : "Approve")),
    );
  });
}

const again = (till, command, approval_id, actions) => till.queue.again(command, { approval_id }, { session: till.api.session, actions });
