"""Opening and decoding of a video that a stranger uploaded: exact facts, exact times, and typed refusals.

t = 0 is the first presented frame; times are milliseconds of presentation time. Pictures are uint8 BGR (H, W, 3) as
displayed: rotation and sample aspect ratio are applied.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, NamedTuple, Self, cast

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from functions.contracts.video import Rational
from functions.shoppable.image import Image

Rotation = Literal[0, 90, 180, 270]

MAX_PIXELS = 8192 * 8192
MIN_SIDE = 16
MAX_DURATION_MS = 12 * 3600 * 1000
_MAX_PACKETS_WITHOUT_FRAME = 3000
_MAX_DECODE_ERRORS = 50
_END_TOLERANCE_SECONDS = Fraction(1, 2)
_STANDARD_RATES = (
    *(Fraction(rate) for rate in (5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)),
    *(Fraction(rate * 1000, 1001) for rate in (12, 15, 24, 30, 48, 60, 120)),
)
_CUT = "The file ends before its content does; upload it again."
_CONTENT_BOXES = frozenset(
    {
        b"ftyp",
        b"styp",
        b"moov",
        b"mdat",
        b"moof",
        b"mfra",
        b"sidx",
        b"free",
        b"skip",
        b"wide",
        b"pnot",
        b"uuid",
        b"meta",
        b"udta",
    }
)
_PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
_DROP_FRAME_RATES = (Fraction(30000, 1001), Fraction(60000, 1001))
# Formats are chosen by their own first bytes, never by libavformat's probing, which would also open playlists
# (files that name other files) and text.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"FLV\x01", "flv"),
    (0, b"OggS", "ogg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", "mxf"),
    *((4, box, "mov") for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),
)


class VideoRefused(Exception):  # noqa: N818
    """The file cannot be analysed. `code` is stable UpperCamelCase, `message` says what is wrong and what to do.

    Codes: EmptyFile, NotAVideo, Truncated, NoVideoStream, UnsupportedCodec, Unreadable, TooSmall, TooLarge, TooLong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class VideoFrame(NamedTuple):
    """One presented frame."""

    ms: int
    number: int
    """Counted from 0 at the first presented frame, on the grid of the nominal frame rate."""
    image: Image


