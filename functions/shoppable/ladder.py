"""The transcoding profile: which renditions a source gets, as MediaConvert's job settings.

Settings are data, made by pure functions: equal sources get equal jobs, and a digest names the profile.
https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs.html
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from functions.contracts.video import SourceVideo

SHORT_SIDES = (1080, 720, 540, 360)
OWN_RUNG_RATIO = 1.2
"""A source that is this much larger than its highest rung gets a rung of its own size."""
MAX_LONG_SIDE = 4096
"""Of AVC: https://docs.aws.amazon.com/mediaconvert/latest/ug/supported-output-resolution-maximums-by-codec.html"""
MIN_SIDE = 32
"""Of any output: the API's `Width` and `Height`."""
HLS_SEGMENT_SECONDS = 6
POSTER_WIDTH = 1280
STORYBOARD_WIDTH = 320
STORYBOARD_PICTURES = 100

HLS = "hls/index.m3u8"
"""Path of the multivariant playlist below the media prefix."""
AUDIO_SELECTOR = "Audio Selector 1"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rendition. Sides are even, as 4:2:0 demands, and never above the source's."""

    name: str
    width: int
    height: int
    max_bitrate: int
    """Bits per second."""


def rungs(source: SourceVideo) -> tuple[Rung, ...]:
    """The ladder of this source, the largest first; at least one rung."""
    short = min(source.width, source.height)
    sides = [side for side in SHORT_SIDES if side <= short]
    if short < SHORT_SIDES[0] and (not sides or short >= OWN_RUNG_RATIO * sides[0]):
        sides.insert(0, short)
    found: dict[str, Rung] = {}
    for side in sides:
        rung = _rung(source, side)
        found.setdefault(rung.name, rung)
    return tuple(found.values())


def _rung(source: SourceVideo, short_side: int) -> Rung:
    long_side = max(source.width, source.height)
    scale = min(short_side / min(source.width, source.height), MAX_LONG_SIDE / long_side, 1.0)
    width, height = _even(source.width * scale, source.width), _even(source.height * scale, source.height)
    name = f"{min(width, height)}p"
    return Rung(name=name, width=width, height=height, max_bitrate=_max_bitrate(source, min(width, height)))


def _even(length: float, limit: int) -> int:
    """The nearest even number, at least 2 and never above `limit` (unless that is 1)."""
    nearest = 2 * round(length / 2)
    return max(2, nearest if nearest <= limit else nearest - 2)


def _max_bitrate(source: SourceVideo, short_side: int) -> int:
    """6 Mbit/s at 1080p, falling with the short side to the power 3/2; half as much again above 31 frames a second."""
    fast = source.frame_rate.numerator > 31 * source.frame_rate.denominator
    return max(300_000, 100_000 * round(60 * (short_side / 1080) ** 1.5 * (1.5 if fast else 1.0)))


def poster(source: SourceVideo) -> str:
    """Path of the poster below the media prefix: the second capture, since many films begin in black."""
    return f"poster/poster.{0 if source.duration_ms < _POSTER_MIN_MS else 1:07d}.jpg"


_POSTER_MIN_MS = 3000


def job_settings(source: SourceVideo, *, file_input: str, destination: str, key_arn: str) -> dict[str, Any]:
    """MediaConvert's `Settings`.

    `file_input`: s3:// URI of the source. `destination`: s3:// URI of the media prefix, without a trailing slash.
    `key_arn`: the KMS key that encrypts the outputs.
    """
    audio = {AUDIO_SELECTOR: {"DefaultSelection": "DEFAULT"}}
    return {
        "TimecodeConfig": {"Source": "ZEROBASED"},
        "Inputs": [
            {
                "FileInput": file_input,
                "TimecodeSource": "ZEROBASED",
                # Otherwise a phone's portrait video comes out lying on its side.
                "VideoSelector": {"Rotate": "AUTO"},
                # An audio selector on an input without audio makes the service add silence.
                **({"AudioSelectors": audio} if source.audio_codec else {}),
            }
        ],
        "OutputGroups": [
            _hls_group(source, f"{destination}/hls/index", key_arn),
            _capture_group("Poster", f"{destination}/poster/poster", key_arn, _poster_output(source)),
            _capture_group("Storyboard", f"{destination}/storyboard/storyboard", key_arn, _storyboard_output(source)),
        ],
    }


