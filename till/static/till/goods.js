// Finding goods: by barcode, by SKU, or by a part of the name.

import { isReceipt } from "./scan.js";
import { short } from "./quantity.js";

const SHOWN = 24;

export class Goods {
  constructor(till) {
    Object.assign(this, { till, found: [], sought: "", nothing: false, looking: [] });
    this.turn = 0;
  }

  /** Show what a text finds; everything, without one. */
  async find(text) {
    const turn = (this.turn += 1);
    const page = await this.till.tried(() => this.till.api.get("/variants", { limit: SHOWN, ...(text && { q: text }) }));
    if (!page || turn !== this.turn) return;
    Object.assign(this, { found: page.results, sought: text, nothing: !page.results.length });
    this.till.draw();
  }

  /** Take what was scanned, or typed and entered: goods by their code, or else what the text finds. */
  async enter(code) {
    const text = code.trim();
    if (!text) return;
    if (isReceipt(text)) {
      void this.till.refunds.open(text);
      return;
    }
    const one = await this.lookedUp(text);
    if (one === undefined) this.lost(text);
    else if (one) this.take(one, text);
    else if (one === null) {
      await this.find(text);
      this.till.say(this.nothing ? `Nothing is found for ${text}.` : `${this.found.length} found for ${text}.`);
    }
  }

  /** Look a code up. Meanwhile it is shown, and nobody pays: it may be of the sale. */
  async lookedUp(code) {
    this.looking = [...this.looking, code];
    this.till.draw();
    try {
      return await this.till.tried(() => this.named(code));
    } finally {
      const place = this.looking.indexOf(code);
      this.looking = this.looking.filter((_each, index) => index !== place);
      this.till.draw();
    }
  }

  /** A code that nobody could look up is not kept: say so to who has scanned it. */
  lost(code) {
    const { offline, failing } = this.till;
    const why = offline || failing ? "the server did not answer. Scan it again when it does." : "the server has refused to look it up.";
    this.till.warn(`${code} is not in the sale: ${why}`);
  }

  async named(code) {
    for (const query of [{ barcode: code }, { sku: code }]) {
      const { results } = await this.till.api.get("/variants", { ...query, limit: 2 });
      if (results.length === 1) return results[0];
    }
    return null;
  }

  take(variant, scanned = "") {
    if (this.till.screen === "refund") return this.till.refunds.take(variant);
    if (!isPriced(variant)) return this.till.warn(`${variant.title} has no price in ${this.till.currency} and is not in the sale: the shop has to add one to a price list in ${this.till.currency}.`);
    const carries = variant.scanned_price || (variant.scanned_quantity && isOfScale(variant, scanned));
    this.till.selling.add({
      ...(carries ? { barcode: scanned } : { variant_id: variant.id }),
      title: variant.title,
      quantity: !carries && variant.scanned_quantity ? short(variant.scanned_quantity) : "1",
    });
  }
}

const isPriced = (variant) => variant.prices.length > 0 || variant.scanned_price !== null;
/** Of its 13 digits a scanner may leave a zero in front out, or put one more there. */
const isOfScale = (variant, scanned) => variant.scale_barcodes.some(({ code }) => scanned.padStart(14, "0").startsWith(`0${code}`));
