// Plays an HLS playlist: by hls.js where there is Media Source Extensions, else by the browser itself (Safari on iPhone).
import Hls from "hls.js";

/**
 * @param {HTMLVideoElement} video
 * @param {URL} playlist
 * @param {(message: string) => void} failed called once when playing is out of the question
 * @returns {() => void} stops and lets go of everything
 */
export function playHls(video, playlist, failed) {
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
