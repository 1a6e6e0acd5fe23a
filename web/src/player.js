// The page around the component: which video (`?video=`), and from when (`#t=`).
import "./shoppable-video.js";
import { element } from "./dom.js";
import { fetchJson } from "./offers.js";
import { fragmentStart } from "./timeline.js";

const page = document.getElementById("player");

if (page) {
  const player = element("shoppable-video", { video: new URLSearchParams(location.search).get("video") ?? "" });
  const seek = () => {
    const seconds = fragmentStart(location.hash);
    if (seconds !== null) player.seek(seconds * 1000);
  };
  player.addEventListener("shoppable:ready", seek);
  window.addEventListener("hashchange", seek);
  fetchJson(new URL("config.json", document.baseURI))
    .then((config) => player.setAttribute("cart-origins", config.cart_origins.join(" ")))
    .catch(() => {});
  page.replaceChildren(player);
}
