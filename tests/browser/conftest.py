"""A headless Chromium and a small site with one published video."""

import json
import math
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import av
import numpy as np
import pytest

from tests.support.chromium import browser

__all__ = ["browser"]

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 16
PLAYER = Path(__file__).resolve().parents[2] / "web" / "dist"


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map: ClassVar[dict[str, str]] = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".m3u8": "application/vnd.apple.mpegurl",
        ".ts": "video/mp2t",
        ".js": "text/javascript",
    }

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


def serve(folder: Path) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return server


BAR = 40
"""Width of the bar in pixels."""


def bar_left(frame: int) -> int:
    """The bar's left edge in pixels."""
    return frame * 3 % (WIDTH - BAR)


def write_clip(folder: Path) -> None:
    """Sixteen seconds of a moving bar, as an HLS playlist with MPEG-TS segments; with B-frames, as real video is."""
    folder.mkdir(parents=True)
    options = {"hls_time": "2", "hls_playlist_type": "vod", "hls_segment_filename": str(folder / "segment-%03d.ts")}
    with av.open(str(folder / "index.m3u8"), "w", format="hls", options=options) as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "veryfast", "bf": "2", "b-adapt": "0", "g": str(RATE), "sc_threshold": "0"}
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for number in range(RATE * SECONDS):
            picture[:] = (40, 60, int(127 + 100 * math.sin(number / 40)))
            left = bar_left(number)
            picture[120:240, left : left + BAR] = 230
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())


def any_offer(product: str, **changes: object) -> dict[str, object]:
    return {
        "schema_version": "offers.v1",
        "shop_id": "demo-shop",
        "product_id": product,
        "feed_id": product.upper(),
        "title": f"Product {product}",
        "brand": "Nordlys",
        "image": "images/demo-shop/pixel.png",
        "link": f"https://shop.example/p/{product}",
        "price": {"minor_units": 1299, "currency": "EUR"},
        "sale_price": None,
        "sale_starts_at": None,
        "sale_ends_at": None,
        "availability": "in_stock",
        "alternates": [],
        **changes,
    }


APPEARANCES = [
    ("one", 2000, 6000, [[2000, 0.1, 0.1, 0.2, 0.4], [4000, 0.5, 0.3, 0.2, 0.4], [6000, 0.5, 0.5, 0.1, 0.2]]),
    ("two", 4000, 8000, [[4000, 0.7, 0.2, 0.2, 0.5], [7960, 0.6, 0.2, 0.2, 0.5]]),
    ("hostile", 9000, 10000, [[9000, 0.3, 0.3, 0.3, 0.3]]),
    ("lost", 11000, 12000, [[11000, 0.3, 0.3, 0.3, 0.3]]),
    ("sold-out", 12500, 14000, [[12500, 0.3, 0.3, 0.3, 0.3]]),
    ("bar", 14200, 15800, [[frame * 40, bar_left(frame) / WIDTH, 1 / 3, BAR / WIDTH, 1 / 3] for frame in (355, 394)]),
]

TIMELINE = {
    "schema_version": "timeline.v1",
    "shop_id": "demo-shop",
    "video_id": "video-1",
    "asset_id": "asset-1",
    "video": {
        "duration_ms": SECONDS * 1000,
        "width": WIDTH,
        "height": HEIGHT,
        "frame_rate": [RATE, 1],
        "drop_frame": False,
        "hls": "media/video-1/asset-1/hls/index.m3u8",
        "poster": "media/video-1/asset-1/poster.png",
        "renditions": [{"name": "360p", "width": WIDTH, "height": HEIGHT}],
    },
    "shots": [],
    "appearances": [
        {"appearance_id": f"appearance-{name}", "product_id": name, "start_ms": start, "end_ms": end, "boxes": boxes}
        for name, start, end, boxes in APPEARANCES
    ],
}
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>&amp;'


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root address of a site laid out as the delivery bucket is."""
    if not (PLAYER / "index.html").exists():
        pytest.fail("the player is not built: run `make web`")
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(PLAYER, root / "player")
    write_clip(root / "media" / "video-1" / "asset-1" / "hls")
    pixel = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 200, np.uint8), format="rgb24")
    for path in (root / "images" / "demo-shop" / "pixel.png", root / "media" / "video-1" / "asset-1" / "poster.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", format="image2") as container:
            stream = container.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
            container.mux(stream.encode(pixel))
            container.mux(stream.encode())

    def write(path: str, document: object) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(document), encoding="utf-8")

    write("timelines/video-1/abc/timeline.json", TIMELINE)
    published = {"schema_version": "pointer.v1", "video_id": "video-1", "shop_id": "demo-shop", "state": "published"}
    write("videos/video-1.json", {**published, "timeline": "timelines/video-1/abc/timeline.json"})
    write("videos/gone.json", {**published, "video_id": "gone", "state": "unpublished", "timeline": None})
    write("videos/broken.json", {**published, "video_id": "broken", "timeline": "timelines/broken/timeline.json"})
    (root / "timelines" / "broken").mkdir()
    (root / "timelines" / "broken" / "timeline.json").write_text("not JSON", encoding="utf-8")
    sale = {"sale_price": {"minor_units": 999, "currency": "EUR"}, "sale_starts_at": "2020-01-01T00:00:00Z"}
    write("offers/demo-shop/one.json", any_offer("one", **sale, sale_ends_at="2099-01-01T00:00:00Z"))
    write("offers/demo-shop/two.json", any_offer("two", **sale, sale_ends_at="2020-02-01T00:00:00Z"))
    write(
        "offers/demo-shop/hostile.json",
        any_offer("hostile", title=HOSTILE, brand=HOSTILE, link="javascript:window.hacked=1"),
    )
    write("offers/demo-shop/bar.json", any_offer("bar"))
    write("offers/demo-shop/sold-out.json", any_offer("sold-out", availability="out_of_stock"))
    server = serve(root)
    (root / "embedding").mkdir()
    embedding = serve(root / "embedding")
    address = f"http://127.0.0.1:{server.server_port}"
    (root / "embedding" / "index.html").write_text(
        f"""<!doctype html><script>window.got = [];
        addEventListener("message", (event) => got.push([event.origin, event.data]));</script>
        <iframe src="{address}/player/index.html?video=video-1#t=3" width="1000" height="800"></iframe>""",
        encoding="utf-8",
    )
    write("player/config.json", {"cart_origins": [f"http://127.0.0.1:{embedding.server_port}"]})
    write("embedding.json", {"address": f"http://127.0.0.1:{embedding.server_port}/index.html"})
    yield address
    server.shutdown()
    embedding.shutdown()
