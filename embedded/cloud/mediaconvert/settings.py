"""From MediaConvert's `Settings` to a plan. A setting that is valid but not served here is an error, never ignored.

Exceptions are fine-tunings of the encoder and the multiplexer that a player cannot tell apart; they are listed below.
https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from embedded.cloud.mediaconvert.plan import H264, Aac, Capture, Encryption, Group, Place, Plan, Rendition, Scaling

Json = Any
# What the encoder decides by itself here.
TUNING = frozenset(
    {"AntiAlias", "Sharpness", "AdaptiveQuantization", "SpatialAdaptiveQuantization", "TemporalAdaptiveQuantization"}
    | {"FlickerAdaptiveQuantization", "QualityTuningLevel", "CodecLevel", "SceneChangeDetect", "EntropyEncoding"}
    | {"GopBReference", "GopClosedCadence", "DynamicSubGop", "NumberReferenceFrames", "Softness", "Slices", "Syntax"}
    | {"RepeatPps", "MinIInterval", "UnregisteredSeiTimecode", "HrdBufferInitialFillPercentage", "Telecine", "SlowPal"}
    | {"FieldEncoding", "FramerateConversionAlgorithm", "AfdSignaling", "RespondToAfd", "TimecodeInsertion"}
    | {"DropFrameTimecode", "ColorMetadata", "VbrQuality", "RawFormat", "Specification", "RapInterval"}
    | {"AudioDescriptionBroadcasterMix", "M3u8Settings", "CslgAtom", "CttsVersion", "FreeSpaceBox", "Mp4MajorBrand"}
    | {"AudioTypeControl", "AudioType", "LanguageCodeControl", "LanguageCode", "StreamName", "Name", "CustomName"}
    | {"ManifestDurationFormat", "CodecSpecification", "StreamInfResolution", "ClientCache", "MinSegmentLength"}
    | {"MinFinalSegmentLength", "TargetDurationCompatibilityMode", "CaptionLanguageSetting", "ProgramDateTimePeriod"}
    | {"TimedMetadataId3Period", "TimedMetadataId3Frame", "TimestampDeltaMilliseconds", "SegmentsPerSubdirectory"}
    | {"TimecodeSource", "FilterStrength", "PsiControl", "AlphaBehavior", "AudioDuration", "IFrameOnlyManifest"}
)
_EXTENSIONS = {"MP4": "mp4", "M3U8": "ts", "RAW": "jpg"}
_CHANNELS = {"CODING_MODE_1_0": 1, "CODING_MODE_2_0": 2, "CODING_MODE_5_1": 6}


class SettingsError(Exception):
    """The settings are wrong, or not served here; the message names the place."""


class _Fields:
    """The members of a structure. What was not read by the end is an error."""

    def __init__(self, value: Mapping[str, Json], at: str) -> None:
        self._left = {name: inner for name, inner in value.items() if name not in TUNING}
        self.at = at

    def take(self, name: str, default: Json = None) -> Json:
        return self._left.pop(name, default)

    def need(self, name: str) -> Json:
        if name not in self._left:
            raise SettingsError(f"{self.at}/{name} is a required property")
        return self._left.pop(name)

    def inner(self, name: str) -> _Fields:
        return _Fields(self.take(name) or {}, f"{self.at}/{name}")

    def only(self, name: str, *allowed: Json) -> Json:
        """A setting of which only some values are served; the first is the default."""
        value = self.take(name, allowed[0])
        if value not in allowed:
            raise SettingsError(f"{self.at}/{name}: {value!r} is not served by the embedded AWS")
        return value

    def end(self) -> None:
        if self._left:
            name = min(self._left)
            raise SettingsError(f"{self.at}/{name} is not served by the embedded AWS")


def understand(settings: Mapping[str, Json]) -> Plan:
    """Errors: SettingsError."""
    top = _Fields(settings, "/settings")
    timecode = top.inner("TimecodeConfig")
    timecode.only("Source", "ZEROBASED", "EMBEDDED", "SPECIFIEDSTART")
    timecode.end()
    inputs: list[Mapping[str, Json]] = top.need("Inputs")
    if len(inputs) != 1:
        raise SettingsError("/settings/inputs: jobs of exactly one input are served by the embedded AWS")
    source, rotate, selectors = _input(_Fields(inputs[0], "/settings/inputs/0"))
    groups: list[Mapping[str, Json]] = top.need("OutputGroups")
    if not groups:
        raise SettingsError("/settings/outputGroups must not be empty")
    top.end()
    made = tuple(
        _group(_Fields(group, f"/settings/outputGroups/{index}"), source, selectors)
        for index, group in enumerate(groups)
    )
    if all(isinstance(output, Capture) for group in made for output in group.outputs):
        # https://docs.aws.amazon.com/mediaconvert/latest/ug/setting-up-a-frame-capture-job.html
        raise SettingsError("/settings/outputGroups: a job with frame captures needs another output as well")
    _distinct(made)
    return Plan(source=source, rotate=rotate, groups=made)


def _distinct(groups: tuple[Group, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for group in groups:
        for output in group.outputs:
            name = (f"{group.destination.bucket}/{group.destination.key}{output.modifier}", output.extension)
            if name in seen:
                raise SettingsError(f"Two outputs would write s3://{name[0]}.{name[1]}: give them a NameModifier each")
            seen.add(name)


def place(uri: Json, at: str) -> Place:
    """An s3:// URI; the key is taken as it is. Errors: SettingsError."""
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", str(uri), re.DOTALL)
    if found is None:
        raise SettingsError(f"{at}: {uri!r} is no s3:// URI")
    return Place(bucket=found[1], key=found[2])


