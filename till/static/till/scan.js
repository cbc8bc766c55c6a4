// A scanner types quickly and ends with Enter, wherever the focus is. Nothing else of the till listens to letters there.

const LONGEST_GAP = 1000;
const SCANNER_GAP = 40;
const SHORTEST_BURST = 5;
const SHORTEST_CODE = 3;

/**
 * Call `scanned(code)` for what a scanner types while no field takes it. A scan into the field of a number is no number:
 * the field gets back what it had, and `misplaced()` is called. Returns how to stop listening.
 */
export function listen(scanned, misplaced = () => {}, target = document) {
  let typed = "";
  let last = 0;
  const burst = { field: null, length: 0, before: "", last: 0 };
  const heard = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (takesNumber(event.target)) return intoNumber(event, burst, misplaced);
    if (takesText(event.target)) return;
    const moment = event.timeStamp;
    if (moment - last > LONGEST_GAP) typed = "";
    last = moment;
    if (event.key.length === 1) {
      typed += event.key;
    } else if (event.key === "Enter" && typed.length >= SHORTEST_CODE) {
      event.preventDefault();
      event.stopPropagation();
      const code = typed;
      typed = "";
      scanned(code);
    }
  };
  target.addEventListener("keydown", heard, true);
  return () => target.removeEventListener("keydown", heard, true);
}

function intoNumber(event, burst, misplaced) {
  const { target: field, key, timeStamp } = event;
  const follows = burst.field === field && timeStamp - burst.last < SCANNER_GAP && !event.repeat;
  if (key.length === 1) {
    if (!follows) Object.assign(burst, { field, length: 0, before: field.value });
    Object.assign(burst, { length: burst.length + 1, last: timeStamp });
  } else if (key === "Enter" && follows && burst.length >= SHORTEST_BURST) {
    event.preventDefault();
    event.stopPropagation();
    field.value = burst.before;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    misplaced();
  }
}

const takesNumber = (element) => element.matches?.('input[inputmode="decimal"], input[inputmode="numeric"]:not([type="password"])') ?? false;

const takesText = (element) => element.matches?.("input, textarea, select, [contenteditable]") ?? false;

/** Whether a code is the number of a receipt, as it is printed: `R1-000018`, or `R1-R000007` of a return. */
export const isReceipt = (code) => /^[A-Za-z0-9_-]{1,30}-[Rr]?\d{6,}$/.test(code);
