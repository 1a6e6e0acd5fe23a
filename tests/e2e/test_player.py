"""The page that a viewer sees, over what the pipelines published, through the CDN."""

from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from embedded.cloud import cdn
from tests.e2e.conftest import Published
from tests.support.product import Product

HOST = "document.querySelector('shoppable-video')"


@pytest.fixture(scope="module")
def page(product: Product, published: Published, browser: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    server = cdn.serve(product.home / "stack.json")
    try:
        browser.get(f"{server.url}/?video={published.timeline['video_id']}")
        WebDriverWait(browser, 30).until(
            lambda found: found.execute_script(f"return {HOST} && {HOST}.dataset.state") == "ready"
        )
        yield browser
    finally:
        server.stop()


def _shown_at(page: webdriver.Chrome, ms: int) -> list[str]:
    """Titles of the products on the page after a seek."""
    page.execute_async_script(
        f"const done = arguments[arguments.length - 1]; const host = {HOST};"
        "const video = host.shadowRoot.querySelector('video');"
        "const drawn = () => requestAnimationFrame(() => requestAnimationFrame(done));"
        "video.addEventListener('seeked', drawn, {once: true});"
        "host.seek(arguments[0]);",
        ms,
    )
    cards = f"[...{HOST}.shadowRoot.querySelectorAll('.card[data-appearance-id]')]"
    return sorted(page.execute_script(f"return {cards}.map(card => card.dataset.appearanceId)"))


def test_carousel_shows_exactly_what_the_published_timeline_says_before_during_and_after_each_appearance(
    page: webdriver.Chrome, published: Published
) -> None:
    timeline = published.timeline
    end = timeline["video"]["duration_ms"]
    moments: set[int] = set()
    for appearance in timeline["appearances"][:6]:
        start, stop = appearance["start_ms"], appearance["end_ms"]
        moments |= {max(0, start - 200), (start + stop) // 2, min(end - 200, stop + 200)}
    several = 0
    for ms in sorted(moments):
        expected = sorted(
            found["appearance_id"] for found in timeline["appearances"] if found["start_ms"] <= ms < found["end_ms"]
        )
        assert _shown_at(page, ms) == expected, f"at {ms} ms"
        several += len(expected) > 1
    assert several, "a moment with two products on screen was among them"


def test_page_logs_no_error(page: webdriver.Chrome) -> None:
    errors = [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []
