// A line of the sale: how much of it, at what price, with which discount. And the discount of the whole sale.

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { read, written } from "../money.js";
import { button, field, form, keypad } from "../parts.js";
import { thousandths, written as quantityWritten } from "../quantity.js";

export function openLine(till, line) {
  const { exponent, selling } = till;
  const typed = { quantity: line.quantity, price: line.unit_price ? written(line.unit_price.amount, exponent) : "", ...discountTyped(line.discounts, exponent), errors: {} };
  return openDialog(line.title, (close, draw) => {
    const keep = async () => {
      const quantity = thousandths(typed.quantity);
      const price = typed.price.trim() ? read(typed.price, exponent) : undefined;
      const discounts = discountRead(typed, exponent);
      typed.errors = {
        ...(quantity === null && { quantity: "Type a quantity above zero, with at most three decimals: 0.250" }),
        ...(price === null && { price: `Type an amount of ${till.currency}, or nothing for the list price.` }),
        ...(discounts === null && { discount: discountHelp(typed, till) }),
      };
      if (Object.keys(typed.errors).length) return draw();
      const { unit_price: _, ...rest } = line;
      const wanted = { ...rest, quantity: quantityWritten(quantity), discounts, ...(price !== undefined && { unit_price: { amount: price } }) };
      close();
      await selling.set({ ...till.sale, lines: till.sale.lines.map((each) => (each.id === line.id ? wanted : each)) });
    };
    const set = (text) => { typed.quantity = text; typed.begun = true; draw(); };
    return form(
      keep,
      h("div", { class: "beside" },
        h("div", {},
          field("Quantity", { id: "quantity", inputmode: "decimal", value: typed.quantity, "data-focus": true, onfocus: (event) => event.target.select(), oninput: (event) => set(event.target.value) }, { error: typed.errors.quantity, hint: line.barcode ? "As the barcode says, times this" : undefined }),
          field("Price of one", { id: "price", inputmode: "decimal", value: typed.price, oninput: (event) => { typed.price = event.target.value; } }, { error: typed.errors.price, hint: "Empty: the list price" }),
          discountFields(typed, draw, till)),
        keypad(() => (typed.begun ? typed.quantity : ""), set)),
      h("div", { class: "ends" },
        button("Remove from the sale", async () => { close(); await selling.remove(line.id); }, { class: "bad" }),
        h("button", { type: "submit", class: "main" }, "Keep")),
    );
  });
}

export function openDiscount(till) {
  const typed = { ...discountTyped(till.sale.discounts, till.exponent), errors: {} };
  return openDialog("Discount of the whole sale", (close, draw) => {
    const keep = async () => {
      const discounts = discountRead(typed, till.exponent);
      if (discounts === null) {
        typed.errors = { discount: discountHelp(typed, till) };
        return draw();
      }
      close();
      await till.selling.discount(discounts);
    };
    return form(
      keep,
      h("div", { class: "beside" }, h("div", {}, discountFields(typed, draw, till, true)),
        keypad(() => typed.discount, (text) => { typed.discount = text; draw(); })),
      h("div", { class: "ends" },
        button("No discount", async () => { close(); await till.selling.discount([]); }),
        h("button", { type: "submit", class: "main" }, "Keep")),
    );
  });
}

function discountFields(typed, draw, till, focus = false) {
  const kinds = [["percent", "Percent"], ["amount", `Amount in ${till.currency}`]];
  return [
    field("Discount", { id: "discount", inputmode: "decimal", value: typed.discount, "data-focus": focus || undefined, oninput: (event) => { typed.discount = event.target.value; } }, { error: typed.errors.discount, hint: "Empty: none" }),
    h("fieldset", { class: "choice" }, h("legend", {}, "The discount is"),
      kinds.map(([kind, label]) =>
        h("label", { key: kind }, h("input", { type: "radio", name: "kind", value: kind, checked: typed.kind === kind, onchange: () => { typed.kind = kind; draw(); } }), label))),
  ];
}

function discountTyped([discount], exponent) {
  if (!discount) return { kind: "percent", discount: "" };
  return discount.percent ? { kind: "percent", discount: discount.percent } : { kind: "amount", discount: written(discount.amount.amount, exponent) };
}

/** Read what was typed: a list of none or one, as the API takes it; null when it is no discount. */
function discountRead({ kind, discount }, exponent) {
  const text = discount.trim().replace(",", ".");
  if (!text) return [];
  if (kind === "amount") {
    const amount = read(text, exponent);
    return amount ? [{ amount: { amount } }] : null;
  }
  return /^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$/.test(text) && Number(text) > 0 ? [{ percent: text }] : null;
}

const discountHelp = ({ kind }, till) => (kind === "percent" ? "Type a percentage above 0, up to 100." : `Type an amount of ${till.currency}.`);
