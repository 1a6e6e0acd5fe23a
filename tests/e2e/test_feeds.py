"""Feeds that are broken, partly or wholly."""

import json
from pathlib import Path

import cv2
import pytest

from tests.support import clips
from tests.support.product import Product

HEADER = "id\ttitle\tdescription\tlink\timage_link\tprice\tavailability\n"


def _row(number: int, price: str = "9.99 EUR") -> str:
    return (
        f"sku-{number}\tThing {number}\tA thing\thttps://shop.example/{number}\tpack-{number}.png\t{price}\tin stock\n"
    )


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"pack-{number}.png"), clips.wall(number, (320, 480)))
    return folder


@pytest.mark.parametrize(
    ("name", "body"),
    [("empty.tsv", ""), ("binary.tsv", "\x00\x01\x02" * 500), ("columns.tsv", "id\ttitle\n1\tThing\n")],
)
def test_file_that_is_no_feed_is_refused_with_a_typed_reason(
    product: Product, tmp_path: Path, name: str, body: str
) -> None:
    path = tmp_path / name
    path.write_text(body)
    done = product.shop("import", str(path), "--shop", "broken-feeds", timeout=120)
    assert done.code == 3, done.out + done.err
    assert "refused: " in done.err


def test_bad_rows_are_quarantined_and_the_others_go_live(product: Product, tmp_path: Path, images: Path) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text(HEADER + _row(0) + _row(1, price="cheap") + _row(2))
    report = tmp_path / "import.json"
    done = product.shop(
        "import", str(path), "--images", str(images), "--shop", "rows", "--json", str(report), timeout=120
    )
    assert done.code == 0, done.out + done.err
    record = json.loads(report.read_text())
    assert (record["state"], record["products"], record["rejected"]) == ("live", 2, 1)
    assert "2,sku-1,price," in done.err


def test_feed_that_would_drop_most_of_the_catalogue_is_held_and_the_old_one_stays_live(
    product: Product, tmp_path: Path, images: Path
) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text(HEADER + _row(0) + _row(1) + _row(2))
    first = product.shop("import", str(path), "--images", str(images), "--shop", "dropping", timeout=120)
    assert first.code == 0, first.out + first.err
    path.write_text(HEADER + _row(0))
    second = product.shop("import", str(path), "--shop", "dropping", timeout=120)
    assert second.code == 4, second.out + second.err
    offers = product.keys("delivery_bucket", "offers/dropping/")
    assert len(offers) == 3
