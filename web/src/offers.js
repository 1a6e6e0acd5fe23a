// offers.v1: fetched when needed, kept for a minute, never trusted: a shop's feed is other people's text.

const KEPT_MS = 60_000;

const STOCK = {
  in_stock: { text: "In stock", action: "Add to cart" },
  preorder: { text: "Pre-order", action: "Pre-order" },
  backorder: { text: "Ships later", action: "Add to cart" },
  out_of_stock: { text: "Sold out", action: null },
};

/** Offers of one shop below one distribution. */
export class Offers {
  /** @param {URL} root @param {string} shop */
  constructor(root, shop) {
    this.root = root;
    this.shop = shop;
    /** @type {Map<string, {at: number, offer: Promise<any>}>} */
    this.kept = new Map();
  }

  /** The offer of a product; rejects when it cannot be had, and a later call tries again. */
  get(product) {
    const known = this.kept.get(product);
    if (known && Date.now() - known.at < KEPT_MS) return known.offer;
    const offer = fetchJson(new URL(`offers/${this.shop}/${product}.json`, this.root));
    this.kept.set(product, { at: Date.now(), offer });
    offer.catch(() => this.kept.delete(product));
    return offer;
  }
}

/** @param {URL} url */
export async function fetchJson(url) {
  const answer = await fetch(url, { credentials: "omit" });
  if (!answer.ok) {
    const error = new Error(`${url.pathname}: ${answer.status}`);
    error.status = answer.status;
    throw error;
  }
  return answer.json();
}

/** An amount as text in the viewer's language. The currency says how many minor units make one. */
export function priceText(price, locale) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency: price.currency });
  return format.format(price.minor_units / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** What is asked for now: the sale price inside its window (open ends allowed), else the price. */
export function priceNow(offer, now = Date.now()) {
  if (!offer.sale_price) return { price: offer.price, before: null };
  const begun = !offer.sale_starts_at || Date.parse(offer.sale_starts_at) <= now;
  const over = offer.sale_ends_at && Date.parse(offer.sale_ends_at) <= now;
  return begun && !over ? { price: offer.sale_price, before: offer.price } : { price: offer.price, before: null };
}

/** What the card says of the stock, and what its button does (null: nothing). */
export function stockOf(offer) {
  return STOCK[offer.availability] ?? { text: "", action: null };
}

/** The offer's link when it leads to a web page, else null (`javascript:` and the like come in feeds too). */
export function safeLink(link) {
  try {
    const url = new URL(link);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
