// <shoppable-video video="ID" [base="https://cdn.example/"] [cart-origins="https://shop.example …"]>
//
// Plays a published video and offers what is on screen. Its `data-state` is loading, ready, unpublished, missing or failed;
// its shadow root is open; `data-time-ms` is where it is. It dispatches `shoppable:add-to-cart` with
// {feedId, productId, appearanceId, videoId, timeMs, price: {minorUnits, currency}}, bubbling and composed, and posts the same to
// the parent window of an embedding page whose origin is listed in `cart-origins`.
import { Card } from "./card.js";
import { Controls } from "./controls.js";
import { element, icon } from "./dom.js";
import { Hotspots } from "./hotspots.js";
import { Playhead, playHls } from "./media.js";
import { fetchJson, Offers, priceNow, priceText } from "./offers.js";
import css from "./shoppable-video.css";
import { appearancesAt, clock } from "./timeline.js";

const AHEAD_MS = 8000;
const LATE_MS = 100;
const MESSAGES = {
  missing: ["No such video", "The link may be old, or the video has not been published yet."],
  unpublished: ["This video is no longer available", "It has been taken down by its publisher."],
  failed: ["The video cannot be shown", "Please check your connection and try again."],
};
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

export class ShoppableVideo extends HTMLElement {
  static observedAttributes = ["video"];

