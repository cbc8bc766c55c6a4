// What is due of a sale. Amounts come from the server; what it has not heard of yet is counted on top, in integers.

import { rounded } from "./money.js";

/**
 * @param {object} sale with `taken` and `order`. @param {number|null} total of the quote, while there is no order.
 * @param {Map} types of tenders by code.
 * @returns {object|null} `total`, `due`, `pending` (cards that are being charged), `change`, and `back` of goods that come back for more than
 *   they pay for; null without a total.
 */
export function standing(sale, total, types) {
  const { order } = sale;
  if (!order && total === null) return null;
  const known = new Map((order?.tenders ?? []).map((each) => [each.id, each]));
  const pending = sum([...known.values()].filter((each) => each.state === "PENDING"), (each) => each.amount.amount);
  const worth = sale.exchange?.worth ?? 0;
  const settled = order ? order.due.amount : Math.max(0, total - worth);
  const back = order ? 0 : Math.max(0, worth - total);
  const so = { total: order ? order.total.amount : total, due: settled - pending, pending, change: order?.change_total.amount ?? 0, back };
  for (const tender of sale.taken) {
    if (!known.has(tender.id)) take(so, tender, types.get(tender.type));
  }
  return so;
}

/** What would have to be paid by this type alone: cash is rounded to the smallest coin, and what comes to none is not handed over. */
export const askedBy = (due, type) => rounded(due, type?.rounding_step ?? 1);

function take(so, tender, type) {
  const asked = askedBy(so.due, type);
  if (tender.amount >= asked) {
    so.total += asked - so.due;
    so.change += asked ? tender.amount - asked : 0;
    so.due = 0;
  } else {
    so.due -= tender.amount;
  }
  if (type?.kind === "GATEWAY") so.pending += Math.min(tender.amount, asked);
}

const sum = (rows, of) => rows.reduce((total, row) => total + of(row), 0);
