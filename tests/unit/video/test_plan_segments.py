import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.video.plan_segments.handler import handler
from functions.video.plan_segments.logic import MAX_SEGMENTS, segments
from tests.unit.video.builders import ASSET, REVISION, SHOP, VIDEO, any_source


@given(duration_ms=st.integers(1, 13 * 3_600_000), seconds=st.integers(10, 900))
def test_segments_cover_the_film_without_gaps_and_none_is_tiny(duration_ms, seconds):
    planned = segments(duration_ms, seconds)

    assert planned[0].start_ms == 0
    assert planned[-1].end_ms == duration_ms
    assert [segment.index for segment in planned] == list(range(len(planned)))
    assert all(one.end_ms == other.start_ms for one, other in pairwise(planned))
    assert len(planned) <= MAX_SEGMENTS
    lengths = [segment.end_ms - segment.start_ms for segment in planned]
    assert max(lengths) - min(lengths) <= 1
    assert len(planned) in {1, MAX_SEGMENTS} or 0.6 * seconds < lengths[0] / 1000 < 1.6 * seconds


def test_a_film_without_length_has_no_segments():
    with pytest.raises(ValueError, match="0 ms"):
        segments(0, 60)


def order(**given):
    source = any_source(duration_ms=130_000)
    fields = {
        "shop_id": SHOP,
        "video_id": VIDEO,
        "bucket": "video",
        "key": "videos/demo-shop/a+b %2B ü.mp4",
        "asset_id": ASSET,
        "catalogue_revision": REVISION,
        "source": source.model_dump(mode="json"),
    }
    return fields | given


def test_the_plan_names_where_everything_goes_and_the_segments_are_stored(account, context):
    plan = handler(order(), context)

    assert plan["prefix"] == "v-1/a-1/r-1"
    assert plan["media_prefix"] == "media/v-1/a-1"
    assert plan["renditions"] == ["720p", "540p", "360p"]
    assert plan["segments"] == 2
    assert json.loads(account.get("analysis", plan["segments_key"])) == [
        {"index": 0, "start_ms": 0, "end_ms": 65_000},
        {"index": 1, "start_ms": 65_000, "end_ms": 130_000},
    ]


def test_the_source_key_is_passed_on_as_it_is(account, context):
    settings = handler(order(), context)["transcode_settings"]

    assert settings["Inputs"][0]["FileInput"] == "s3://video/videos/demo-shop/a+b %2B ü.mp4"


def test_the_same_plan_twice_gives_the_same(account, context):
    assert handler(order(), context) == handler(order(), context)
