// The till's page: which screen is shown, what the keys do, and what is said to who cannot see it.

import { askApproval, needsApproval } from "./approval.js";
import { closeDialogs, openDialog, dialogIsOpen, redrawDialogs } from "./dialog.js";
import { h, show } from "./dom.js";
import { newId } from "./ids.js";
import { field, form } from "./parts.js";
import { printReceipt } from "./printing.js";
import { listen } from "./scan.js";
import { bar, notice } from "./screens/bar.js";
import { openHelp } from "./screens/help.js";
import { openDiscount } from "./screens/lines.js";
import { pairScreen } from "./screens/pair.js";
import { closeScreen } from "./screens/close.js";
import { countScreen } from "./screens/count.js";
import { debtsScreen } from "./screens/debts.js";
import { drawerScreen } from "./screens/drawer.js";
import { openPark, parkedScreen } from "./screens/parked.js";
import { doneScreen, payScreen } from "./screens/pay.js";
import { openQueue } from "./screens/queue.js";
import { refundScreen } from "./screens/refund.js";
import { saleScreen } from "./screens/sale.js";
import { openShift, shiftScreen } from "./screens/shift.js";
import { signInScreen } from "./screens/sign_in.js";
import { NotKept } from "./store.js";
import { Till } from "./till.js";

const root = document.querySelector("#till");
const said = document.querySelector("#said");
let drawing = false;
let shown = "";

const till = new Till({
  draw() {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      paint();
    });
  },
  async refused(command) {
    if (await till.overtaken(command)) return;
    if (command.problem.code === "shift-not-open") await till.lookAtShift();
    if (needsApproval(command.problem) && till.people.staff && !dialogIsOpen()) void askApproval(till, command);
  },
  closeDialogs,
  say(text) {
    said.textContent = said.textContent === text ? `${text}\u00a0` : text;
  },
});

const actions = {
  queue: () => till.queue && openQueue(till),
  help: () => openHelp(keys),
  pay: () => {
    if (!till.selling.price || till.shift === null || till.goods.looking.length) return;
    if (till.sale.phase === "cart" && till.selling.comesFirst) void till.selling.place();
    till.tookAt = null;
    till.go("pay");
  },
  back: () => till.go("sale"),
  toSale: () => till.go("sale"),
  refund: () => till.refunds.start(),
  exchange: () => till.refunds.exchange(),
  keepExchange: (kept) => till.selling.set({ ...till.sale, exchange: kept }),
  park: () => till.sale.lines.length && !till.sale.exchange && openPark(till),
  parked: () => till.parking.look(),
  drawer: () => till.drawer.look(),
  count: () => {
    till.drawer.clear();
    till.go("count");
  },
  debts: () => till.debts.look(),
  close: () => {
    till.drawer.clear();
    till.go("close");
  },
  confirmClose: (run) => confirmed("Close the shift", "The count is sent, and the shift is closed for good.", "Close the shift", run),
  printZ: (shift) => printReceipt(till, shift.receipt_id, `/shifts/${shift.id}/z-report`),
  printX: async () => {
    const report = await till.tried(() => till.api.post(`/shifts/${till.shift.id}/x-reports`, { id: newId() }, { key: newId() }));
    if (report) await printReceipt(till, report.id);
    else till.unasked("Not printed");
  },
  endShift: () => {
    till.drawer.clear();
    till.go("sale");
  },
  lock: () => till.people.staff && till.people.lock(),
  begin: async () => {
    till.tendering = null;
    const begun = till.selling.begin();
    till.go("sale");
    await begun;
  },
  clear: () => (till.sale.lines.length || till.sale.exchange) && confirmed("Clear the sale", "All its lines are removed. Nothing was paid.", "Clear", clearSale),
  discount: () => till.sale.lines.length && openDiscount(till),
  find: () => document.querySelector("#search")?.focus(),
  print: (id) => printReceipt(till, id),
  printLast: () => {
    const receipt = (till.sale.order ?? till.selling.last?.order)?.receipt_id;
    if (receipt) printReceipt(till, receipt);
    else till.warn("There is no receipt of this till to print yet.");
  },
  mail: (id) => openMail(till, id),
  openShift: () => openShift(till),
};

