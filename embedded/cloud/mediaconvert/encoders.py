"""Outputs of the encoding process: renditions (H.264 and AAC in HLS or MP4) and frame captures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame

from embedded.cloud.mediaconvert.pictures import TIME_BASE, Scaler
from embedded.cloud.mediaconvert.plan import H264, Capture, Group, OutputMade, Rendition

THREADS = 2
"""Fixed: x264's output depends on it, and a job shall give the same bytes on every machine."""
_PRESET = "superfast"
"""Files half as large again as with `veryfast`, for a quarter less time: nobody pays for the bytes here."""


def _x264_options(video: H264) -> dict[str, str]:
    options = {"preset": _PRESET, "profile": video.profile, "threads": str(THREADS), "forced-idr": "1"}
    # Keyframes come at the times this module forces, and nowhere else: renditions stay aligned.
    options |= {"sc_threshold": "0", "g": "100000", "keyint_min": "1", "x264-params": "scenecut=0:open-gop=0"}
    if video.mode == "QVBR":
        # Quality 10 is what x264 calls CRF 18, each level below costs 1.5.
        options["crf"] = f"{18 + 1.5 * (10 - video.quality):.2f}"
    most = video.bitrate if video.mode == "CBR" else video.max_bitrate
    if most:
        options["maxrate"] = str(most)
        options["bufsize"] = str(video.buffer_bits or 2 * most)
    if video.b_frames is not None:
        options["bf"] = str(video.b_frames)
    return options


class RenditionEncoder:
    """Scales, encodes and multiplexes one rendition into `folder`, as files named `<base><modifier>…`."""

    def __init__(
        self, rendition: Rendition, group: Group, folder: Path, base: str, *, source: tuple[int, int], rate: Fraction,
        audio: bool,
    ) -> None:  # fmt: skip
        self._rendition = rendition
        self._scaler = Scaler(rendition.scaling, source)
        self._name = f"{base}{rendition.modifier}"
        self._folder = folder
        self._hls = group.kind == "hls"
        video = rendition.video
        self.rate = Fraction(*video.frame_rate) if video.frame_rate else rate
        self._resample = video.frame_rate is not None
        self._gop = self._gop_seconds(video, group)
        self._container: Any = self._open(group)
        self._video: Any = self._container.add_stream("libx264", rate=self.rate)
        self._video.width, self._video.height = self._scaler.width, self._scaler.height
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = TIME_BASE
        if video.bitrate and video.mode != "QVBR":
            self._video.bit_rate = video.bitrate
        self._video.options = _x264_options(video)
        self._audio = self._audio_stream() if audio and rendition.audio else None
        self._forced = -1
        self._last: VideoFrame | None = None
        self._written = 0
        self._end = Fraction(0)
        self.codecs = ""

    @property
    def size(self) -> tuple[int, int]:
        return self._scaler.width, self._scaler.height

    @property
    def has_audio(self) -> bool:
        return self._audio is not None

    @property
    def playlist(self) -> str:
        return f"{self._name}.m3u8"

    def _gop_seconds(self, video: H264, group: Group) -> Fraction:
        gop: Fraction | None = None
        if video.gop_seconds:
            gop = Fraction(video.gop_seconds).limit_denominator(1000)
        elif video.gop_frames:
            gop = Fraction(video.gop_frames) / self.rate
        if not self._hls:
            return gop or Fraction(2)
        segment = Fraction(group.segment_seconds).limit_denominator(1000)
        if gop is None or gop >= segment or (group.exact_segments and segment % gop):
            return segment
        return gop

    def _open(self, group: Group) -> OutputContainer:
        if not self._hls:
            flags = "+faststart" if self._rendition.fast_start else "0"
            path = self._folder / f"{self._name}.{self._rendition.extension}"
            return av.open(str(path), "w", format="mp4", options={"movflags": flags})
        segment = Fraction(group.segment_seconds).limit_denominator(1000)
        # A segment is whole GOPs: the first multiple that is long enough.
        seconds = float(self._gop * math.ceil(segment / self._gop))
        options = {
            "hls_time": f"{seconds:.6f}",
            "hls_playlist_type": "vod",
            "hls_flags": "independent_segments",
            "start_number": "1",
            "hls_segment_filename": str(self._folder / f"{self._name}_%05d.{self._rendition.extension}"),
        }
        return av.open(str(self._folder / self.playlist), "w", format="hls", options=options)

    def _audio_stream(self) -> Any:  # noqa: ANN401 - an audio stream
        audio = self._rendition.audio
        assert audio is not None  # noqa: S101 - checked by the caller
        stream: Any = self._container.add_stream("aac", rate=audio.sample_rate)
        stream.layout = {1: "mono", 2: "stereo", 6: "5.1"}[audio.channels]
        stream.bit_rate = audio.bitrate
        return stream

    def video_frame(self, frame: VideoFrame, at: Fraction) -> None:
        """Take the frame presented at `at` seconds."""
        if not self._resample:
            self._encode(self._scaler.scale(frame), at)
            return
        # A frame is shown until the next one comes: each tick takes the frame of its moment.
        scaled = self._scaler.scale(frame)
        while self._last is not None and Fraction(self._written) / self.rate < at:
            self._encode(self._copy(self._last), Fraction(self._written) / self.rate)
            self._written += 1
        self._last = scaled

    @staticmethod
    def _copy(frame: VideoFrame) -> VideoFrame:
        return VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")

    def _encode(self, frame: VideoFrame, at: Fraction) -> None:
        frame.pts, frame.time_base = round(at / TIME_BASE), TIME_BASE
        group = int(at / self._gop)
        frame.pict_type = PictureType.I if group > self._forced else PictureType.NONE
        self._forced = max(group, self._forced)
        self._end = max(self._end, at + 1 / self.rate)
        self._mux(self._video.encode(frame))

    def audio_frame(self, frame: AudioFrame) -> None:
        """Take resampled audio."""
        if self._audio is not None:
            self._mux(self._audio.encode(frame))

    @property
    def audio_stream(self) -> Any:  # noqa: ANN401 - an audio stream or None
        return self._audio

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            if packet.stream is self._audio and packet.pts is not None and packet.pts < 0:
                continue  # the encoder's priming: time starts with the first picture
            if packet.stream is self._video and not self.codecs:
                self.codecs = _codecs(bytes(packet), self._video, audio=self.has_audio)
            self._container.mux(packet)

    def close(self, end: Fraction) -> OutputMade:
        """Write what is left; `end` is where the source's video ends."""
        while self._last is not None and (self._written == 0 or Fraction(self._written) / self.rate < end):
            self._encode(self._copy(self._last), Fraction(self._written) / self.rate)
            self._written += 1
        self._mux(self._video.encode(None))
        if self._audio is not None:
            self._mux(self._audio.encode(None))
        self._container.close()
        names = sorted(path.name for path in self._folder.iterdir() if self._mine(path.name))
        return OutputMade(
            files=tuple(names),
            duration_ms=round(self._end * 1000),
            width=self._scaler.width,
            height=self._scaler.height,
        )

    def _mine(self, name: str) -> bool:
        if not self._hls:
            return name == f"{self._name}.{self._rendition.extension}"
        rest = name.removeprefix(f"{self._name}_").removesuffix(f".{self._rendition.extension}")
        return name == self.playlist or (name.startswith(f"{self._name}_") and rest.isdigit())


