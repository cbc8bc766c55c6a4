// A receipt on paper: the page that the API writes, printed in the place of the till's.

import { Refused, Unreachable } from "./api.js";
import { askApproval, needsApproval } from "./approval.js";
import { newId } from "./ids.js";

const counted = new Map();

/**
 * Count a print, then print. A try whose page has not come is repeated under the same key, so that it counts once.
 * A copy that somebody has to approve is printed with their approval; one that a role denies is not.
 */
export async function printReceipt(till, id, path = `/receipts/${id}`, body = {}) {
  const key = counted.get(id) ?? newId();
  counted.set(id, key);
  let page;
  try {
    await till.api.post(`/receipts/${id}/prints`, body, { key });
    page = await till.api.page(path, "text/html");
    counted.delete(id);
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof Refused)) throw error;
    if (needsApproval(error.problem) && till.people.staff) {
      const copy = { title: "A copy of a receipt", body: {}, subject: id, problem: error.problem };
      return void askApproval(till, copy, (_till, _copy, approval_id) => printReceipt(till, id, path, { approval_id }));
    }
    if (error.code === "permission-denied") return till.warn("Not printed: your role prints no copies of receipts.");
    return till.warn(`Not printed: ${error.message}`);
  }
  putOnPaper(page);
  window.print();
  till.say("The receipt is printed.");
}

/** Show the page to the printer alone, with its own style and without anything that runs. */
export function putOnPaper(page) {
  const paper = document.querySelector("#paper");
  const root = paper.shadowRoot ?? paper.attachShadow({ mode: "open" });
  const styles = [];
  const bare = page.replace(/<style>([^<]*)<\/style>/g, (_all, style) => { styles.push(style); return ""; });
  const read = new DOMParser().parseFromString(bare, "text/html");
  root.adoptedStyleSheets = styles.map((style) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style.replace(/@page[^}]*}/g, "").replace(/\bbody\b/g, ":host"));
    return sheet;
  });
  root.replaceChildren(...[...read.body.childNodes].map((node) => document.importNode(node, true)));
}