@dataclass(frozen=True, eq=False)
class SmallFrame:
    """One presented frame, of which only what is asked for is reduced; nothing is converted to RGB."""

    ms: int
    number: int
    planes: tuple[Image, Image, Image]
    """Y, Cb and Cr as stored, uint8 (H, W) each: of the decoder's own memory."""
    rotation: Rotation
    width: int

    @cached_property
    def luma(self) -> Image:
        """uint8 (H, W) as displayed, but the sample aspect ratio is not applied: means of whole numbers of pixels, at
        most `width` columns.
        """
        plane = self.planes[0]
        wide = plane.shape[0] if self.rotation in {90, 270} else plane.shape[1]
        small = _reduced(plane, -(-wide // self.width))
        return np.ascontiguousarray(np.rot90(small, -self.rotation // 90)) if self.rotation else small

    def samples(self, columns: int) -> tuple[Image, Image, Image]:
        """Y, Cb and Cr as stored, some `columns` columns of them: means of 2 × 2 pixels, and of these single ones:
        cheaper than means of all.
        """
        luma, blue, red = (_sampled(plane, plane.shape[1] // columns) for plane in self.planes)
        return luma, blue, red


class Video:
    """An opened video. A context manager; not safe for several threads."""

    def __init__(self, container: InputContainer, stream: VideoStream, file: BinaryIO, *, owns_file: bool) -> None:
        self._container = container
        self._stream = stream
        self._file = file
        self._owns_file = owns_file
        if stream.time_base is None:
            raise VideoRefused("Unreadable", "The video stream has no time base; export it again as MP4 (H.264).")
        self._time_base: Fraction = stream.time_base
        self._origin = 0
        self.container: str = container.format.name.split(",")[0]
        self.video_codec: str = stream.codec_context.name
        self.audio_codec: str | None = _audio_codec(container)
        rate = _frame_rate(stream)
        self.frame_rate = Rational(numerator=rate.numerator, denominator=rate.denominator)
        self.drop_frame: bool = rate in _DROP_FRAME_RATES and _timecode_drops(container, stream)
        self._rate = rate
        first = self._first_frame()
        self.rotation_degrees: Rotation = _rotation(first)
        self.width, self.height = _displayed_size(stream, first, self.rotation_degrees)
        self.duration_ms: int = self._declared_duration_ms()

    def frames(self, start_ms: int, end_ms: int, *, width: int | None = None) -> Iterator[VideoFrame]:
        """Presented frames with start_ms <= ms < end_ms in order of time, decoded from the keyframe before.

        `width`: displayed pixels to scale down to (never up), keeping the aspect ratio. Raises
        VideoRefused("Unreadable").
        """
        stored = self._stored_size(width)
        for pts, frame in self._decode_from(start_ms):
            ms = self._milliseconds(pts)
            if ms >= end_ms:
                return
            if ms >= start_ms:
                yield VideoFrame(ms, self._number(pts), self._picture(frame, stored))

    def small_frames(self, start_ms: int, end_ms: int, *, width: int, every: bool = False) -> Iterator[SmallFrame]:
        """As `frames`, but small: at most `width` pixels wide, and more than half of that if the film has so many.

        `every`: also those that a thrifty video leaves out.
        """
        for pts, frame in self._decode_from(start_ms, start_ms.__le__ if every else None):
            ms = self._milliseconds(pts)
            if ms >= end_ms:
                return
            if ms >= start_ms:
                yield self._small(ms, self._number(pts), frame, width)

    def frames_at(self, times_ms: Sequence[int], *, side: int) -> Iterator[VideoFrame]:
        """The frames presented at exactly these ascending times (as `frames` gave them); a time without a frame is
        left out. `side`: displayed pixels of the longer side to scale down to (never up), keeping the aspect ratio.

        Decoding starts anew at the last keyframe before a time where that leaves something out, and leaves out what no
        other frame refers to; only what is yielded is scaled and converted.
        """
        width = round(self.width * side / max(self.width, self.height, side))
        stored, wanted = self._stored_size(width), frozenset(times_ms)
        for first, last in self._runs(times_ms):
            for pts, frame in self._decode_from(first, wanted.__contains__):
                ms = self._milliseconds(pts)
                if ms in wanted and first <= ms <= last:
                    yield VideoFrame(ms, self._number(pts), self._picture(frame, stored))
                if ms >= last:
                    break

    def _runs(self, times_ms: Sequence[int]) -> list[tuple[int, int]]:
        """(first, last) of times that no keyframe lies between; all of them if the container has no index."""
        keyframes = sorted(entry.timestamp for entry in self._stream.index_entries if entry.is_keyframe)
        runs: list[tuple[int, int]] = []
        group = -1
        for ms in times_ms:
            before = bisect_right(keyframes, self._origin + int(Fraction(ms, 1000) / self._time_base))
            runs[-1:] = [(runs[-1][0], ms)] if runs and before == group else [*runs[-1:], (ms, ms)]
            group = before
        return runs

    def verify_end(self) -> None:
        """Decode the end of the declared duration, and set duration_ms to what is there.

        Raises VideoRefused("Truncated") when the end is missing.
        """
        declared = Fraction(self.duration_ms, 1000)
        last: Fraction | None = None
        try:
            # A second back, so that a final keyframe which is announced but not there does not hide the frames before.
            for pts, frame in self._decode_from(max(0, self.duration_ms - 1000)):
                duration = (frame.duration or 0) * self._time_base or 1 / self._rate
                last = max(last or Fraction(0), (pts - self._origin) * self._time_base + duration)
        except VideoRefused:
            last = None
        tolerance = max(_END_TOLERANCE_SECONDS, 3 / self._rate)
        if last is None or last + tolerance < declared:
            found = f"{float(last):.1f} s" if last is not None else "nothing"
            raise VideoRefused(
                "Truncated",
                f"The file declares {float(declared):.1f} s of video but near its end {found} could be decoded; "
                f"upload it again.",
            )
        self.duration_ms = _rounded(last * 1000)

    def close(self) -> None:
        """Close the container, and the file if open_video opened it."""
        self._container.close()
        if self._owns_file:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _milliseconds(self, pts: int) -> int:
        base = self._time_base
        return _halves_up((pts - self._origin) * base.numerator * 1000, base.denominator)

    def _number(self, pts: int) -> int:
        base, rate = self._time_base, self._rate
        return _halves_up((pts - self._origin) * base.numerator * rate.numerator, base.denominator * rate.denominator)

    def _first_frame(self) -> AvFrame:
        for pts, frame in self._decode_at(None):
            self._origin = pts
            return frame
        raise VideoRefused(
            "Unreadable", "No picture of the video stream can be decoded; export it again as MP4 (H.264)."
        )

    def _declared_duration_ms(self) -> int:
        stream, container = self._stream, self._container
        if stream.duration is not None and stream.duration > 0:
            start = stream.start_time or 0
            # The stream's duration counts from its start time, ours from the first frame that is presented.
            return max(1, _rounded((start + stream.duration - self._origin) * self._time_base * 1000))
        if container.duration is not None and container.duration > 0:
            return max(1, container.duration // 1000)
        last = self._origin
        for pts, _ in self._decode_at(None):
            last = max(last, pts)
        return max(1, _rounded(((last - self._origin) * self._time_base + 1 / self._rate) * 1000))

    def _decode_from(self, start_ms: int, needed: Callable[[int], bool] | None = None) -> Iterator[tuple[int, AvFrame]]:
        """Frames from at or before start_ms on. `needed`: as of `_decode_at`.

        Demuxers look up keyframes by decoding time, which lies before presentation time where frames are reordered:
        when the first frame comes out too late, start from further back.
        """
        for back_ms in (0, 1_000, 15_000):
            if start_ms - back_ms <= 0:
                break
            target = self._origin + int(Fraction(start_ms - back_ms, 1000) / self._time_base)
            frames = self._decode_at(target, needed)
            first = next(frames, None)
            if first is not None and self._milliseconds(first[0]) <= start_ms:
                yield first
                yield from frames
                return
        yield from self._decode_at(None, needed)

    def _decode_at(
        self, target: int | None, needed: Callable[[int], bool] | None = None
    ) -> Iterator[tuple[int, AvFrame]]:
        """(pts, frame) from the keyframe before `target` (in time_base units), or from the start. `needed`, if given,
        says by its milliseconds which frame is wanted: of the others, those that no frame refers to are left out.
        """
        context = self._stream.codec_context
        usual = context.skip_frame
        errors = silent = 0
        last_pts: int | None = None
        try:
            self._seek(target)
            for packet in self._container.demux(self._stream):
                silent += 1
                if needed is not None:
                    is_needed = packet.pts is None or needed(self._milliseconds(packet.pts))
                    context.skip_frame = "DEFAULT" if is_needed else "NONREF"
                try:
                    decoded = packet.decode()
                except av.error.InvalidDataError:
                    errors += 1
                    if errors > _MAX_DECODE_ERRORS:
                        raise
                    continue
                if silent > _MAX_PACKETS_WITHOUT_FRAME:
                    raise VideoRefused(
                        "Unreadable", "The video stream yields no pictures; export it again as MP4 (H.264)."
                    )
                for frame in decoded:
                    if frame.pts is None or (last_pts is not None and frame.pts <= last_pts):
                        continue
                    silent = 0
                    last_pts = frame.pts
                    yield frame.pts, frame
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, MemoryError) as failure:
            raise VideoRefused(
                "Unreadable", f"The video stream cannot be decoded ({type(failure).__name__})."
            ) from failure
        finally:
            context.skip_frame = usual

    def _seek(self, target: int | None) -> None:
        if target is not None:
            self._container.seek(target, stream=self._stream, backward=True)
            return
        start = self._stream.start_time or 0
        try:
            # MPEG-TS is searched by decoding time, which lies before the first presentation time.
            self._container.seek(start - int(10 / self._time_base), stream=self._stream, backward=True)
        except av.error.FFmpegError:
            self._container.seek(start, stream=self._stream, backward=True)

    def _stored_size(self, width: int | None) -> tuple[int, int]:
        """Width and height to scale the decoded picture to, before it is rotated."""
        wide = self.width if width is None else min(width, self.width)
        high = max(1, round(self.height * wide / self.width))
        return (high, wide) if self.rotation_degrees in {90, 270} else (wide, high)

    def _small(self, ms: int, number: int, frame: AvFrame, width: int) -> SmallFrame:
        if frame.format.name not in _PLANAR:
            frame = frame.reformat(format="yuv420p")
        luma, blue, red = (np.asarray(np.from_dlpack(plane), np.uint8) for plane in frame.planes[:3])
        return SmallFrame(ms, number, (luma, blue, red), self.rotation_degrees, width)

    def _picture(self, frame: AvFrame, size: tuple[int, int]) -> Image:
        image = cast("Image", frame.to_ndarray(format="bgr24", width=size[0], height=size[1], interpolation="BILINEAR"))
        if self.rotation_degrees:
            image = np.ascontiguousarray(np.rot90(image, k=-self.rotation_degrees // 90))
        return image


def open_video(file: str | Path | BinaryIO, *, verify: bool = True, thrifty: bool = False) -> Video:
    """Open a file by path, or a seekable binary file object. Raises VideoRefused, and nothing else, for bad content.

    `verify`: decode the end too, so that `Truncated` is found here and duration_ms is what is there; without it (for a
    file that was verified before) duration_ms is what the header says. `thrifty`: for looking at small pictures: frames
    that no other frame is made from are left out, and so is the smoothing of block edges (in all H.264 and HEVC costs).
    """
    owns_file = isinstance(file, (str, Path))
    source: BinaryIO = Path(file).open("rb") if isinstance(file, (str, Path)) else file  # noqa: SIM115
    try:
        size, format_name = _sniff(source)
        # Before the demuxer takes the file: it keeps its own idea of the position, and would read on at ours.
        cut = _isobmff_is_cut(source, size, format_name)
        source.seek(0)
        container = _open_container(source, format_name, cut=cut)
        if cut:
            container.close()
            raise VideoRefused("Truncated", _CUT)
        try:
            stream = _video_stream(container)
            if thrifty:
                stream.codec_context.options = {"skip_loop_filter": "all"}
                stream.codec_context.skip_frame = "NONREF"
                # Handing frames from thread to thread costs an eighth more than decoding them.
                stream.thread_type = "NONE"
            video = Video(container, stream, source, owns_file=owns_file)
            if verify:
                video.verify_end()
            if video.duration_ms > MAX_DURATION_MS:
                raise VideoRefused("TooLong", f"The video lasts {video.duration_ms // 60000} min; the limit is 12 h.")
        except VideoRefused:
            container.close()
            raise
    except BaseException:
        if owns_file:
            source.close()
        raise
    return video


def _sniff(source: BinaryIO) -> tuple[int, str]:
    """Size in bytes and libavformat's name of the container."""
    size = source.seek(0, 2)
    source.seek(0)
    if size == 0:
        raise VideoRefused("EmptyFile", "The file is empty; upload it again.")
    head = source.read(188 * 3 + 12)
    source.seek(0)
    for offset, magic, name in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic:
            return size, name
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return size, "avi"
    # MPEG-TS has no header: a sync byte every 188 bytes (every 192, after a four byte time stamp, in M2TS).
    for first, stride in ((0, 188), (4, 192)):
        if len(head) > first + 2 * stride and all(head[first + stride * n] == 0x47 for n in range(3)):
            return size, "mpegts"
    raise VideoRefused("NotAVideo", "The file is none of MP4, MOV, Matroska/WebM, MPEG-TS, AVI, FLV, MXF, ASF or Ogg.")


def _open_container(source: BinaryIO, format_name: str, *, cut: bool) -> InputContainer:
    try:
        return av.open(source, mode="r", format=format_name, metadata_errors="replace", buffer_size=1 << 18)
    except (av.error.FFmpegError, MemoryError, ValueError) as failure:
        if cut:
            raise VideoRefused("Truncated", _CUT) from failure
        raise VideoRefused("NotAVideo", f"The file looks like {format_name} but cannot be opened as such.") from failure


def _isobmff_is_cut(source: BinaryIO, size: int, format_name: str) -> bool:
    """True if a top-level box of an MP4 or MOV reaches beyond the end of the file, or media data has no `moov`."""
    if format_name != "mov":
        return False
    position, seen = 0, set[bytes]()
    for _ in range(100_000):
        if position + 8 > size:
            break
        source.seek(position)
        header = source.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size - position
        seen.add(kind)
        if length < 8 or kind not in _CONTENT_BOXES:
            return False  # not boxes any more: some writers leave rubbish at the end
        position += length
    return position > size or (b"mdat" in seen and b"moov" not in seen)


def _video_stream(container: InputContainer) -> VideoStream:
    # A cover picture of an audio file is a video stream to libavformat.
    pictures = 1024  # AV_DISPOSITION_ATTACHED_PIC
    streams = [
        stream for stream in container.streams if stream.type == "video" and not int(stream.disposition) & pictures
    ]
    if not streams:
        raise VideoRefused("NoVideoStream", "The file has no video stream (audio only?).")
    stream = cast("VideoStream", streams[0])
    # libav has no decoder for it, whatever the annotation says.
    if cast("object", stream.codec_context) is None:
        raise VideoRefused("UnsupportedCodec", "There is no decoder for this video codec; export it as H.264.")
    context = stream.codec_context
    if context.width * context.height > MAX_PIXELS:
        raise VideoRefused(
            "TooLarge", f"The picture is {context.width}x{context.height}; the limit is 8192x8192 pixels."
        )
    if min(context.width, context.height) < MIN_SIDE:
        raise VideoRefused("TooSmall", f"The picture is {context.width}x{context.height}; at least {MIN_SIDE} pixels.")
    stream.thread_type = "AUTO"
    return stream


def _audio_codec(container: InputContainer) -> str | None:
    for stream in container.streams:
        if stream.type == "audio" and cast("object", stream.codec_context) is not None:
            return stream.codec_context.name
    return None


def _frame_rate(stream: VideoStream) -> Fraction:
    """The nominal rate: a standard one if the measured average is within 0.02 % of it."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    if rate is None or not Fraction(1, 10) <= rate <= 1000:
        return Fraction(25)
    nearest = min(_STANDARD_RATES, key=lambda standard: abs(standard - rate))
    if abs(nearest - rate) * 5000 <= nearest:
        return nearest
    return rate.limit_denominator(1001)


def _timecode_drops(container: InputContainer, stream: VideoStream) -> bool:
    """Where a time code track says so (`;` before the frames) or where there is none."""
    codes = [stream.metadata.get("timecode"), container.metadata.get("timecode")]
    codes += [other.metadata.get("timecode") for other in container.streams]
    given = [code for code in codes if code]
    return not given or ";" in given[0]


def _rotation(frame: AvFrame) -> Rotation:
    """Degrees clockwise by which the stored picture is turned for display (libav counts counterclockwise)."""
    return cast("Rotation", round(-frame.rotation / 90) * 90 % 360)


def _displayed_size(stream: VideoStream, frame: AvFrame, rotation: Rotation) -> tuple[int, int]:
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, 10) <= aspect <= 10:
        aspect = Fraction(1)
    wide, high = max(1, round(frame.width * aspect)), frame.height
    return (high, wide) if rotation in {90, 270} else (wide, high)


def _reduced(plane: Image, by: int) -> Image:
    """Means of by × by pixels; what is left over at the right and bottom is cut off."""
    if by <= 1:
        return plane.copy()
    wide, high = max(1, plane.shape[1] // by), max(1, plane.shape[0] // by)
    return np.asarray(cv2.resize(plane[: high * by, : wide * by], (wide, high), interpolation=cv2.INTER_AREA), np.uint8)


def _sampled(plane: Image, every: int) -> Image:
    if every >= 2:
        plane, every = _reduced(plane, 2), every // 2
    size = (plane.shape[1] // max(1, every), plane.shape[0] // max(1, every))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _rounded(value: Fraction) -> int:
    return _halves_up(value.numerator, value.denominator)


def _halves_up(numerator: int, denominator: int) -> int:
    """To the nearest integer, halves up: Python's rounding to even would make a frame's time depend on its
    neighbours.
    """
    return (2 * numerator + denominator) // (2 * denominator)