  #run = 0;
  #stop = () => {};
  /** @type {Map<string, Card>} */
  #cards = new Map();
  #now = [];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    this.#load();
  }

  disconnectedCallback() {
    this.#run += 1;
    this.#stop();
  }

  attributeChangedCallback(_, before, after) {
    if (this.isConnected && before !== after && before !== null) this.#load();
  }

  /** The media element, when ready. */
  get media() {
    return this.shadowRoot.querySelector("video");
  }

  /** Goes to a time of the timeline, in milliseconds; before the video is ready, nothing happens. */
  seek(ms) {
    this.playhead?.seek(ms);
  }

  get #root() {
    return new URL(this.getAttribute("base") ?? "/", document.baseURI);
  }

  get #locale() {
    return navigator.language || "en";
  }

  async #load() {
    const run = ++this.#run;
    this.#stop();
    this.#cards.clear();
    this.#now = [];
    this.dataset.state = "loading";
    this.shadowRoot.replaceChildren(element("div", { class: "waiting", role: "status", "aria-label": "Loading" }));
    const id = this.getAttribute("video") ?? "";
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      this.#message("missing");
      return;
    }
    try {
      const pointer = await fetchJson(new URL(`videos/${id}.json`, this.#root));
      if (run !== this.#run) return;
      if (pointer.state !== "published") {
        this.#message("unpublished");
        return;
      }
      const timeline = await fetchJson(new URL(pointer.timeline, this.#root));
      if (run === this.#run) this.#build(timeline);
    } catch (error) {
      if (run === this.#run) this.#message(error.status === 404 || error.status === 403 ? "missing" : "failed");
    }
  }

  #message(state, detail) {
    this.#stop();
    this.dataset.state = state;
    const [title, text] = MESSAGES[state];
    const box = element("div", { class: "message", role: "alert" }, element("h2", {}, title), element("p", {}, detail ?? text));
    if (state === "failed") {
      const again = element("button", { type: "button" }, "Try again");
      again.addEventListener("click", () => this.#load());
      box.append(again);
    }
    this.shadowRoot.replaceChildren(box);
  }

  #build(timeline) {
    this.timeline = timeline;
    this.offers = new Offers(this.#root, timeline.shop_id);
    const { video: about, appearances } = timeline;
    const video = element("video", { playsinline: true, preload: "auto", poster: new URL(about.poster, this.#root).href, part: "video" });
    const stage = element("div", { class: "stage", tabindex: "0", role: "group", "aria-label": "Video", part: "stage" });
    stage.style.setProperty("--aspect", `${about.width} / ${about.height}`);
    this.spots = new Hotspots(video, about, (product) => this.#choose(product));
    this.playhead = new Playhead(video);
    const controls = new Controls(this.playhead, stage, about.duration_ms, appearances);
    const big = element("button", { class: "big", type: "button", tabindex: "-1", "aria-hidden": "true" }, icon("play"));
    big.addEventListener("click", () => controls.toggle());
    stage.append(video, this.spots.element, big, controls.element);

    this.list = element("ul", { class: "cards", part: "cards" });
    this.count = element("span", { class: "count" }, "0");
    this.empty = element("p", { class: "empty" }, "Products show up here as they come on screen.");
    this.live = element("p", { class: "live", role: "status", "aria-live": "polite" });
    const carousel = element("section", { class: "carousel", role: "region", "aria-roledescription": "carousel", "aria-label": "Products on screen", part: "carousel" },
      element("h2", {}, "On screen now ", this.count), this.list, this.empty, this.live);
    this.list.addEventListener("keydown", (event) => this.#walk(event));
    this.shadowRoot.replaceChildren(element("div", { class: "layout" }, stage, element("div", { class: "side" }, carousel, this.#moments(appearances))));

    const unplay = playHls(this.playhead, new URL(about.hls, this.#root), (reason) => this.#message("failed", reason));
    const resize = new ResizeObserver(() => this.#sync(this.playhead.ms));
    resize.observe(video);
    const unfollow = this.#follow(video);
    this.#stop = () => {
      unfollow();
      resize.disconnect();
      unplay();
      this.#stop = () => {};
    };
    this.dataset.state = "ready";
    this.#sync(0);
    this.dispatchEvent(new CustomEvent("shoppable:ready", { bubbles: true, composed: true, detail: { videoId: timeline.video_id } }));
  }

  /** Everything that can be bought in the video, in order; a tap leads to its moment. */
  #moments(appearances) {
    const first = new Map();
    for (const appearance of [...appearances].sort((a, b) => a.start_ms - b.start_ms)) {
      if (!first.has(appearance.product_id)) first.set(appearance.product_id, appearance);
    }
    const list = element("ul", { part: "moments" });
    for (const appearance of first.values()) {
      const ms = appearance.start_ms + Math.min(400, (appearance.end_ms - appearance.start_ms) / 2);
      const at = ms / 1000;
      const button = element("button", { type: "button", "aria-label": `Go to ${clock(at)}` }, element("span", { class: "at" }, clock(at)));
      button.addEventListener("click", () => {
        this.playhead.seek(ms);
      });
      list.append(element("li", { "data-moment": appearance.appearance_id }, button));
      this.#whenSeen(button, () => this.#thumb(button, appearance.product_id, at));
    }
    return element("section", { class: "moments", "aria-label": "In this video" }, element("h2", {}, "In this video"), list);
  }

  #whenSeen(target, act) {
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      act();
    });
    watch.observe(target);
  }

  async #thumb(button, product, at) {
    const offer = await this.offers.get(product).catch(() => null);
    if (!offer) return;
    button.setAttribute("aria-label", `${offer.title}, at ${clock(at)}`);
    button.title = offer.title;
    if (offer.image) button.prepend(element("img", { src: new URL(offer.image, this.#root).href, alt: "", loading: "lazy", decoding: "async" }));
  }

  /** Calls #sync for every frame that is presented, and after every seek. */
  #follow(video) {
    let going = true;
    const exact = "requestVideoFrameCallback" in HTMLVideoElement.prototype;
    const frame = (_, metadata) => {
      if (!going) return;
      const shown = this.playhead.at(metadata?.mediaTime ?? video.currentTime);
      // In a video that stands still, a frame far from the clock is one of before a seek, presented late.
      this.#sync(video.paused && Math.abs(shown - this.playhead.ms) > LATE_MS ? this.playhead.ms : shown);
      if (exact) video.requestVideoFrameCallback(frame);
      else requestAnimationFrame(() => frame());
    };
    if (exact) video.requestVideoFrameCallback(frame);
    else requestAnimationFrame(() => frame());
    const jump = () => this.#sync(this.playhead.ms);
    for (const event of ["seeked", "ended", "loadeddata"]) video.addEventListener(event, jump);
    return () => {
      going = false;
    };
  }

  #sync(ms) {
    const { appearances } = this.timeline;
    const now = appearancesAt(appearances, ms);
    if (now.length !== this.#now.length || now.some((appearance, k) => appearance !== this.#now[k])) {
      this.#now = now;
      this.spots.keep(now);
      this.#fill(now);
    }
    this.spots.place(now, ms);
    this.dataset.timeMs = String(Math.round(ms));
    for (const appearance of appearances) {
      if (appearance.start_ms > ms && appearance.start_ms < ms + AHEAD_MS) this.offers.get(appearance.product_id).catch(() => {});
    }
  }

  /** The carousel shows exactly the products on screen, a product once. */
  #fill(now) {
    const wanted = new Map(now.map((appearance) => [appearance.product_id, appearance]).reverse());
    for (const [product, card] of this.#cards) {
      if (!wanted.has(product) || card.appearance !== wanted.get(product)) {
        card.element.remove();
        this.#cards.delete(product);
      }
    }
    for (const appearance of now) {
      if (!this.#cards.has(appearance.product_id)) this.#add(wanted.get(appearance.product_id));
    }
    this.count.textContent = String(this.#cards.size);
    this.empty.hidden = this.#cards.size > 0;
    this.list.querySelectorAll(".card").forEach((card, index) => {
      card.tabIndex = index === 0 ? 0 : -1;
    });
  }

  #add(appearance) {
    const card = new Card(appearance, { root: this.#root, locale: this.#locale, add: (chosen) => this.#cart(chosen), point: (product) => this.spots.point(product) });
    this.#cards.set(appearance.product_id, card);
    this.list.append(card.element);
    this.offers.get(appearance.product_id).then((offer) => {
      card.show(offer);
      this.spots.name(appearance.product_id, offer.title, priceText(priceNow(offer).price, this.#locale));
      if (this.#cards.get(appearance.product_id) === card) this.live.textContent = `Now on screen: ${offer.title}`;
    }).catch(() => card.fail());
  }

  #choose(product) {
    const card = this.#cards.get(product)?.element;
    if (!card) return;
    card.scrollIntoView({ behavior: "smooth", block: "nearest", inline: "nearest" });
    card.focus({ preventScroll: true });
    card.classList.remove("chosen");
    requestAnimationFrame(() => card.classList.add("chosen"));
  }

  /** Arrow keys go from card to card. */
  #walk(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const cards = [...this.list.querySelectorAll(".card")];
    const at = cards.indexOf(event.target.closest(".card"));
    if (!step || at < 0) return;
    event.preventDefault();
    const next = cards[(at + step + cards.length) % cards.length];
    for (const card of cards) card.tabIndex = card === next ? 0 : -1;
    next.focus();
  }

  #cart(card) {
    const { price } = priceNow(card.offer);
    const detail = {
      feedId: card.offer.feed_id, productId: card.appearance.product_id, appearanceId: card.appearance.appearance_id, videoId: this.timeline.video_id,
      timeMs: Math.round(this.playhead.ms), price: { minorUnits: price.minor_units, currency: price.currency },
    };
    this.dispatchEvent(new CustomEvent("shoppable:add-to-cart", { bubbles: true, composed: true, detail }));
    if (window.parent !== window) {
      for (const origin of (this.getAttribute("cart-origins") ?? "").split(/\s+/).filter(Boolean)) {
        window.parent.postMessage({ type: "shoppable:add-to-cart", detail }, origin);
      }
    }
    card.thank();
    this.live.textContent = `${card.offer.title} was added to the cart`;
  }
}

customElements.define("shoppable-video", ShoppableVideo);
