import re

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from functions.contracts.video import Rational
from functions.shoppable import ladder
from tests.unit.video.builders import any_source


def settings(**given):
    return ladder.job_settings(
        any_source(**given),
        file_input="s3://video/videos/demo-shop/a+b %2B ü.mp4",
        destination="s3://delivery/media/v-1/a-1",
        key_arn="arn:aws:kms:eu-central-1:123456789012:key/1",
    )


def hls_outputs(job):
    return job["OutputGroups"][0]["Outputs"]


def problems_of(value, shape, path="Settings"):
    """Enum members, minima and maxima: what botocore's validator leaves out."""
    if isinstance(value, dict):
        for name, inner in value.items():
            member = shape.members[name] if shape.type_name == "structure" else shape.value
            yield from problems_of(inner, member, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from problems_of(inner, shape.member, f"{path}[{number}]")
    elif getattr(shape, "enum", None):
        if value not in shape.enum:
            yield f"{path}: {value} is none of {shape.enum}"
    elif shape.type_name == "integer":
        # The service's model keeps its limits in the names of the shapes: __integerMin32Max8192.
        limits = re.search(r"Min(\d+)Max(\d+)", shape.name)
        if limits and not int(limits[1]) <= value <= int(limits[2]):
            yield f"{path}: {value} is not in {limits[1]}..{limits[2]}"


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"audio_codec": None},
        {"width": 1080, "height": 1920},
        {"width": 853, "height": 481},
        {"width": 64, "height": 48, "duration_ms": 400},
        {"width": 7680, "height": 4320, "duration_ms": 12 * 3_600_000},
        {"frame_rate": Rational(numerator=60000, denominator=1001)},
    ],
)
def test_job_settings_fit_the_shape_enums_and_limits_of_create_job(facts):
    shape = botocore.session.get_session().get_service_model("mediaconvert").operation_model("CreateJob").input_shape
    job = {"Role": "arn:aws:iam::123456789012:role/m", "Settings": settings(**facts)}

    report = ParamValidator().validate(job, shape)

    assert not report.has_errors(), report.generate_report()
    assert list(problems_of(job["Settings"], shape.members["Settings"])) == []


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1280, 720, [("720p", 1280, 720), ("540p", 960, 540), ("360p", 640, 360)]),
        (1080, 1920, [("1080p", 1080, 1920), ("720p", 720, 1280), ("540p", 540, 960), ("360p", 360, 640)]),
        (854, 480, [("480p", 854, 480), ("360p", 640, 360)]),
        (321, 201, [("200p", 320, 200)]),
        (3840, 2160, [("1080p", 1920, 1080), ("720p", 1280, 720), ("540p", 960, 540), ("360p", 640, 360)]),
    ],
)
def test_rungs_of_common_sources(width, height, expected):
    found = ladder.rungs(any_source(width=width, height=height))

    assert [(rung.name, rung.width, rung.height) for rung in found] == expected


@given(width=st.integers(32, 8192), height=st.integers(32, 8192))
def test_rungs_are_even_never_above_the_source_and_keep_its_shape(width, height):
    found = ladder.rungs(any_source(width=width, height=height))

    assert found
    assert len({rung.name for rung in found}) == len(found)
    for rung in found:
        assert rung.width % 2 == rung.height % 2 == 0
        assert rung.width <= width
        assert rung.height <= height
        assert max(rung.width, rung.height) <= 4096
        scale = min(rung.width / width, rung.height / height)
        assert abs(rung.width - width * scale) <= 2 * width / min(width, height)


def test_rungs_fall_in_size_and_bitrate():
    found = ladder.rungs(any_source(width=1920, height=1080))

    assert [rung.max_bitrate for rung in found] == sorted((rung.max_bitrate for rung in found), reverse=True)


def test_a_source_without_audio_gets_neither_selectors_nor_audio_outputs():
    job = settings(audio_codec=None)

    assert "AudioSelectors" not in job["Inputs"][0]
    assert all("AudioDescriptions" not in output for output in hls_outputs(job))


def test_a_source_with_audio_gets_audio_in_every_rendition():
    job = settings()

    names = {output["AudioDescriptions"][0]["AudioSourceName"] for output in hls_outputs(job)}
    assert names == set(job["Inputs"][0]["AudioSelectors"])


def test_every_output_group_is_encrypted_with_the_key():
    encryptions = [
        next(value for name, value in group["OutputGroupSettings"].items() if name != "Type")["DestinationSettings"]
        for group in settings()["OutputGroups"]
    ]

    assert len(encryptions) == 3
    for encryption in encryptions:
        assert encryption["S3Settings"]["Encryption"] == {
            "EncryptionType": "SERVER_SIDE_ENCRYPTION_KMS",
            "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1",
        }


def test_the_poster_named_is_one_that_is_captured():
    for duration_ms in (100, 2999, 3000, 40_000, 7_200_000):
        source = any_source(duration_ms=duration_ms)
        capture = settings(duration_ms=duration_ms)["OutputGroups"][1]["Outputs"][0]["VideoDescription"]
        rate = capture["CodecSettings"]["FrameCaptureSettings"]
        number = int(ladder.poster(source).split(".")[1])

        assert number < rate["MaxCaptures"]
        assert 1000 * number * rate["FramerateDenominator"] < duration_ms


def test_the_storyboard_covers_the_whole_film_in_at_most_a_hundred_pictures():
    for duration_ms in (1000, 40_000, 43_200_000):
        capture = settings(duration_ms=duration_ms)["OutputGroups"][2]["Outputs"][0]["VideoDescription"]
        rate = capture["CodecSettings"]["FrameCaptureSettings"]

        assert 1000 * rate["FramerateDenominator"] * rate["MaxCaptures"] >= duration_ms


def test_profile_digest_depends_on_the_settings_and_on_nothing_else():
    assert ladder.profile_digest(any_source()) == ladder.profile_digest(any_source(sha256="f" * 64, size_bytes=5))
    assert ladder.profile_digest(any_source()) != ladder.profile_digest(any_source(audio_codec=None))
