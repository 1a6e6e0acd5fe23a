// Boxes over the picture that follow the products from frame to frame.
import { element } from "./dom.js";
import { boxAt, pictureIn } from "./timeline.js";

/** Half of the widest name tag, in pixels: closer to an edge it would be cut off. */
const TAG_HALF = 126;

export class Hotspots {
  /**
   * @param {HTMLVideoElement} video
   * @param {{width: number, height: number}} size of the displayed frame
   * @param {(product: string) => void} choose
   */
  constructor(video, size, choose) {
    this.video = video;
    this.aspect = size.width / size.height;
    this.choose = choose;
    this.element = element("div", { class: "hotspots", part: "hotspots" });
    /** @type {Map<string, HTMLButtonElement>} */
    this.spots = new Map();
  }

  /** One hotspot per appearance on screen; the rest go. */
  keep(appearances) {
    const wanted = new Set(appearances.map((appearance) => appearance.appearance_id));
    for (const [id, spot] of this.spots) {
      if (!wanted.has(id)) {
        spot.remove();
        this.spots.delete(id);
      }
    }
    for (const appearance of appearances) {
      if (this.spots.has(appearance.appearance_id)) continue;
      const spot = element("button", {
        class: "hotspot", type: "button", part: "hotspot", "aria-label": "Show the product",
        "data-product-id": appearance.product_id, "data-appearance-id": appearance.appearance_id,
      }, element("span", { class: "dot" }), element("span", { class: "tag" }));
      spot.addEventListener("click", () => this.choose(appearance.product_id));
      this.spots.set(appearance.appearance_id, spot);
      this.element.append(spot);
    }
  }

  /** Moves the hotspots to where their products are at a time. */
  place(appearances, ms) {
    const picture = pictureIn(this.video.clientWidth, this.video.clientHeight, this.aspect);
    for (const appearance of appearances) {
      const spot = this.spots.get(appearance.appearance_id);
      const [x, y, width, height] = boxAt(appearance.boxes, ms);
      spot.style.transform = `translate(${picture.left + x * picture.width}px, ${picture.top + y * picture.height}px)`;
      spot.style.width = `${width * picture.width}px`;
      spot.style.height = `${height * picture.height}px`;
      const middle = picture.left + (x + width / 2) * picture.width;
      spot.classList.toggle("near-start", middle < TAG_HALF);
      spot.classList.toggle("near-end", middle > this.video.clientWidth - TAG_HALF);
    }
  }

  /** Puts the product's name and price on its hotspots. */
  name(product, title, price) {
    for (const spot of this.spots.values()) {
      if (spot.dataset.productId !== product) continue;
      spot.setAttribute("aria-label", `${title}, ${price}`);
      spot.querySelector(".tag").replaceChildren(element("b", {}, title), element("span", {}, price));
    }
  }

  /** Makes one product's hotspots stand out, or none. */
  point(product) {
    for (const spot of this.spots.values()) spot.classList.toggle("pointed", spot.dataset.productId === product);
  }
}