def profile_digest(source: SourceVideo) -> str:
    """Names what a source of these facts is transcoded to: changes when, and only when, the settings do."""
    settings = job_settings(source, file_input="s3://source/file", destination="s3://destination/prefix", key_arn="")
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _hls_group(source: SourceVideo, destination: str, key_arn: str) -> dict[str, Any]:
    return {
        "Name": "HLS",
        "OutputGroupSettings": {
            "Type": "HLS_GROUP_SETTINGS",
            "HlsGroupSettings": {
                "Destination": destination,
                "DestinationSettings": _encrypted(key_arn),
                "SegmentLength": HLS_SEGMENT_SECONDS,
                "SegmentLengthControl": "GOP_MULTIPLE",
                "MinSegmentLength": 0,
                "SegmentControl": "SEGMENTED_FILES",
                "DirectoryStructure": "SINGLE_DIRECTORY",
                "ManifestDurationFormat": "FLOATING_POINT",
                "ManifestCompression": "NONE",
                "CodecSpecification": "RFC_4281",
                "StreamInfResolution": "INCLUDE",
                "OutputSelection": "MANIFESTS_AND_SEGMENTS",
            },
        },
        "Outputs": [_rendition(rung, audio=source.audio_codec is not None) for rung in rungs(source)],
    }


def _rendition(rung: Rung, *, audio: bool) -> dict[str, Any]:
    output: dict[str, Any] = {
        "NameModifier": f"_{rung.name}",
        "ContainerSettings": {"Container": "M3U8", "M3u8Settings": {}},
        "VideoDescription": {
            "Width": rung.width,
            "Height": rung.height,
            # Sides were rounded to even numbers: stretching by a pixel keeps boxes where padding would shift them.
            "ScalingBehavior": "STRETCH_TO_OUTPUT",
            "AntiAlias": "ENABLED",
            "CodecSettings": {
                "Codec": "H_264",
                "H264Settings": {
                    "RateControlMode": "QVBR",
                    "QvbrSettings": {"QvbrQualityLevel": 8 if min(rung.width, rung.height) >= 1080 else 7},
                    "MaxBitrate": rung.max_bitrate,
                    "QualityTuningLevel": "SINGLE_PASS_HQ",
                    "CodecProfile": "HIGH",
                    "CodecLevel": "AUTO",
                    "FramerateControl": "INITIALIZE_FROM_SOURCE",
                    "ParControl": "SPECIFIED",
                    "ParNumerator": 1,
                    "ParDenominator": 1,
                    "InterlaceMode": "PROGRESSIVE",
                    # The service then aligns the GOPs of a group's outputs with its segments, as its documentation
                    # advises for HLS: https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs.html
                    "GopSizeUnits": "AUTO",
                    "GopClosedCadence": 1,
                    "SceneChangeDetect": "TRANSITION_DETECTION",
                },
            },
        },
    }
    if audio:
        output["AudioDescriptions"] = [
            {
                "AudioSourceName": AUDIO_SELECTOR,
                "CodecSettings": {
                    "Codec": "AAC",
                    "AacSettings": {
                        "Bitrate": 128_000,
                        "CodingMode": "CODING_MODE_2_0",
                        "RateControlMode": "CBR",
                        "CodecProfile": "LC",
                        "SampleRate": 48_000,
                    },
                },
            }
        ]
    return output


def _poster_output(source: SourceVideo) -> dict[str, Any]:
    if source.duration_ms < _POSTER_MIN_MS:
        return _capture(source, width=POSTER_WIDTH, every_seconds=1, captures=1, quality=90)
    every_seconds = max(1, min(10, source.duration_ms // 3000))
    return _capture(source, width=POSTER_WIDTH, every_seconds=every_seconds, captures=2, quality=90)


def _storyboard_output(source: SourceVideo) -> dict[str, Any]:
    every_seconds = max(2, -(-source.duration_ms // (1000 * STORYBOARD_PICTURES)))
    return _capture(
        source, width=STORYBOARD_WIDTH, every_seconds=every_seconds, captures=STORYBOARD_PICTURES, quality=70
    )


def _capture(source: SourceVideo, *, width: int, every_seconds: int, captures: int, quality: int) -> dict[str, Any]:
    top = rungs(source)[0]
    scale = min(1.0, width / top.width)
    return {
        "ContainerSettings": {"Container": "RAW"},
        "VideoDescription": {
            "Width": _even(top.width * scale, top.width),
            "Height": _even(top.height * scale, top.height),
            "ScalingBehavior": "STRETCH_TO_OUTPUT",
            "CodecSettings": {
                "Codec": "FRAME_CAPTURE",
                "FrameCaptureSettings": {
                    "FramerateNumerator": 1,
                    "FramerateDenominator": every_seconds,
                    "MaxCaptures": captures,
                    "Quality": quality,
                },
            },
        },
    }


def _capture_group(name: str, destination: str, key_arn: str, output: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "OutputGroupSettings": {
            "Type": "FILE_GROUP_SETTINGS",
            "FileGroupSettings": {"Destination": destination, "DestinationSettings": _encrypted(key_arn)},
        },
        "Outputs": [output],
    }


def _encrypted(key_arn: str) -> dict[str, Any]:
    return {"S3Settings": {"Encryption": {"EncryptionType": "SERVER_SIDE_ENCRYPTION_KMS", "KmsKeyArn": key_arn}}}
