import csv
import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from demo import film as film_module
from demo.canvas import Canvas
from demo.film import Record, Sighting, film
from demo.goods import COLUMNS, Article, catalogue, decoys, distractor
from demo.packs import FORMS, draw_pack
from demo.script import Packs, Shot, write_script
from demo.studio import photograph, shoot_distractors
from demo.truth import describe


def test_the_shop_has_products_look_alikes_and_valid_gtins() -> None:
    articles = catalogue(1)
    assert len(articles) >= 24
    assert len({a.feed_id for a in articles}) == len({a.gtin for a in articles}) == len(articles)
    assert sum(bool(a.group) for a in articles) >= 10
    for article in articles:
        digits = [int(d) for d in article.gtin]
        assert sum(d * (3 if k % 2 else 1) for k, d in enumerate(digits)) % 10 == 0


def test_another_seed_is_another_shop() -> None:
    assert {a.title for a in catalogue(1)}.isdisjoint(a.title for a in catalogue(2))


def test_decoys_carry_no_brand_of_the_shop() -> None:
    assert {a.brand for a in catalogue(1)}.isdisjoint(a.brand for a in decoys(1, 12))


@pytest.mark.parametrize("form", list(FORMS))
def test_a_pack_fills_its_picture(form: str) -> None:
    design = catalogue(1)[0].design
    pack = draw_pack(design, form, 300, fine=1)
    rows, columns = np.nonzero(pack.alpha > 127)
    height, width = pack.alpha.shape
    assert max(height, width) == 300
    assert rows.min() <= 3
    assert columns.min() <= 3
    assert rows.max() >= height - 4
    assert columns.max() >= width - 4


def test_two_flavours_share_a_brand_but_no_picture() -> None:
    first, second = (a for a in catalogue(1) if a.group == "MUE")
    assert first.brand == second.brand
    difference = np.abs(
        draw_pack(first.design, first.form, 300).front.astype(int) - draw_pack(second.design, second.form, 300).front
    )
    assert difference.mean() > 5


def test_photographs_are_two_usable_pictures(tmp_path: Path) -> None:
    article = catalogue(3)[4]
    names = photograph(article, draw_pack(article.design, article.form, 500), 1, tmp_path)
    assert len(names) == 2
    for name in names:
        assert min(cv2.imread(str(tmp_path / name)).shape[:2]) > 100


def test_distractors_are_named_in_order_and_unlike_each_other(tmp_path: Path) -> None:
    rows = [row for batch in shoot_distractors(1, 6, tmp_path) for row in batch]
    assert [row[0] for row in rows] == [f"X{number:06d}-01" for number in range(6)]
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert len({hashlib.sha256((tmp_path / row[5]).read_bytes()).digest() for row in rows}) == 6
    assert distractor(1, 3) == distractor(1, 3)


@pytest.fixture(scope="module")
def script() -> tuple[list[Shot], list[Article], list[str]]:
    return write_script(1, Packs(320))


def test_the_script_casts_most_products_and_leaves_some_at_home(
    script: tuple[list[Shot], list[Article], list[str]],
) -> None:
    shots, articles, used = script
    assert len(shots) >= 8
    assert sum(shot.frames for shot in shots) >= 40 * 25
    assert len(used) >= 20
    assert len(set(used)) <= len(articles) - 6
    assert sum(a.label.startswith("decoy:") for shot in shots for a in shot.actors) >= 4


def test_a_film_is_the_same_bytes_for_the_same_seed_and_plays(
    tmp_path: Path, script: tuple[list[Shot], list[Article], list[str]]
) -> None:
    digests = set[bytes]()
    for name, shots in (("first.mp4", script[0]), ("second.mp4", write_script(1, Packs(320))[0])):
        record = film([replace(shot, frames=12) for shot in shots[:2]], tmp_path / name, 1, lambda *_: None)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).digest())
    assert len(digests) == 1
    assert record.shots == [(0, 12), (12, 24)]
    with av.open(str(tmp_path / "first.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name, video.width, video.height) == (
            "h264",
            "aac",
            1280,
            720,
        )
        assert sum(1 for _ in container.decode(video)) == 24


def sightings(label: str, frames: range, visible: float = 1.0, height: float = 0.5) -> list[Sighting]:
    return [Sighting(frame, label, visible, (0.1, 0.1, 0.2, height)) for frame in frames]


def test_a_short_cover_up_does_not_end_an_appearance_but_a_cut_does() -> None:
    seen = [*sightings("A", range(30)), *sightings("A", range(40, 100)), *sightings("A", range(100, 150))]
    truth = describe(Record([(0, 100), (100, 150)], seen, 150), ["A", "B"], 25)
    assert [(a["start_ms"], a["end_ms"]) for a in truth["appearances"]] == [(0, 4000), (4000, 6000)]
    assert truth["never"] == ["B"]


def test_what_is_barely_visible_is_a_glimpse_and_what_is_unknown_a_decoy() -> None:
    seen = [
        *sightings("A", range(50), visible=0.3),
        *sightings("B", range(50), height=0.05),
        *sightings("decoy:X", range(50)),
    ]
    truth = describe(Record([(0, 50)], seen, 50), ["A", "B"], 25)
    assert truth["appearances"] == []
    assert {g["product_id"] for g in truth["glimpses"]} == {"A", "B"}
    assert [d["name"] for d in truth["decoys"]] == ["X"]


def test_boxes_come_every_200_ms_and_at_both_ends() -> None:
    truth = describe(Record([(0, 50)], sightings("A", range(3, 50)), 50), ["A"], 25)
    times = [box[0] for box in truth["appearances"][0]["boxes"]]
    assert times[0] == 120
    assert times[-1] == 49 * film_module.FRAME_MS
    assert max(b - a for a, b in pairwise(times)) <= 200


def test_a_feed_row_has_a_value_for_every_column(tmp_path: Path) -> None:
    with (tmp_path / "feed.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(COLUMNS)
        writer.writerows(article.row(["a.jpg", "b.jpg"]) for article in catalogue(1))
    with (tmp_path / "feed.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert all(row["link"].startswith("https://shop.example/") and row["price"].endswith(" EUR") for row in rows)
    assert all(row["additional_image_link"] == "b.jpg" for row in rows)


def test_nothing_written_takes_no_room_and_leaves_no_trace() -> None:
    canvas = Canvas(64, 32, (10, 20, 30))
    before = canvas.pixels.copy()
    assert canvas.text(" ", 5, 20, 12, (255, 255, 255), tracking=0.1) == 0.0
    assert canvas.text("", 5, 20, 12, (255, 255, 255), align="centre", tracking=0.1) == 0.0
    assert (canvas.pixels == before).all()


def test_script_is_written_where_a_pack_leaves_a_line_of_print_empty() -> None:
    shots, _, _ = write_script(12, Packs(120))
    assert len(shots) >= 8