_ROTATIONS: dict[str, Literal["AUTO"] | int] = {
    "AUTO": "AUTO",
    "DEGREE_0": 0,
    "DEGREES_90": 90,
    "DEGREES_180": 180,
    "DEGREES_270": 270,
}


def _input(fields: _Fields) -> tuple[Place, Literal["AUTO"] | int, set[str]]:
    source = place(fields.need("FileInput"), f"{fields.at}/fileInput")
    video = fields.inner("VideoSelector")
    # Documented: the default is not to rotate.
    rotate = _ROTATIONS[video.only("Rotate", "DEGREE_0", *_ROTATIONS)]
    video.only("ColorSpace", "FOLLOW")
    video.end()
    fields.only("FilterEnable", "AUTO", "DISABLE")
    fields.only("DeblockFilter", "DISABLED")
    fields.only("DenoiseFilter", "DISABLED")
    fields.only("InputScanType", "AUTO")
    selectors: Mapping[str, Mapping[str, Json]] = fields.take("AudioSelectors") or {}
    for name, value in selectors.items():
        selector = _Fields(value, f"{fields.at}/audioSelectors/{name}")
        selector.only("DefaultSelection", "DEFAULT", "NOT_DEFAULT")
        selector.only("Offset", 0)
        selector.only("ProgramSelection", 0, 1)
        selector.end()
    fields.end()
    return source, rotate, set(selectors)


def _group(fields: _Fields, source: Place, selectors: set[str]) -> Group:
    settings = fields.inner("OutputGroupSettings")
    kinds: dict[str, tuple[Literal["hls", "file"], str]] = {
        "HLS_GROUP_SETTINGS": ("hls", "HlsGroupSettings"),
        "FILE_GROUP_SETTINGS": ("file", "FileGroupSettings"),
    }
    kind, name = kinds[settings.only("Type", *[None, *kinds][1:])]
    group = settings.inner(name)
    destination = place(group.need("Destination"), f"{group.at}/destination")
    if not destination.key or destination.key.endswith("/"):
        stem = PurePosixPath(source.key).stem
        destination = Place(bucket=destination.bucket, key=f"{destination.key}{stem}")
    encryption = _encryption(group.inner("DestinationSettings"))
    segment_seconds, exact = _segments(group) if kind == "hls" else (0.0, False)
    outputs: list[Mapping[str, Json]] = fields.need("Outputs")
    made = [
        _output(_Fields(output, f"{fields.at}/outputs/{index}"), kind, selectors)
        for index, output in enumerate(outputs)
    ]
    for part in (group, settings, fields):
        part.end()
    return Group(
        kind=kind,
        destination=destination,
        encryption=encryption,
        outputs=tuple(made),
        segment_seconds=segment_seconds,
        exact_segments=exact,
    )


def _segments(group: _Fields) -> tuple[float, bool]:
    group.only("SegmentControl", "SEGMENTED_FILES")
    group.only("DirectoryStructure", "SINGLE_DIRECTORY")
    group.only("ManifestCompression", "NONE")
    group.only("OutputSelection", "MANIFESTS_AND_SEGMENTS")
    group.only("ProgramDateTime", "EXCLUDE")
    group.only("ImageBasedTrickPlay", "NONE")
    exact = group.only("SegmentLengthControl", "EXACT", "GOP_MULTIPLE") == "EXACT"
    return float(group.take("SegmentLength", 10)), exact


def _encryption(fields: _Fields) -> Encryption | None:
    s3 = fields.inner("S3Settings")
    settings = s3.inner("Encryption")
    kind = settings.only("EncryptionType", None, "SERVER_SIDE_ENCRYPTION_S3", "SERVER_SIDE_ENCRYPTION_KMS")
    key_arn: str | None = settings.take("KmsKeyArn")
    s3.only("StorageClass", "STANDARD")
    for part in (settings, s3, fields):
        part.end()
    if kind is None:
        return None
    return Encryption(algorithm="aws:kms" if kind.endswith("KMS") else "AES256", key_arn=key_arn or None)