def _codecs(packet: bytes, stream: Any, *, audio: bool) -> str:  # noqa: ANN401 - a video stream
    """RFC 6381 names, read from the sequence parameter set."""
    for body in (packet, bytes(stream.codec_context.extradata or b"")):
        at = body.find(b"\x00\x00\x01\x67")
        if at >= 0:
            profile = f"avc1.{body[at + 4 : at + 7].hex().upper()}"
            return f"{profile},mp4a.40.2" if audio else profile
    extradata = bytes(stream.codec_context.extradata or b"")
    profile = f"avc1.{extradata[1:4].hex().upper()}"
    return f"{profile},mp4a.40.2" if audio else profile


class CaptureEncoder:
    """Writes `<base><modifier>.0000000.jpg` and so on."""

    def __init__(self, capture: Capture, folder: Path, base: str, *, source: tuple[int, int]) -> None:
        self._capture = capture
        self._scaler = Scaler(capture.scaling, source)
        self._stem = f"{base}{capture.modifier}"
        self._folder = folder
        self._every = Fraction(capture.seconds_numerator, capture.seconds_denominator)
        self._files: list[str] = []

    def video_frame(self, frame: VideoFrame, at: Fraction) -> None:
        """Take a picture if its turn has come."""
        number = len(self._files)
        if number >= self._capture.captures or at < number * self._every:
            return
        image = self._scaler.scale(frame).to_ndarray(format="bgr24")
        name = f"{self._stem}.{number:07d}.{self._capture.extension}"
        done, body = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._capture.quality])
        if not done:
            raise RuntimeError("the picture could not be encoded")
        (self._folder / name).write_bytes(body.tobytes())
        self._files.append(name)

    def close(self, end: Fraction) -> OutputMade:
        """What was captured; `end` is where the source's video ends."""
        return OutputMade(
            files=tuple(self._files),
            duration_ms=round(end * 1000),
            width=self._scaler.width,
            height=self._scaler.height,
        )
