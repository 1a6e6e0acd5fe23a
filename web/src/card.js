// One product: image, brand, title, price, stock, link and the way into the cart.
import { element, icon } from "./dom.js";
import { priceNow, priceText, safeLink, stockOf } from "./offers.js";

const THANKS_MS = 2200;

export class Card {
  /**
   * @param {import("./timeline.js").Appearance} appearance
   * @param {{root: URL, locale: string, add: (card: Card) => void, point: (product: string | null) => void}} host
   */
  constructor(appearance, host) {
    this.appearance = appearance;
    this.host = host;
    this.offer = null;
    this.element = element("li", {
      class: "card", role: "group", "aria-roledescription": "product", tabindex: "-1", part: "card",
      "data-product-id": appearance.product_id, "data-appearance-id": appearance.appearance_id, "data-state": "loading",
    });
    this.element.append(element("div", { class: "picture" }), element("div", { class: "bones" }));
    for (const [event, product] of [["pointerenter", appearance.product_id], ["pointerleave", null], ["focusin", appearance.product_id], ["focusout", null]]) {
      this.element.addEventListener(event, () => host.point(product));
    }
  }

  show(offer) {
    this.offer = offer;
    const { locale, root } = this.host;
    const { price, before } = priceNow(offer);
    const stock = stockOf(offer);
    const link = safeLink(offer.link);
    const picture = element("div", { class: "picture" });
    if (offer.image) picture.append(element("img", { src: new URL(offer.image, root).href, alt: "", loading: "lazy", decoding: "async" }));
    const title = element(link ? "a" : "span", { class: "title", ...(link && { href: link, target: "_blank", rel: "noopener noreferrer" }) }, offer.title);
    const prices = element("p", { class: "prices" }, element("span", { class: "price" }, priceText(price, locale)));
    if (before) {
      prices.append(element("s", { class: "before", "aria-label": `instead of ${priceText(before, locale)}` }, priceText(before, locale)));
      prices.classList.add("sale");
    }
    const text = element("div", { class: "text" }, ...(offer.brand ? [element("p", { class: "brand" }, offer.brand)] : []), element("h3", {}, title), prices,
      element("p", { class: "stock", "data-availability": offer.availability }, stock.text));
    this.button = element("button", { class: "add", type: "button" }, icon("cart"), element("span", {}, stock.action ?? "Not available"));
    this.button.disabled = stock.action === null;
    this.button.addEventListener("click", () => this.host.add(this));
    this.element.replaceChildren(picture, text, this.button);
    this.element.setAttribute("aria-label", offer.title);
    this.element.dataset.state = "ready";
  }

  fail() {
    this.element.dataset.state = "failed";
    this.element.setAttribute("aria-label", "Product");
    this.element.replaceChildren(element("div", { class: "picture" }), element("div", { class: "text" }, element("p", { class: "note" }, "Price and stock cannot be shown right now.")));
  }

  /** Says for a moment that it is in the cart. */
  thank() {
    clearTimeout(this.thanked);
    this.button.classList.add("added");
    this.button.replaceChildren(icon("done"), element("span", {}, "Added"));
    this.thanked = setTimeout(() => {
      this.button.classList.remove("added");
      this.button.replaceChildren(icon("cart"), element("span", {}, stockOf(this.offer).action));
    }, THANKS_MS);
  }
}
