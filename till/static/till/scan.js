// A scanner types quickly and ends with Enter, wherever the focus is. Nothing else of the till listens to letters there.

const LONGEST_GAP = 1000;
const SHORTEST_CODE = 3;

/** Call `scanned(code)` for what a scanner types while no field takes it. Returns how to stop listening. */
export function listen(scanned, target = document) {
  let typed = "";
  let last = 0;
  const heard = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || takesText(event.target)) return;
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

const takesText = (element) => element.matches?.("input, textarea, select, [contenteditable]") ?? false;

/** Whether a code is the number of a receipt, as it is printed: `R1-000018`, or `R1-R000007` of a return. */
export const isReceipt = (code) => /^[A-Za-z0-9_-]{1,30}-[Rr]?\d{6,}$/.test(code);
