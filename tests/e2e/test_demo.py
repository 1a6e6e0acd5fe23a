"""The main job: a feed and a film in, a shoppable page out."""

import json
import re
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Published
from tests.support.product import Product

SUMMARY = re.compile(r"demo: (\d+) appearances, precision ([\d.]+), recall ([\d.]+), box IoU ([\d.]+), decoys (\d+)$")


def test_progress_names_states_and_counts_frames_to_the_last_one(published: Published) -> None:
    assert re.search(r"frames (\d+) of \1$", published.outcome.err, re.MULTILINE)
    assert "AnalyseSegments" in published.outcome.err


def test_published_timeline_of_the_demo_film_agrees_with_its_ground_truth(
    product: Product, demo_set: Path, published: Published
) -> None:
    scored = product.run("demo", "score", str(demo_set / "truth.json"), str(published.path))
    last = scored.out.strip().splitlines()[-1]
    print(last)
    found = SUMMARY.match(last)
    assert found, scored.out + scored.err
    count, precision, recall, box_iou, decoys = (float(group) for group in found.groups())
    assert count > 0
    assert precision >= 0.95
    assert recall >= 0.9
    assert box_iou >= 0.5
    assert decoys == 0


def test_every_offer_and_rendition_that_the_timeline_names_is_delivered(product: Product, published: Published) -> None:
    timeline = published.timeline
    delivered = set(product.keys("delivery_bucket", ""))
    assert timeline["video"]["hls"] in delivered
    assert timeline["video"]["poster"] in delivered
    playlist = product.document("delivery_bucket", timeline["video"]["hls"]).decode()
    for rendition in timeline["video"]["renditions"]:
        assert f"RESOLUTION={rendition['width']}x{rendition['height']}" in playlist
    pointer = json.loads(product.document("delivery_bucket", f"videos/{timeline['video_id']}.json"))
    assert pointer["state"] == "published"
    original = json.loads(product.document("delivery_bucket", pointer["timeline"]))
    for appearance in original["appearances"]:
        offer = json.loads(
            product.document("delivery_bucket", f"offers/{timeline['shop_id']}/{appearance['product_id']}.json")
        )
        assert offer["image"] in delivered
        assert offer["price"]["minor_units"] > 0


def test_same_feed_imported_again_changes_nothing(
    product: Product, demo_set: Path, catalogue: dict[str, Any], tmp_path: Path
) -> None:
    report = tmp_path / "again.json"
    done = product.shop(
        "import", str(demo_set / "feed.tsv"), "--images", str(demo_set / "images"), "--json", str(report)
    )
    assert done.code == 0, done.out + done.err
    again = json.loads(report.read_text())
    assert again["state"] == "unchanged"
    assert (
        again["import_id" if "import_id" in again else "record"]
        != catalogue["import_id" if "import_id" in again else "record"]
    )
