// Amounts are integers of minor units; `exponent` is how many decimals the currency has, as the API says. No floats.

export const LARGEST = 1_000_000_000_000;

const digits = (exponent) => 10 ** exponent;

/** Write an amount for people: `12.50`, `1000`, `1.659`; `-0.05`. */
export function written(amount, exponent) {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`not a whole amount of minor units: ${amount}`);
  const text = String(Math.abs(amount)).padStart(exponent + 1, "0");
  const whole = text.slice(0, text.length - exponent);
  const parts = exponent ? `.${text.slice(text.length - exponent)}` : "";
  return `${amount < 0 ? "-" : ""}${whole}${parts}`;
}

/** Read what somebody typed in major units, with a point or a comma; null when it is no amount of this currency. */
export function read(typed, exponent) {
  const matched = /^(\d{1,13})(?:[.,](\d*))?$/.exec(typed.trim());
  if (!matched) return null;
  const [, whole, parts = ""] = matched;
  if (parts.length > exponent && /[1-9]/.test(parts.slice(exponent))) return null;
  const amount = Number(whole) * digits(exponent) + Number(parts.slice(0, exponent).padEnd(exponent, "0") || "0");
  return amount <= LARGEST ? amount : null;
}

/** Write a unit price as the API gives it: whole, or with fractions of a minor unit. */
export function priceWritten(price, exponent) {
  if (price.amount !== undefined) return written(price.amount, exponent);
  const [whole, fraction] = price.amount_decimal.split(".");
  const text = written(Number(whole), exponent);
  return `${text}${exponent ? "" : "."}${fraction}`;
}

/** Round an amount to what coins can pay, half away from zero. `step`: the worth of the smallest coin. */
export function rounded(amount, step) {
  const rest = Math.abs(amount) % step;
  const magnitude = Math.abs(amount) - rest + (2 * rest >= step ? step : 0);
  return amount < 0 ? -magnitude : magnitude;
}

const NOTES = { 0: [500, 1000, 2000, 5000, 10_000], 2: [500, 1000, 2000, 5000, 10_000], 3: [1000, 5000, 10_000, 20_000] };

/** Suggest what a customer hands over: the exact amount, and the next sums that notes make. At most `most`. */
export function handedOver(due, exponent, most = 5) {
  if (due <= 0) return [];
  const sums = NOTES[exponent].map((note) => Math.ceil(due / note) * note);
  return [...new Set([due, ...sums])].sort((one, other) => one - other).slice(0, most);
}