def _output(fields: _Fields, kind: str, selectors: set[str]) -> Rendition | Capture:
    container = fields.inner("ContainerSettings")
    container_kind = container.only("Container", *(("M3U8",) if kind == "hls" else ("MP4", "RAW")))
    mp4 = container.inner("Mp4Settings")
    fast_start = mp4.only("MoovPlacement", "PROGRESSIVE_DOWNLOAD", "NORMAL") == "PROGRESSIVE_DOWNLOAD"
    output_settings = fields.inner("OutputSettings")
    hls = output_settings.inner("HlsSettings")
    modifier: str = fields.take("NameModifier") or ""
    if kind == "hls" and not modifier:
        raise SettingsError(f"{fields.at}/nameModifier is a required property")
    extension: str = fields.take("Extension") or _EXTENSIONS[container_kind]
    video = fields.inner("VideoDescription")
    codec = video.inner("CodecSettings")
    stretch = video.only("ScalingBehavior", "DEFAULT", "STRETCH_TO_OUTPUT") == "STRETCH_TO_OUTPUT"
    scaling = Scaling(width=video.take("Width"), height=video.take("Height"), stretch=stretch)
    audios: list[Mapping[str, Json]] = fields.take("AudioDescriptions") or []
    if container_kind == "RAW":
        codec.only("Codec", "FRAME_CAPTURE")
        capture = codec.inner("FrameCaptureSettings")
        made: Rendition | Capture = Capture(
            modifier=modifier,
            scaling=scaling,
            seconds_numerator=capture.take("FramerateDenominator", 1),
            seconds_denominator=capture.take("FramerateNumerator", 1),
            captures=capture.take("MaxCaptures", 10_000_000),
            quality=capture.take("Quality", 80),
            extension=extension,
        )
        parts = [capture]
    else:
        codec.only("Codec", "H_264")
        h264 = codec.inner("H264Settings")
        made = Rendition(
            modifier=modifier,
            scaling=scaling,
            video=_h264(h264),
            audio=_audio(audios, selectors, fields.at),
            extension=extension,
            fast_start=fast_start and container_kind == "MP4",
        )
        audios = []
        parts = [h264]
    if audios:
        raise SettingsError(f"{fields.at}/audioDescriptions: frame captures have no audio")
    for part in (*parts, codec, video, mp4, container, hls, output_settings, fields):
        part.end()
    return made


def _h264(fields: _Fields) -> H264:
    mode: Literal["QVBR", "VBR", "CBR"] = fields.only("RateControlMode", "VBR", "CBR", "QVBR")
    qvbr = fields.inner("QvbrSettings")
    quality = float(qvbr.take("QvbrQualityLevel", 7)) + float(qvbr.take("QvbrQualityLevelFineTune", 0.0))
    qvbr.take("MaxAverageBitrate")
    qvbr.end()
    bitrate, most = fields.take("Bitrate"), fields.take("MaxBitrate")
    if mode == "QVBR" and most is None:
        raise SettingsError(f"{fields.at}/maxBitrate is a required property when rateControlMode is QVBR")
    if mode != "QVBR" and bitrate is None:
        raise SettingsError(f"{fields.at}/bitrate is a required property when rateControlMode is {mode}")
    units = fields.only("GopSizeUnits", "FRAMES", "SECONDS", "AUTO")
    size: float | None = fields.take("GopSize", None if units == "AUTO" else 90.0)
    frame_rate: tuple[int, int] | None = None
    if fields.only("FramerateControl", "INITIALIZE_FROM_SOURCE", "SPECIFIED") == "SPECIFIED":
        frame_rate = (fields.need("FramerateNumerator"), fields.need("FramerateDenominator"))
    fields.only("InterlaceMode", "PROGRESSIVE")
    fields.only("ParControl", "INITIALIZE_FROM_SOURCE", "SPECIFIED")
    if fields.take("ParNumerator", 1) != fields.take("ParDenominator", 1):
        raise SettingsError(f"{fields.at}: only square pixels are served by the embedded AWS")
    profile = fields.only("CodecProfile", "MAIN", "HIGH", "BASELINE")
    b_frames: int | None = fields.take("NumberBFramesBetweenReferenceFrames")
    buffer_bits: int | None = fields.take("HrdBufferSize")
    fields.end()
    return H264(
        mode=mode,
        quality=quality,
        bitrate=bitrate,
        max_bitrate=most,
        buffer_bits=buffer_bits,
        profile=profile.lower(),
        gop_seconds=size if units == "SECONDS" else None,
        gop_frames=int(size) if units == "FRAMES" and size else None,
        b_frames=b_frames,
        frame_rate=frame_rate,
    )


def _audio(descriptions: list[Mapping[str, Json]], selectors: set[str], at: str) -> Aac | None:
    if not descriptions:
        return None
    if len(descriptions) > 1:
        raise SettingsError(f"{at}/audioDescriptions: one per output is served by the embedded AWS")
    fields = _Fields(descriptions[0], f"{at}/audioDescriptions/0")
    name: str | None = fields.take("AudioSourceName")
    if name is not None and name not in selectors:
        raise SettingsError(f"{fields.at}/audioSourceName: the input has no audio selector {name!r}")
    codec = fields.inner("CodecSettings")
    codec.only("Codec", "AAC")
    aac = codec.inner("AacSettings")
    aac.only("CodecProfile", "LC")
    aac.only("RateControlMode", "CBR", "VBR")
    made = Aac(
        bitrate=aac.take("Bitrate", 96_000),
        channels=_CHANNELS[aac.only("CodingMode", "CODING_MODE_2_0", *_CHANNELS)],
        sample_rate=aac.need("SampleRate"),
    )
    for part in (aac, codec, fields):
        part.end()
    return made
