// Coins and notes by currency, in minor units, the largest first.

const EUR = [500_00, 200_00, 100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 20, 10, 5, 2, 1];

const KNOWN = {
  EUR,
  USD: [100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 25, 10, 5, 1],
  GBP: [50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 20, 10, 5, 2, 1],
  CHF: [1000_00, 200_00, 100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 20, 10, 5],
  JPY: [10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 1],
  KWD: [20_000, 10_000, 5_000, 1_000, 500, 250, 100, 50, 20, 10, 5],
};

const series = (exponent) =>
  [2, 1, 0, -1, -2, -3].flatMap((power) => [5, 2, 1].map((each) => each * 10 ** (exponent + power))).filter(Number.isInteger);

/** The coins and notes that are counted; for a currency that is not listed those of 1, 2 and 5. */
export const denominations = (currency, exponent) => KNOWN[currency] ?? series(exponent);

/** What the counted coins and notes come to. `counts`: how many, by worth. */
export const sumOf = (counts) => [...counts].reduce((sum, [worth, count]) => sum + worth * count, 0);
