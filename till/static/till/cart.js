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

/** Name what is asked, so that an answer can be told from that of an earlier question. */
export const fingerprint = (sale) => JSON.stringify(goods(sale));
