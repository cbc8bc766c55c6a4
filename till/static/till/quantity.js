// Quantities are decimal strings with at most three decimals; between two strings they are integers of thousandths.

const LARGEST = 100_000_000_000;

/** Read a quantity into thousandths; null when it is none, or not above zero. */
export function thousandths(typed) {
  const matched = /^(\d{1,9})?(?:[.,](\d{0,3}))?$/.exec(typed.trim());
  if (!matched || (matched[1] === undefined && !matched[2])) return null;
  const value = Number(matched[1] ?? "0") * 1000 + Number((matched[2] ?? "").padEnd(3, "0"));
  return value > 0 && value <= LARGEST ? value : null;
}

/** Write thousandths as the API takes them: `2`, `0.25`. */
export function written(value) {
  const whole = Math.floor(value / 1000);
  const parts = String(value % 1000).padStart(3, "0").replace(/0+$/, "");
  return parts ? `${whole}.${parts}` : String(whole);
}

/** Write a quantity of the API (`2.000`) without the zeros that say nothing. */
export const short = (quantity) => (quantity.includes(".") ? quantity.replace(/\.?0+$/, "") : quantity);

export const more = (quantity, by = "1") => written((thousandths(quantity) ?? 0) + (thousandths(by) ?? 0));

export const less = (quantity, by = "1") => written(Math.max(0, thousandths(quantity) - thousandths(by)));
