// A sale on its way: lines as they are asked for, what was taken for it, and the order once the server has answered.
// Pure functions: each returns a new sale.

import { newId } from "./ids.js";
import { more } from "./quantity.js";

export const emptySale = () => ({
  id: newId(), phase: "cart", lines: [], discounts: [], email: "", taken: [], order: null, total: null, exchange: null,
});

/**
 * Add goods. The same goods join their line, unless that has a price or a discount typed in.
 * @param {object} goods `variant_id`, or `barcode` where the code carries a weight or a price; `title`, `quantity`.
 */
export function added(sale, { variant_id, barcode, title, quantity = "1" }) {
  const same = sale.lines.find(
    (line) => variant_id && line.variant_id === variant_id && !line.unit_price && !line.discounts.length,
  );
  if (same) return changed(sale, same.id, { quantity: more(same.quantity, quantity) });
  const named = barcode ? { barcode } : { variant_id };
  return { ...sale, lines: [...sale.lines, { id: newId(), ...named, title, quantity, discounts: [] }] };
}

export function changed(sale, id, change) {
  return { ...sale, lines: sale.lines.map((line) => (line.id === id ? { ...line, ...change } : line)) };
}

export function removed(sale, id) {
  return { ...sale, lines: sale.lines.filter((line) => line.id !== id) };
}

/** What the API is asked of the lines: by a quote and by an order alike. */
export function goods(sale) {
  const lines = sale.lines.map(({ title, ...line }) => line);
  return { lines, discounts: sale.discounts };
}

/** What an order is sent with: with each line what the quote knew of it, so that the sale is placed at what the till has shown. */
export function sold(sale, quote) {
  const asked = goods(sale);
  return { ...asked, lines: asked.lines.map((line, index) => ({ ...line, snapshot: snapshotOf(line, quote.lines[index]) })) };
}

/** Of a line with a typed price the snapshot has the list's: that is how the server tells it from a price that has changed. */
function snapshotOf(line, { description, unit_price, list_price, taxes, tax_inclusive }) {
  return { description, unit_price: line.unit_price ? (list_price ?? unit_price) : unit_price, taxes: taxesOf(taxes), tax_inclusive };
}

/** The taxes of a line. None where what they came to does not tell whether one is on top of those before it. */
function taxesOf(taxes) {
  const said = [];
  let before = 0;
  for (const { code, name, rate, base, amount } of taxes) {
    if (said.length && !before) return [];
    said.push({ code, name, rate, on_top: said.length > 0 && base.amount === taxes[0].base.amount + before });
    before += amount.amount;
  }
  return said;
}

/** Name what is asked, so that an answer can be told from that of an earlier question. */
export const fingerprint = (sale) => JSON.stringify(goods(sale));
