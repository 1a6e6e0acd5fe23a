// Bundles the player into dist/: static files that any web server or CDN can serve.
import { cp, mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
await cp("static", "dist", { recursive: true });
// hls.js repackages segments in a worker. As a file of its own it needs no `blob:` in the page's content security policy.
await cp("node_modules/hls.js/dist/hls.worker.js", "dist/hls.worker.js");
await cp("node_modules/hls.js/LICENSE", "dist/hls.js.LICENSE.txt");
await build({
  entryPoints: ["src/player.js"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  minify: true,
  target: ["es2022"],
  loader: { ".css": "text" },
  legalComments: "linked",
  logLevel: "warning",
});
