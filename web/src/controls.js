// Play, seek, sound and full screen, with the moments that can be bought marked on the seek bar.
import { element, icon } from "./dom.js";
import { clock } from "./timeline.js";

const STEP_SECONDS = 5;

export class Controls {
  /**
   * @param {import("./media.js").Playhead} playhead
   * @param {HTMLElement} stage what goes full screen
   * @param {number} durationMs
   * @param {import("./timeline.js").Appearance[]} appearances
   */
  constructor(playhead, stage, durationMs, appearances) {
    const { video } = playhead;
    this.playhead = playhead;
    this.video = video;
    this.stage = stage;
    this.seconds = durationMs / 1000;
    this.play = this.#button("Play", "play", () => this.toggle());
    this.sound = this.#button("Mute", "sound", () => this.mute());
    this.full = this.#button("Full screen", "full", () => this.fullScreen());
    this.seek = element("input", { type: "range", min: "0", max: String(durationMs), step: "10", value: "0", "aria-label": "Seek" });
    this.time = element("span", { class: "time" }, `0:00 / ${clock(this.seconds)}`);
    const marks = element("div", { class: "marks", "aria-hidden": "true" });
    for (const appearance of appearances) {
      const mark = element("i");
      mark.style.left = `${(appearance.start_ms / durationMs) * 100}%`;
      mark.style.width = `${((appearance.end_ms - appearance.start_ms) / durationMs) * 100}%`;
      marks.append(mark);
    }
    this.element = element("div", { class: "controls", part: "controls" }, this.play, this.time, element("div", { class: "bar" }, marks, this.seek), this.sound, this.full);
    this.seek.addEventListener("input", () => {
      playhead.seek(Number(this.seek.value));
    });
    for (const event of ["play", "pause", "volumechange", "timeupdate", "seeking"]) video.addEventListener(event, () => this.refresh());
    video.addEventListener("click", () => this.toggle());
    stage.addEventListener("keydown", (event) => this.#key(event));
    this.refresh();
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  mute() {
    this.video.muted = !this.video.muted;
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.stage.requestFullscreen) this.stage.requestFullscreen().catch(() => {});
    else this.video.webkitEnterFullscreen?.();
  }

  refresh() {
    const { paused, muted } = this.video;
    const seconds = this.playhead.ms / 1000;
    this.#set(this.play, paused ? "Play" : "Pause", paused ? "play" : "pause");
    this.#set(this.sound, muted ? "Unmute" : "Mute", muted ? "muted" : "sound");
    this.stage.classList.toggle("playing", !paused);
    this.time.textContent = `${clock(seconds)} / ${clock(this.seconds)}`;
    this.seek.value = String(Math.round(seconds * 1000));
    this.seek.setAttribute("aria-valuetext", `${clock(seconds)} of ${clock(this.seconds)}`);
    this.seek.style.setProperty("--done", `${Math.min(100, (seconds / this.seconds) * 100)}%`);
  }

  #button(label, shape, act) {
    const made = element("button", { type: "button", "aria-label": label }, icon(shape));
    made.dataset.shape = shape;
    made.addEventListener("click", act);
    return made;
  }

  #set(button, label, shape) {
    if (button.dataset.shape === shape) return;
    button.dataset.shape = shape;
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(shape));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    const onBar = event.target === this.seek;
    const acts = {
      " ": !onButton && (() => this.toggle()),
      k: () => this.toggle(),
      m: () => this.mute(),
      f: () => this.fullScreen(),
      ArrowLeft: !onBar && (() => this.#step(-STEP_SECONDS)),
      ArrowRight: !onBar && (() => this.#step(STEP_SECONDS)),
    };
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  }

  #step(seconds) {
    this.playhead.seek(Math.min(this.seconds * 1000, Math.max(0, this.playhead.ms + seconds * 1000)));
  }
}
