import json
import urllib.request
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.conftest import APPEARANCES, HOSTILE, TIMELINE

SHADOW = "const host = document.querySelector('shoppable-video'); const root = host.shadowRoot;"
PRODUCTS = "[...root.querySelectorAll('.card')].map((card) => card.dataset.productId).sort()"
SEEK = f"""const [ms, done] = arguments; {SHADOW}
const video = root.querySelector('video');
const settle = () => {{
    // The end of an earlier seek is also told: the player corrects one from before its clock was known.
    if (video.seeking || Math.abs(host.playhead.ms - ms) > 10) return;
    video.removeEventListener('seeked', settle);
    requestAnimationFrame(() => requestAnimationFrame(() => done({PRODUCTS})));
}};
video.addEventListener('seeked', settle);
host.seek(ms);"""
FRAME_MS = 40


def on_screen(ms: int) -> list[str]:
    return sorted(name for name, start, end, _ in APPEARANCES if start <= ms < end)


def run(browser: Chrome, script: str, *arguments: object) -> Any:
    return browser.execute_script(f"{SHADOW} {script}", *arguments)


def wait(browser: Chrome, condition: str) -> Any:
    return WebDriverWait(browser, 15, poll_frequency=0.05).until(lambda _: run(browser, f"return {condition};"))


def state_of(browser: Chrome, site: str, query: str) -> str:
    browser.get("about:blank")
    browser.get(f"{site}/player/index.html{query}")
    WebDriverWait(browser, 15).until(
        lambda b: (
            b.execute_script("return document.querySelector('shoppable-video')?.dataset.state ?? 'loading'")
            != "loading"
        )
    )
    return run(browser, "return host.dataset.state;")


@pytest.fixture
def seek(browser: Chrome, site: str) -> Callable[[int], list[str]]:
    """A ready player; seeks to a time in milliseconds and returns the products in the carousel."""
    browser.set_window_size(1280, 900)
    assert state_of(browser, site, "?video=video-1") == "ready"
    wait(browser, "root.querySelector('video').readyState >= 2")
    return lambda ms: browser.execute_async_script(SEEK, ms)


@pytest.mark.parametrize(
    "ms", [0, 1980, 2020, 3000, 4020, 5980, 6020, 7980, 8020, 8500, 9500, 10020, 11500, 12200, 13000, 15500]
)
def test_the_carousel_shows_exactly_the_products_of_the_manifest(
    browser: Chrome, seek: Callable[[int], list[str]], ms: int
) -> None:
    seek(8500)
    seek(ms)
    # Chromium presents now the frame of the time that was sought, now the one after it; the player is to follow it.
    shown, products = run(browser, f"return [Number(host.dataset.timeMs), {PRODUCTS}];")
    assert abs(shown - ms) <= FRAME_MS
    assert products == on_screen(shown)


def test_a_frame_of_before_a_seek_that_is_presented_late_changes_nothing(
    browser: Chrome, seek: Callable[[int], list[str]]
) -> None:
    seek(9500)
    run(browser, "root.querySelector('video').requestVideoFrameCallback = (act) => { window.late = act; };")
    assert seek(3000) == ["one"]
    wait(browser, "Boolean(window.late)")
    assert run(
        browser,
        f"const card = root.querySelector('.card'); late(0, {{mediaTime: 9.5 + host.playhead.offset}});"
        f"return [{PRODUCTS}, card.isConnected];",
    ) == [["one"], True]


