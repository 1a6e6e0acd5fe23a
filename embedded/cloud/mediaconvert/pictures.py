"""Decoded frames on their way to the encoders: turned for display, scaled, and timed from the first one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal, cast

import av.filter
from av.container import InputContainer
from av.error import InvalidDataError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from embedded.cloud.mediaconvert.plan import Scaling

_TURNS = {90: ("transpose", "clock"), 180: ("hflip,vflip", ""), 270: ("transpose", "cclock")}
TIME_BASE = Fraction(1, 90_000)


class UnreadableError(Exception):
    """The input is no video that can be decoded."""


def rotation_of(frame: VideoFrame, rotate: Literal["AUTO"] | int) -> int:
    """Degrees clockwise by which the stored picture is turned; libav counts counterclockwise."""
    return round(-frame.rotation / 90) * 90 % 360 if rotate == "AUTO" else rotate


def displayed_size(frame: VideoFrame, stream: VideoStream, rotation: int) -> tuple[int, int]:
    """Width and height with square pixels, after rotation."""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    wide, high = max(2, round(frame.width * (aspect or 1))), frame.height
    return (high, wide) if rotation in (90, 270) else (wide, high)


class Turner:
    """Turns frames by multiples of 90 degrees."""

    def __init__(self, rotation: int) -> None:
        self._rotation = rotation
        self._graph: Any = None
        self._shape: tuple[int, int, str] | None = None

    def turn(self, frame: VideoFrame) -> VideoFrame:
        if self._rotation == 0:
            return frame
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is None or shape != self._shape:
            self._graph, self._shape = self._build(frame), shape
        self._graph.push(frame)
        turned = cast("VideoFrame", self._graph.pull())
        turned.pts, turned.time_base = frame.pts, frame.time_base
        return turned

    def _build(self, frame: VideoFrame) -> Any:  # noqa: ANN401 - a filter graph
        graph: Any = av.filter.Graph()
        last: Any = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format.name, time_base=frame.time_base
        )
        name, argument = _TURNS[self._rotation]
        for filter_name in name.split(","):
            following: Any = graph.add(filter_name, argument) if argument else graph.add(filter_name)
            last.link_to(following)
            last = following
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph


def output_size(scaling: Scaling, source: tuple[int, int]) -> tuple[int, int]:
    """Even width and height of the output; one that is missing follows from the other and the source's shape."""
    wide, high = source
    width = scaling.width or (round(scaling.height * wide / high) if scaling.height else wide)
    height = scaling.height or round(width * high / wide)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


class Scaler:
    """Frames → YUV 4:2:0 frames of one size, with black bars where the shape differs and must be kept."""

    def __init__(self, scaling: Scaling, source: tuple[int, int]) -> None:
        self.width, self.height = output_size(scaling, source)
        wide, high = source
        ratio = min(self.width / wide, self.height / high)
        fitted = (max(2, round(wide * ratio / 2) * 2), max(2, round(high * ratio / 2) * 2))
        self._inner = (self.width, self.height) if scaling.stretch else fitted
        if abs(self._inner[0] - self.width) <= 2 and abs(self._inner[1] - self.height) <= 2:
            self._inner = (self.width, self.height)
        # One of its own: the one that a frame carries must not be used by two threads at once.
        self._reformatter = VideoReformatter()
        self._graph: Any = None

    def scale(self, frame: VideoFrame) -> VideoFrame:
        scaled = self._reformatter.reformat(frame, *self._inner, format="yuv420p", interpolation="BICUBIC")
        if self._inner != (self.width, self.height):
            scaled = self._padded(scaled)
        elif scaled is frame:
            # Each encoder marks its own frames: a frame is never shared.
            scaled = VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
        return scaled

    def _padded(self, frame: VideoFrame) -> VideoFrame:
        if self._graph is None:
            graph: Any = av.filter.Graph()
            buffer: Any = graph.add_buffer(
                width=frame.width, height=frame.height, format="yuv420p", time_base=TIME_BASE
            )
            pad: Any = graph.add("pad", f"{self.width}:{self.height}:(ow-iw)/2:(oh-ih)/2")
            buffer.link_to(pad)
            pad.link_to(graph.add("buffersink"))
            graph.configure()
            self._graph = graph
        self._graph.push(frame)
        return cast("VideoFrame", self._graph.pull())


def frame_time(frame: VideoFrame) -> Fraction:
    """Seconds in the stream's own clock. Errors: UnreadableError when the container gives none."""
    if frame.pts is None or frame.time_base is None:
        raise UnreadableError("a frame has no presentation time")
    return frame.pts * Fraction(frame.time_base)


def decoded(container: InputContainer, streams: list[Any]) -> Iterator[Any]:
    """Frames of the streams as they come. What cannot be decoded in the middle is skipped, as a player does."""
    for packet in container.demux(*streams):
        try:
            yield from packet.decode()
        except InvalidDataError:
            continue