const hasDrawer = () => till.shift?.drawer_id !== undefined;

actions.doings = [
  { label: "Return or exchange", run: actions.refund, shortcut: "F3" },
  { label: "Parked", run: actions.parked, shortcut: "F5", if: () => till.can.park },
  { label: "Drawer", run: actions.drawer, shortcut: "F8", if: hasDrawer },
  { label: "Print the last receipt", run: actions.printLast, shortcut: "F7" },
];

/** What each key does, by screen; "" stands for every screen. The help shows the same list. */
const keys = [
  { key: "F1", does: "Show this help", run: actions.help },
  { key: "F2", does: "Scan or look for goods", on: ["sale"], run: actions.find },
  { key: "F3", does: "Take goods back, or exchange them", on: ["sale", "done"], run: actions.refund },
  { key: "F4", does: "Discount of the whole sale", on: ["sale"], run: actions.discount },
  { key: "F5", does: "Parked sales", on: ["sale"], run: () => till.can.park && actions.parked() },
  { key: "F6", does: "Park the sale", on: ["sale"], run: () => till.can.park && actions.park() },
  { key: "F7", does: "Print the receipt", on: ["sale", "done"], run: actions.printLast },
  { key: "F8", does: "Drawer: paid in, paid out, pickup, close the shift", on: ["sale"], run: () => hasDrawer() && actions.drawer() },
  { key: "F8", does: "Mail the receipt", on: ["done"], run: () => till.sale.order?.receipt_id && actions.mail(till.sale.order.receipt_id) },
  { key: "F9", does: "Pay; begin the next sale", on: ["sale"], run: actions.pay },
  { key: "F9", does: "", on: ["pay", "done"], run: () => mayBegin() && actions.begin() },
  { key: "F10", does: "Show what waits for the server", run: actions.queue },
  { key: "F7", does: "", on: ["refund"], run: () => till.refunds.answer && actions.print(till.refunds.answer.receipt_id) },
  { key: "F9", does: "", on: ["refund"], run: () => till.refunds.answer && actions.toSale() },
  { key: "F11", does: "Lock the till", run: actions.lock },
  { key: "Escape", does: "", on: ["refund", "drawer", "parked", "debts"], run: actions.toSale },
  { key: "Escape", does: "", on: ["count"], run: actions.drawer },
  { key: "Escape", does: "", on: ["close"], run: () => (till.drawer.answer ? actions.endShift() : actions.drawer()) },
  { key: "F7", does: "", on: ["close"], run: () => till.drawer.answer && actions.printZ(till.drawer.answer) },
  { key: "F9", does: "", on: ["close"], run: () => till.drawer.answer && actions.endShift() },
  { key: "Escape", does: "Back to the sale", on: ["pay"], run: () => till.sale.phase === "cart" && actions.back() },
  { key: "Alt 1 … 9", does: "Pay with the first, second … way to pay", on: ["pay"] },
];

async function clearSale() {
  const { id, parked } = till.sale;
  await actions.begin();
  if (parked) await till.parking.release(id);
}

function mayBegin() {
  if (till.sale.phase === "done") return true;
  const so = till.selling.standing;
  const refused = till.queue.of(till.sale.id).some((each) => each.state === "refused");
  return till.sale.phase === "paying" && so?.due === 0 && !so.pending && !refused;
}

function confirmed(title, text, label, run) {
  return openDialog(title, (close) =>
    form(async () => { close(); await run(); }, h("p", {}, text), h("div", { class: "ends" }, h("button", { type: "submit", class: "bad main", "data-focus": true }, label))));
}

function openMail(_till, id) {
  const typed = { to: till.sale.email ?? "", error: "" };
  return openDialog("Mail the receipt", (close, draw) =>
    form(
      async () => {
        if (!/^\S+@\S+\.\S+$/.test(typed.to.trim())) {
          typed.error = "Type an address: name@example.com";
          return draw();
        }
        close();
        await till.command({ path: `/receipts/${id}/deliveries`, body: { to: typed.to.trim() }, title: "Mail of a receipt", stream: `mail:${id}:${typed.to}` });
        till.say("The receipt will be mailed.");
      },
      field("Mail address", { id: "to", type: "email", inputmode: "email", value: typed.to, "data-focus": true, oninput: (event) => { typed.to = event.target.value; } }, { error: typed.error }),
      h("div", { class: "ends" }, h("button", { type: "submit", class: "main" }, "Mail")),
    ));
}