def test_the_carousel_follows_the_video_while_it_plays(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    assert seek(1500) == []
    run(
        browser,
        f"""window.seen = [];
        const look = () => {{
            seen.push([Number(host.dataset.timeMs), {PRODUCTS}]);
            if (seen.at(-1)[0] < 5000) requestAnimationFrame(look);
        }};
        look();
        const video = root.querySelector('video');
        video.muted = true;
        video.play();""",
    )
    wait(browser, "seen.at(-1)[0] >= 5000")
    seen = run(browser, "root.querySelector('video').pause(); return seen;")
    # A time is rounded to a millisecond: at an edge it may be of either side.
    edges = {edge for _, start, end, _ in APPEARANCES for edge in (start, end)}
    inside = [(ms, products) for ms, products in seen if not edges & {ms - 1, ms, ms + 1}]
    for ms, products in inside:
        assert products == on_screen(ms), f"at {ms} ms"
    assert [products for products, _ in groupby(products for _, products in inside)] == [[], ["one"], ["one", "two"]]


@pytest.mark.parametrize("size", [(1280, 900), (1400, 480), (390, 844)], ids=["desktop", "letterboxed", "phone"])
@pytest.mark.parametrize(
    ("ms", "product", "box"),
    [(3000, "one", (0.3, 0.2, 0.2, 0.4)), (5000, "one", (0.5, 0.4, 0.15, 0.3)), (5980, "two", (0.65, 0.2, 0.2, 0.5))],
)
def test_a_hotspot_lies_on_the_interpolated_box(
    browser: Chrome,
    seek: Callable[[int], list[str]],
    size: tuple[int, int],
    ms: int,
    product: str,
    box: tuple[float, float, float, float],
) -> None:
    browser.set_window_size(*size)
    assert product in seek(ms)
    video, spot = run(
        browser,
        """const spot = root.querySelector(`.hotspot[data-product-id="${arguments[0]}"]`);
        return [root.querySelector('video'), spot].map((element) => element.getBoundingClientRect())
            .map((box) => [box.left, box.top, box.width, box.height]);""",
        product,
    )
    aspect = TIMELINE["video"]["width"] / TIMELINE["video"]["height"]
    width = min(video[2], video[3] * aspect)
    left, top = video[0] + (video[2] - width) / 2, video[1] + (video[3] - width / aspect) / 2
    expected = (left + box[0] * width, top + box[1] * width / aspect, box[2] * width, box[3] * width / aspect)
    assert spot == pytest.approx(expected, abs=2.5)


def test_a_hotspot_lies_on_what_the_viewer_sees(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    """The white bar, found in the pixels on screen, moves 75 pixels per second: a wrong clock would show."""
    for ms in (14410, 15010, 15610):
        assert seek(ms) == ["bar"]
        seen, spot = run(
            browser,
            """const video = root.querySelector('video');
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [640, 360];
            const pen = canvas.getContext('2d');
            pen.drawImage(video, 0, 0, 640, 360);
            const line = pen.getImageData(0, 180, 640, 1).data;
            const bright = [...Array(640).keys()].filter((x) => line[4 * x + 1] > 150);
            const [box, whole] = [root.querySelector('.hotspot'), video].map((e) => e.getBoundingClientRect());
            const scale = 640 / whole.width;
            const left = (box.left - whole.left) * scale;
            return [[bright[0], bright.at(-1) + 1], [left, left + box.width * scale]];""",
        )
        assert spot == pytest.approx(seen, abs=2.5)


def test_a_hostile_title_is_only_text(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    assert seek(9500) == ["hostile"]
    wait(browser, "root.querySelector('.card').dataset.state === 'ready'")
    assert run(browser, "return root.querySelector('.card .title').textContent;") == HOSTILE
    assert run(browser, "return root.querySelector('.hotspot b').textContent;") == HOSTILE
    assert run(browser, "return root.querySelectorAll('.card script, .card img[onerror], .card a').length;") == 0
    assert run(browser, "return window.hacked ?? null;") is None


def test_the_sale_price_is_asked_only_in_its_window(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    seek(5000)
    wait(browser, "[...root.querySelectorAll('.card')].every((card) => card.dataset.state === 'ready')")
    prices = run(
        browser,
        """return Object.fromEntries([...root.querySelectorAll('.card')].map((card) =>
        [card.dataset.productId, ['.price', '.before'].map((part) => card.querySelector(part)?.textContent)]));""",
    )
    assert prices == {"one": ["€9.99", "€12.99"], "two": ["€12.99", None]}


def test_what_is_sold_out_cannot_be_added(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    assert seek(13000) == ["sold-out"]
    wait(browser, "root.querySelector('.card').dataset.state === 'ready'")
    assert run(browser, "return [root.querySelector('.stock').textContent, root.querySelector('.add').disabled];") == [
        "Sold out",
        True,
    ]


def test_a_product_without_an_offer_is_shown_as_unavailable(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    assert seek(11500) == ["lost"]
    wait(browser, "root.querySelector('.card').dataset.state === 'failed'")
    assert run(browser, "return root.querySelector('.card .add');") is None


def test_add_to_cart_says_what_when_and_for_how_much(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    seek(3000)
    wait(browser, "root.querySelector('.card')?.dataset.state === 'ready'")
    run(
        browser,
        """window.got = [];
        const note = (event) => got.push([event.detail, event.bubbles, event.composed]);
        document.addEventListener('shoppable:add-to-cart', note, { once: true });""",
    )
    run(browser, "root.querySelector('.card .add').click();")
    detail = {
        "feedId": "ONE",
        "productId": "one",
        "appearanceId": "appearance-one",
        "videoId": "video-1",
        "timeMs": 3000,
        "price": {"minorUnits": 999, "currency": "EUR"},
    }
    assert run(browser, "return window.got;") == [[detail, True, True]]
    assert run(browser, "return root.querySelector('.card .add').textContent;") == "Added"


def test_the_button_offers_itself_again_after_two_quick_clicks(
    browser: Chrome, seek: Callable[[int], list[str]]
) -> None:
    seek(3000)
    wait(browser, "root.querySelector('.card')?.dataset.state === 'ready'")
    run(browser, "const button = root.querySelector('.card .add'); button.click(); button.click();")
    wait(browser, "!root.querySelector('.card .add').classList.contains('added')")
    assert run(browser, "return root.querySelector('.card .add').textContent;") == "Add to cart"


def test_an_embedding_page_of_a_listed_origin_gets_the_message(browser: Chrome, site: str) -> None:
    with urllib.request.urlopen(f"{site}/embedding.json") as answer:
        browser.get(json.load(answer)["address"])
    browser.switch_to.frame(0)
    WebDriverWait(browser, 15).until(
        lambda b: b.execute_script("return document.querySelector('shoppable-video')?.dataset.state") == "ready"
    )
    wait(browser, "root.querySelector('.card')?.dataset.state === 'ready' && host.hasAttribute('cart-origins')")
    run(browser, "root.querySelector('.card .add').click();")
    browser.switch_to.default_content()
    got = WebDriverWait(browser, 5).until(lambda b: b.execute_script("return window.got.length ? window.got : null;"))
    assert [(origin, data["type"], data["detail"]["productId"]) for origin, data in got] == [
        (site, "shoppable:add-to-cart", "one")
    ]


def test_the_fragment_says_where_to_begin(browser: Chrome, site: str) -> None:
    state_of(browser, site, "?video=video-1#t=npt:0:05,7")
    wait(browser, f"{PRODUCTS}.join() === 'one,two'")
    wait(browser, "host.dataset.timeMs === '5000'")


def test_arrow_keys_walk_the_carousel(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    seek(5000)
    wait(browser, "root.querySelectorAll('.card[data-state=ready]').length === 2")
    walked = run(
        browser,
        """const first = root.querySelector('.card'); first.focus();
        const press = (key) => {
            root.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
            return root.activeElement.dataset.productId;
        };
        return [first.dataset.productId, press('ArrowRight'), press('ArrowRight'), press('ArrowLeft')];""",
    )
    assert walked == ["one", "two", "one", "two"]


@pytest.mark.parametrize(
    ("query", "state"),
    [
        ("?video=gone", "unpublished"),
        ("?video=nobody", "missing"),
        ("", "missing"),
        ("?video=../../etc", "missing"),
        ("?video=broken", "failed"),
    ],
)
def test_what_cannot_be_played_is_said_in_words(browser: Chrome, site: str, query: str, state: str) -> None:
    assert state_of(browser, site, query) == state
    assert run(
        browser, "return root.querySelector('[role=alert] h2').textContent.length > 10 && !root.querySelector('video');"
    )


def test_nothing_breaks_the_content_security_policy(browser: Chrome, seek: Callable[[int], list[str]]) -> None:
    browser.get_log("browser")
    seek(5000)
    wait(browser, "root.querySelectorAll('.card[data-state=ready]').length === 2")
    assert [entry for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]] == []
