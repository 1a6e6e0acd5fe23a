// Plays an HLS playlist: by hls.js where there is Media Source Extensions, else by the browser itself (Safari on iPhone).
import Hls from "hls.js";

/**
 * The time of a video as the timeline counts it: 0 is the first presented frame. A media element may count from elsewhere: where
 * there are B-frames, a segment's first frame is decoded earlier than it is shown, and hls.js begins with the former.
 */
export class Playhead {
  #wanted = null;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    /** Seconds on the element's clock at which the first frame is shown. */
    this.offset = 0;
  }

  get ms() {
    return this.at(this.video.currentTime);
  }

  /** A time of the element's clock (seconds) in milliseconds of the timeline. */
  at(seconds) {
    return Math.max(0, (seconds - this.offset) * 1000);
  }

  seek(ms) {
    this.#wanted = ms;
    this.video.currentTime = ms / 1000 + this.offset;
  }

  /** To be called when the offset is known; a seek from before is corrected, unless the viewer has moved on. */
  settle(offset) {
    const moved = this.#wanted === null || Math.abs(this.video.currentTime - this.#wanted / 1000 - this.offset) > 0.05;
    this.offset = offset;
    if (!moved) this.seek(this.#wanted);
  }
}

/**
 * @param {Playhead} playhead
 * @param {URL} playlist
 * @param {(message: string) => void} failed called once when playing is out of the question
 * @returns {() => void} stops and lets go of everything
 */
export function playHls(playhead, playlist, failed) {
  const { video } = playhead;
  if (!Hls.isSupported()) {
    if (!video.canPlayType("application/vnd.apple.mpegurl")) {
      failed("This browser cannot play the video.");
      return () => {};
    }
    video.addEventListener("error", () => failed("The video could not be loaded."), { once: true });
    video.src = playlist.href;
    return () => video.removeAttribute("src");
  }
  const hls = new Hls({ workerPath: new URL("hls.worker.js", import.meta.url).href, capLevelToPlayerSize: true, maxBufferLength: 20 });
  measureOffset(hls, (offset) => playhead.settle(offset));
  let recovered = false;
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
      recovered = true;
      hls.recoverMediaError();
      return;
    }
    hls.destroy();
    failed("The video could not be loaded.");
  });
  hls.loadSource(playlist.href);
  hls.attachMedia(video);
  return () => hls.destroy();
}

/** By how much the first segment that arrives is shown later than the playlist says. */
function measureOffset(hls, found) {
  /** @type {Map<number, number>} sequence number → start by the playlist, before hls.js corrects it */
  const starts = new Map();
  hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => {
    if (starts.size) return;
    let start = 0;
    for (const fragment of details.fragments) {
      starts.set(fragment.sn, start);
      start += fragment.duration;
    }
  });
  const measure = (_, { frag }) => {
    const shown = frag.elementaryStreams.video ?? frag.elementaryStreams.audiovideo;
    if (frag.type !== "main" || !shown || !starts.has(frag.sn)) return;
    hls.off(Hls.Events.FRAG_BUFFERED, measure);
    found(shown.startPTS - starts.get(frag.sn));
  };
  hls.on(Hls.Events.FRAG_BUFFERED, measure);
}
