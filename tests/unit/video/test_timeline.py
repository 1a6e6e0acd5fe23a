import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts.video import Rational
from functions.shoppable.timeline import project, smpte
from tests.unit.video.builders import any_analysis, any_appearance

NTSC, NTSC_DOUBLE = Rational(numerator=30000, denominator=1001), Rational(numerator=60000, denominator=1001)
PAL, FILM = Rational(numerator=25, denominator=1), Rational(numerator=24000, denominator=1001)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (0, "00:00:00;00"),
        (1799, "00:00:59;29"),
        (1800, "00:01:00;02"),
        (3597, "00:01:59;29"),
        (3598, "00:02:00;02"),
        (17981, "00:09:59;29"),
        (17982, "00:10:00;00"),
        (19782, "00:11:00;02"),
        (107892, "01:00:00;00"),
        (2589407, "23:59:59;29"),
        (2589408, "00:00:00;00"),
    ],
)
def test_drop_frame_time_code_of_known_frames_at_29_97(frame, expected):
    assert smpte(frame, NTSC, drop_frame=True) == expected


@pytest.mark.parametrize(("frame", "expected"), [(3599, "00:00:59;59"), (3600, "00:01:00;04"), (35964, "00:10:00;00")])
def test_drop_frame_time_code_of_known_frames_at_59_94(frame, expected):
    assert smpte(frame, NTSC_DOUBLE, drop_frame=True) == expected


@pytest.mark.parametrize(
    ("frame", "rate", "expected"),
    [
        (1800, NTSC, "00:01:00:00"),
        (90_000, PAL, "01:00:00:00"),
        (24 * 60, FILM, "00:01:00:00"),
        (119, Rational(numerator=120, denominator=1), "00:00:00:119"),
    ],
)
def test_time_code_without_dropped_frames_counts_nominal_seconds(frame, rate, expected):
    assert smpte(frame, rate, drop_frame=False) == expected


@given(st.integers(0, 2_589_406))
def test_drop_frame_time_codes_rise_and_never_use_a_dropped_number(frame):
    this, following = (smpte(number, NTSC, drop_frame=True) for number in (frame, frame + 1))

    assert this < following
    _, minutes, rest = this.split(":")
    assert not (rest in {"00;00", "00;01"} and int(minutes) % 10)


def test_smpte_refuses_a_frame_before_the_first():
    with pytest.raises(ValueError, match="counts from 0"):
        smpte(-1, PAL, drop_frame=False)


def test_projection_publishes_approved_appearances_only():
    analysis = any_analysis(
        appearances=(any_appearance(), any_appearance(appearance_id="x-2", verdict="uncertain", score=0.5))
    )

    timeline = project(analysis, media_prefix="media/v-1/a-1")

    assert [appearance.appearance_id for appearance in timeline.appearances] == ["x-1"]


def test_projection_holds_no_score_evidence_or_digest():
    text = project(any_analysis(), media_prefix="media/v-1/a-1").model_dump_json()

    hidden = ("score", "evidence", "inliers", "image_sha256", "crops", "digest", "revision", "segments/")
    assert not {word for word in hidden if word in text}


def test_projection_names_playlist_poster_renditions_and_shots():
    timeline = project(any_analysis(), media_prefix="media/v-1/a-1")

    assert timeline.video.hls == "media/v-1/a-1/hls/index.m3u8"
    assert timeline.video.poster == "media/v-1/a-1/poster/poster.0000001.jpg"
    assert [rendition.name for rendition in timeline.video.renditions] == ["720p", "540p", "360p"]
    assert [(shot.smpte_in, shot.smpte_out) for shot in timeline.shots] == [
        ("00:00:00:00", "00:00:10:00"),
        ("00:00:10:00", "00:00:40:00"),
    ]
