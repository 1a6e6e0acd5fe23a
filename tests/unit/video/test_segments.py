"""From a film to its analysis, handler by handler, over a real index."""

import hashlib
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from functions.contracts.analysis import Analysis
from functions.contracts.video import Segment, SegmentInput, SourceVideo, TimelineInput
from functions.shared import artefacts, aws
from functions.shared.errors import Permanent, Transient
from functions.shared.objects import canonical_json
from functions.shoppable.decode import open_video
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexEntry, build_index
from functions.video.build_timeline.handler import handler as build_timeline
from functions.video.detect_shots.handler import handler as detect_shots
from functions.video.match_frames import index
from functions.video.match_frames import store as match_store
from functions.video.match_frames.handler import handler as match_frames
from functions.video.sample_frames.handler import handler as sample_frames
from tests.unit.video.builders import ASSET, PREFIX, REVISION, SHOP, VIDEO, any_source
from tests.unit.video.pictures import film_with_pack, pack

KEY = f"videos/{SHOP}/a+b %2B ü.mp4"
INDEX = f"revisions/{SHOP}/{REVISION}/index"


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return film_with_pack(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture(scope="module")
def index_files(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("index")
    entries = [
        IndexEntry(product_id=f"p-{seed}", image_sha256=f"{seed}" * 64, features=describe_image(pack(seed)))
        for seed in (1, 2)
    ]
    build_index(entries, directory)
    return directory


@pytest.fixture
def order(account, film, index_files, tmp_path, monkeypatch) -> SegmentInput:
    """The film and the index are uploaded; nothing is cached on disk."""
    monkeypatch.setattr(index, "cache_root", lambda: tmp_path / "cache")
    index.forget()
    for file in index_files.iterdir():
        account.put("catalogue", f"{INDEX}/{file.name}", file.read_bytes())
    version = account.put("video", KEY, film.read_bytes())
    account.put_status(video_id=VIDEO, shop_id=SHOP, state="processing")
    with open_video(film) as video:
        names = set(SourceVideo.model_fields) - {"sha256", "size_bytes"}
        facts = {name: getattr(video, name) for name in names}
    return SegmentInput(
        shop_id=SHOP,
        video_id=VIDEO,
        bucket="video",
        key=KEY,
        version_id=version,
        prefix=PREFIX,
        catalogue_revision=REVISION,
        source=any_source(**facts, size_bytes=film.stat().st_size),
        segment=Segment(index=0, start_ms=0, end_ms=facts["duration_ms"]),
    )


def analyse(account, context, order: SegmentInput, segments: int = 1) -> dict[str, object]:
    """All segments, then the timeline; returns what BuildTimeline returns."""
    end = order.source.duration_ms
    planned = [
        Segment(index=number, start_ms=end * number // segments, end_ms=end * (number + 1) // segments)
        for number in range(segments)
    ]
    account.put("analysis", artefacts.segments_key(PREFIX), canonical_json(planned))
    for segment in planned:
        event = order.model_copy(update={"segment": segment}).model_dump(mode="json")
        for handler in (detect_shots, sample_frames, match_frames):
            assert handler(event, context)["index"] == segment.index
    return timeline(order, context)


def timeline(order: SegmentInput, context) -> dict[str, object]:
    """What BuildTimeline returns."""
    return build_timeline(
        TimelineInput(
            shop_id=SHOP,
            video_id=VIDEO,
            asset_id=ASSET,
            catalogue_revision=REVISION,
            prefix=PREFIX,
            segments_key=artefacts.segments_key(PREFIX),
            source=order.source,
        ).model_dump(mode="json"),
        context,
    )


def stored(account, key) -> Analysis:
    return Analysis.model_validate_json(account.get("analysis", key))


@pytest.mark.parametrize("segments", [1, 2])
def test_the_product_is_found_when_and_where_it_is_shown(account, context, order, segments):
    built = analyse(account, context, order, segments)

    analysis = stored(account, built["analysis_key"])
    assert [(shot.start_ms, shot.end_ms) for shot in analysis.shots] == [(0, 1000), (1000, 3000)]
    assert [found.product_id for found in analysis.appearances] == ["p-1"]
    found = analysis.appearances[0]
    assert abs(found.start_ms - 1000) < 300
    assert abs(found.end_ms - 3000) < 300
    _, x, y, width, height = found.boxes[0]
    assert np.allclose((x, y, width, height), (300 / 640, 20 / 360, 240 / 640, 320 / 360), atol=0.1)
    assert built["frames"] == analysis.frames_examined >= 2


def test_the_same_film_gives_the_same_bytes(account, context, order):
    first = account.get("analysis", analyse(account, context, order)["analysis_key"])
    index.forget()
    second = account.get("analysis", analyse(account, context, order)["analysis_key"])

    assert first == second


def test_numbers_in_the_analysis_have_four_decimals_at_most(account, context, order):
    document = json.loads(account.get("analysis", analyse(account, context, order)["analysis_key"]))

    numbers = [value for found in document["appearances"] for box in found["boxes"] for value in box]
    numbers += [found["score"] for found in document["appearances"]]
    assert numbers
    assert all(round(number, 4) == number for number in numbers)


def test_evidence_names_the_index_and_a_stored_picture_of_the_pair(account, context, order):
    analysis = stored(account, analyse(account, context, order)["analysis_key"])

    evidence = analysis.appearances[0].evidence
    assert 1000 <= evidence.ms < 3000
    assert evidence.image_sha256 == "1" * 64
    assert evidence.crops_key == artefacts.crops_key(PREFIX, 0, evidence.ms, "p-1")
    picture = cv2.imdecode(np.frombuffer(account.get("analysis", evidence.crops_key), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[1] > picture.shape[0]
    assert analysis.index_digest == hashlib.sha256(account.get("catalogue", f"{INDEX}/manifest.json")).hexdigest()


def test_parts_that_were_matched_with_different_indexes_are_no_analysis(account, context, order):
    built = analyse(account, context, order, segments=2)
    key = artefacts.segment_key(PREFIX, 1, "matches.json")
    matches = json.loads(account.get("analysis", key))
    account.put("analysis", key, json.dumps({**matches, "index_digest": "another"}).encode())

    with pytest.raises(Permanent, match="another"):
        timeline(order, context)
    assert stored(account, built["analysis_key"]).index_digest != "another"


@pytest.mark.usefixtures("blind")
def test_every_sampled_frame_is_stored_as_a_picture(account, context, order):
    analyse(account, context, order)

    frames = json.loads(account.get("analysis", artefacts.segment_key(PREFIX, 0, "frames.json")))
    assert len(frames) > 3
    for frame in frames:
        picture = cv2.imdecode(np.frombuffer(account.get("analysis", frame["key"]), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (360, 640, 3)


@pytest.mark.usefixtures("blind")
def test_progress_ends_at_the_number_of_frames(account, context, order):
    built = analyse(account, context, order)

    progress = account.records(VIDEO)["status"]["progress"]
    assert progress == {"0": {"done": built["frames"], "total": built["frames"]}}


@pytest.mark.usefixtures("blind")
def test_progress_does_not_bring_back_a_deleted_record(account, context, order):
    account.dynamodb.delete_item(TableName="videos", Key={"video_id": {"S": VIDEO}, "record": {"S": "status"}})
    analyse(account, context, order)

    assert account.records(VIDEO) == {}


@pytest.mark.usefixtures("blind")
def test_progress_is_reported_while_frames_are_matched(account, context, order, monkeypatch):
    reported: list[tuple[int, int]] = []
    monkeypatch.setattr(match_store.Store, "report", lambda self, done, total: reported.append((done, total)))
    monkeypatch.setattr("functions.video.match_frames.logic.REPORT_EVERY_FRAMES", 2)
    built = analyse(account, context, order)

    total = built["frames"]
    assert reported == [(0, total), *((done, total) for done in range(2, total, 2)), (total, total)]


def test_the_index_is_fetched_once_per_machine(account, order, monkeypatch):
    index.load(aws.s3(), "catalogue", INDEX)
    index.forget()
    for file in account.s3.list_objects_v2(Bucket="catalogue", Prefix=INDEX)["Contents"]:
        if not file["Key"].endswith("/manifest.json"):
            account.s3.delete_object(Bucket="catalogue", Key=file["Key"])

    assert index.load(aws.s3(), "catalogue", INDEX).match(pack(1))[0].match.product_id == "p-1"


def test_an_index_file_that_is_not_what_the_manifest_says_is_transient_and_not_kept(account, order, tmp_path):
    whole = account.get("catalogue", f"{INDEX}/search_points.bin")
    account.put("catalogue", f"{INDEX}/search_points.bin", whole[:-1])
    with pytest.raises(Transient, match="manifest"):
        index.load(aws.s3(), "catalogue", INDEX)
    assert list((tmp_path / "cache").iterdir()) == []

    account.put("catalogue", f"{INDEX}/search_points.bin", whole)
    assert index.load(aws.s3(), "catalogue", INDEX)


def test_an_index_under_the_same_name_with_other_content_is_not_taken_from_the_disk(account, order, tmp_path):
    index.load(aws.s3(), "catalogue", INDEX)
    other = tmp_path / "other"
    other.mkdir()
    build_index([IndexEntry(product_id="p-7", image_sha256="7" * 64, features=describe_image(pack(7)))], other)
    for file in other.iterdir():
        account.put("catalogue", f"{INDEX}/{file.name}", file.read_bytes())

    assert index.load(aws.s3(), "catalogue", INDEX).match(pack(7))[0].match.product_id == "p-7"


def test_an_index_of_another_version_is_permanent_and_says_what_to_do(account, context, order):
    manifest = json.loads(account.get("catalogue", f"{INDEX}/manifest.json"))
    account.put("catalogue", f"{INDEX}/manifest.json", json.dumps({**manifest, "schema_version": "index.v2"}).encode())
    detect_shots(order.model_dump(mode="json"), context)
    sample_frames(order.model_dump(mode="json"), context)

    with pytest.raises(Permanent, match=r"another version of the code\. Upload the product feed again"):
        match_frames(order.model_dump(mode="json"), context)


def test_an_index_that_nobody_used_for_long_is_deleted(account, order, tmp_path, monkeypatch):
    unused = tmp_path / "cache" / "unused"
    unused.mkdir(parents=True)
    os.utime(unused, (0, 0))
    index.load(aws.s3(), "catalogue", INDEX)

    assert not unused.exists()


def test_what_another_process_takes_away_while_the_disk_is_tidied_is_no_failure(account, order, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "fetching-gone").symlink_to(tmp_path / "nothing")

    assert index.load(aws.s3(), "catalogue", INDEX)


@pytest.mark.parametrize("handler", [detect_shots, sample_frames])
def test_a_film_that_became_undecodable_is_permanent_and_says_why(account, context, order, handler):
    detect_shots(order.model_dump(mode="json"), context)
    version = account.put("video", KEY, b"no film any more" * 1000)
    event = order.model_copy(update={"version_id": version}).model_dump(mode="json")
    event["source"]["size_bytes"] = 16_000

    with pytest.raises(Permanent, match="NotAVideo"):
        handler(event, context)


def test_a_broken_picture_is_permanent(account, context, order):
    event = order.model_dump(mode="json")
    for handler in (detect_shots, sample_frames):
        handler(event, context)
    frames = json.loads(account.get("analysis", artefacts.segment_key(PREFIX, 0, "frames.json")))
    account.put("analysis", frames[1]["key"], b"no picture")

    with pytest.raises(Permanent, match="no picture"):
        match_frames(event, context)
