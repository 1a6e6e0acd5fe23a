"""Real studio pictures as the catalogue, real phone photographs as the film: reports, sets no threshold."""

import csv
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support import clips
from tests.support.product import ROOT, Product

DATA = ROOT.parent / "shared" / "data" / "grocery-packages"
SHOP = "groceries"
RATE, FRAMES = 25, 50
SCENES_A_PRODUCT = 1

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the photographs of grocery-packages are not beside the checkout"
)


def _feed(path: Path) -> list[str]:
    names = [picture.stem for picture in sorted((DATA / "catalogue").glob("*.jpg"))]
    with path.open("w", newline="") as file:
        rows = csv.writer(file, dialect="excel-tab")
        rows.writerow(["id", "title", "description", "link", "image_link", "price", "availability"])
        for name in names:
            title = name.replace("-", " ")
            rows.writerow([name, title, title, f"https://shop.example/{name}", f"{name}.jpg", "25.00 SEK", "in stock"])
    return names


def test_real_photographs_report_recall_and_confusions_per_product(
    product: Product, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = _feed(tmp_path / "feed.tsv")
    done = product.shop("import", str(tmp_path / "feed.tsv"), "--images", str(DATA / "catalogue"), "--shop", SHOP)
    assert done.code == 0, done.out + done.err
    frames: list[clips.Image] = []
    truth: list[tuple[str, int, int]] = []
    for name in names:
        for scene in sorted((DATA / "scenes" / name).glob("*.jpg"))[:SCENES_A_PRODUCT]:
            picture = cv2.imread(str(scene))
            assert picture is not None
            start = len(frames) * 1000 // RATE
            frames += clips.pan_and_zoom(np.asarray(picture, np.uint8), size=(1280, 720), frames=FRAMES)
            truth.append((name, start, len(frames) * 1000 // RATE))
    film = clips.write_film(tmp_path / "groceries.mp4", frames, rate=RATE)
    done = product.shop("analyse", str(film), "--shop", SHOP, "--json", str(tmp_path / "out.json"))
    assert done.code == 0, done.out + done.err
    found = json.loads((tmp_path / "out.json").read_text())["appearances"]

    right = 0
    confusions: Counter[tuple[str, str]] = Counter()
    lines: list[str] = []
    for name, start, end in truth:
        there = {
            one["product_id"]
            for one in found
            if min(end, one["end_ms"]) - max(start, one["start_ms"]) > (end - start) / 2
        }
        right += name in there
        others = sorted(there - {name})
        confusions.update((name, other) for other in others)
        lines.append(f"{name:45} {'found' if name in there else 'missed':7} {', '.join(others)}")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
        print(f"groceries: {right} of {len(truth)} photographs right, {sum(confusions.values())} others reported")
    assert found, "at least something is found in real photographs"