const ALONE = ["starting", "unkept", "pair", "elsewhere", "sign-in"];

function current() {
  if (ALONE.includes(till.screen)) return till.screen;
  if (["refund", "close", "count", "debts"].includes(till.screen)) return till.screen;
  if (till.sale.phase === "done") return "done";
  if (till.sale.phase === "paying" || (till.screen === "pay" && till.selling.standing)) return "pay";
  if (till.screen === "pay") return "sale";
  if (till.shift === null) return "shift";
  return till.screen;
}

const SCREENS = {
  starting: () => h("main", { class: "alone", key: "starting" }, h("h1", {}, "Till"), h("p", {}, "The till starts…")),
  unkept: () => h("main", { class: "alone", key: "unkept" }, h("h1", { tabindex: "-1" }, "This browser keeps nothing for the till"), h("p", {}, "Its storage is blocked or broken, and a sale could be lost. Allow this page to store data, leave private browsing, or take another browser; then load the page again.")),
  elsewhere: () => h("main", { class: "alone", key: "elsewhere" }, h("h1", { tabindex: "-1" }, "The till is open in another window"), h("p", {}, "Work there, or close it: this one takes over then.")),
  pair: () => pairScreen(till),
  "sign-in": () => signInScreen(till),
  refund: () => refundScreen(till, actions),
  parked: () => parkedScreen(till, actions),
  drawer: () => drawerScreen(till, actions),
  count: () => countScreen(till, actions),
  close: () => closeScreen(till, actions),
  debts: () => debtsScreen(till, actions),
  shift: () => shiftScreen(till, actions),
  sale: () => saleScreen(till, actions),
  pay: () => payScreen(till, actions),
  done: () => doneScreen(till, actions),
};

function paint() {
  const screen = current();
  const framed = !["starting", "unkept", "pair", "elsewhere"].includes(screen);
  show(root, framed && bar(till, actions), notice(till), SCREENS[screen]());
  document.title = `${{ pay: "To pay", done: "Receipt", pair: "Pair", shift: "Shift", refund: "Return", drawer: "Drawer", count: "Count the drawer", debts: "Owed to customers", parked: "Parked sales", close: "Close the shift", "sign-in": "Sign in" }[screen] ?? "Sale"} · Till`;
  redrawDialogs();
  if (screen !== shown) {
    shown = screen;
    if (!dialogIsOpen()) root.querySelector("main [data-focus]")?.focus();
  }
}

function pressed(event) {
  if (event.repeat && (event.key === "Enter" || event.altKey)) return event.preventDefault();
  if (dialogIsOpen()) return;
  const screen = current();
  if (event.altKey && screen === "pay" && /^[1-9]$/.test(event.key)) {
    event.preventDefault();
    document.querySelector(`[data-tender="${event.key}"]`)?.click();
    return;
  }
  const found = keys.find(({ key, on, run }) => key === event.key && run && (!on || on.includes(screen)));
  if (!found || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  found.run();
}

async function begin() {
  addEventListener("keydown", pressed);
  listen((code) => {
    if (!dialogIsOpen() && ["sale", "done", "refund"].includes(current())) void till.goods.enter(code);
  }, () => till.warn("That was a scan, and no amount: nothing was typed."));
  try {
    await till.start();
  } catch (error) {
    if (!(error instanceof NotKept) || till.store) throw error;
    till.go("unkept");
  }
}

/** Whoever gave a command is told by the till that it is not kept; nothing else may fail without a word. */
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof NotKept) event.preventDefault();
  else till.warn("The till has failed at what was asked last: load the page again, and look whether it was done.");
});

// One window at a time works with the store: two would send the same commands.
if (navigator.locks) {
  let waits = true;
  setTimeout(() => waits && till.go("elsewhere"), 300);
  void navigator.locks.request("till", async () => {
    waits = false;
    await begin();
    await new Promise(() => {});
  });
} else {
  void begin();
}
