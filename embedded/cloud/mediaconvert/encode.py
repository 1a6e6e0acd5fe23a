"""The encoding process: one decode, all outputs. `python -m embedded.cloud.mediaconvert.encode PLAN SOURCE FOLDER`

Writes one JSON message per line to stdout: percentages, and at the end what was made or why not. Group `n` is written
to `FOLDER/n`. It knows nothing of AWS: files in, files out.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from queue import Queue
from typing import Any, cast

import av
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from embedded.cloud.mediaconvert.encoders import CaptureEncoder, RenditionEncoder
from embedded.cloud.mediaconvert.pictures import (
    Turner,
    UnreadableError,
    decoded,
    displayed_size,
    frame_time,
    rotation_of,
)
from embedded.cloud.mediaconvert.plan import Capture, GroupMade, Message, OutputMade, Plan
from embedded.cloud.mediaconvert.playlists import multivariant

Tell = Callable[[Message], None]
_QUEUED = 8
_PR_SET_PDEATHSIG = 1
# https://docs.aws.amazon.com/mediaconvert/latest/ug/mediaconvert_error_codes.html
UNREADABLE = 1010
UNKNOWN = 1999


class _Lane:
    """A thread that feeds one output, so that encoders work side by side."""

    def __init__(self, encoder: RenditionEncoder | CaptureEncoder) -> None:
        self.encoder = encoder
        self._queue: Queue[Callable[[], None] | None] = Queue(_QUEUED)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        if self._failure is not None:
            raise self._failure
        self._queue.put(job)

    def end(self) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._failure is None:
                try:
                    job()
                except BaseException as error:  # noqa: BLE001 - raised by `put` or `end`
                    self._failure = error


class _Audio:
    """Resamples for each encoder that has audio, and starts all of it at the first picture."""

    def __init__(self, lane: _Lane, encoder: RenditionEncoder) -> None:
        stream = encoder.audio_stream
        self._lane, self._encoder = lane, encoder
        self._rate: int = stream.codec_context.sample_rate
        self._resampler = AudioResampler(
            format="fltp",
            layout=stream.layout.name,
            rate=self._rate,
            frame_size=stream.codec_context.frame_size or 1024,
        )

    def frame(self, frame: Any, start: Fraction) -> None:  # noqa: ANN401 - an audio frame or None
        for made in self._resampler.resample(frame):
            if made.pts is None:
                continue
            made.pts = round((made.pts * Fraction(made.time_base or 0) - start) * self._rate)
            made.time_base = Fraction(1, self._rate)
            if made.pts + made.samples > 0:
                self._lane.put(lambda made=made: self._encoder.audio_frame(made))


class Encoding:
    """One run over the source."""

    def __init__(self, plan: Plan, source: Path, folder: Path, tell: Tell) -> None:
        self._plan, self._source, self._folder, self._tell = plan, source, folder, tell
        self._lanes: list[list[_Lane]] = []
        self._audio: list[_Audio] = []
        self._percent = -1

    def run(self) -> tuple[GroupMade, ...]:
        """Decode once, encode all. Errors: UnreadableError."""
        try:
            container = av.open(str(self._source))
        except (FFmpegError, OSError) as error:
            raise UnreadableError(f"Failed probe/open: [{error}]") from error
        with container:
            if not container.streams.video:
                raise UnreadableError("the input has no video")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            end = self._read(container, stream)
        for lanes in self._lanes:
            for lane in lanes:
                lane.end()
        return tuple(self._made(index, end) for index in range(len(self._lanes)))

    def _read(self, container: InputContainer, stream: VideoStream) -> Fraction:
        tracks = list(container.streams.audio)[:1]
        duration = Fraction(container.duration or 0, av.time_base)
        start: Fraction | None = None
        end = at = Fraction(0)
        early: list[Any] = []
        turner: Turner | None = None
        for frame in decoded(container, [stream, *tracks]):
            if not isinstance(frame, VideoFrame):
                early = self._take_audio(frame, start, early)
                continue
            moment = frame_time(frame)
            if start is None:
                start = moment
                rotation = rotation_of(frame, self._plan.rotate)
                turner = Turner(rotation)
                self._open(frame, stream, rotation, audio=bool(tracks))
                for held in early:
                    self._take_audio(held, start, [])
            elif moment - start <= at:
                continue  # a repeated or backward time: encoders take rising ones only
            at = moment - start
            end = at + (Fraction(frame.duration or 0) * Fraction(frame.time_base or 0) or 1 / self._rate(stream))
            turned = cast("Turner", turner).turn(frame)
            for lane in [lane for lanes in self._lanes for lane in lanes]:
                lane.put(lambda lane=lane, turned=turned, at=at: lane.encoder.video_frame(turned, at))
            self._progress(at, duration)
        if start is None:
            raise UnreadableError("no picture of the input can be decoded")
        for audio in self._audio:
            audio.frame(None, start)
        return end

    def _take_audio(self, frame: Any, start: Fraction | None, early: list[Any]) -> list[Any]:  # noqa: ANN401 - audio
        if start is None:
            return [*early, frame]
        for audio in self._audio:
            audio.frame(frame, start)
        return []

    @staticmethod
    def _rate(stream: VideoStream) -> Fraction:
        return Fraction(stream.average_rate or stream.guessed_rate or 25)

    def _open(self, frame: VideoFrame, stream: VideoStream, rotation: int, *, audio: bool) -> None:
        size = displayed_size(frame, stream, rotation)
        for index, group in enumerate(self._plan.groups):
            folder = self._folder / str(index)
            folder.mkdir(parents=True, exist_ok=True)
            base = group.destination.key.rpartition("/")[2]
            lanes: list[_Lane] = []
            for output in group.outputs:
                if isinstance(output, Capture):
                    lanes.append(_Lane(CaptureEncoder(output, folder, base, source=size)))
                    continue
                rate = self._rate(stream)
                encoder = RenditionEncoder(output, group, folder, base, source=size, rate=rate, audio=audio)
                lanes.append(_Lane(encoder))
                if encoder.has_audio:
                    self._audio.append(_Audio(lanes[-1], encoder))
            self._lanes.append(lanes)

    def _progress(self, at: Fraction, duration: Fraction) -> None:
        percent = min(99, int(100 * at / duration)) if duration else 0
        if percent > self._percent:
            self._percent = percent
            self._tell(Message(percent=percent))

    def _made(self, index: int, end: Fraction) -> GroupMade:
        group, folder = self._plan.groups[index], self._folder / str(index)
        encoders = [lane.encoder for lane in self._lanes[index]]
        outputs: list[OutputMade] = [encoder.close(end) for encoder in encoders]
        if group.kind != "hls":
            return GroupMade(outputs=tuple(outputs))
        name = f"{group.destination.key.rpartition('/')[2]}.m3u8"
        renditions = [encoder for encoder in encoders if isinstance(encoder, RenditionEncoder)]
        (folder / name).write_text(multivariant(folder, renditions))
        return GroupMade(outputs=tuple(outputs), playlist=name)


def main(arguments: list[str]) -> int:
    """Run one plan."""

    def tell(message: Message) -> None:
        sys.stdout.write(message.model_dump_json(exclude_none=True) + "\n")
        sys.stdout.flush()

    plan = Plan.model_validate_json(Path(arguments[0]).read_bytes())
    try:
        made = Encoding(plan, Path(arguments[1]), Path(arguments[2]), tell).run()
    except UnreadableError as error:
        uri = f"s3://{plan.source.bucket}/{plan.source.key}"
        tell(Message(error_code=UNREADABLE, error=f"Unable to open input file [{uri}]: [{error}]"))
        return 1
    except Exception as error:  # noqa: BLE001 - reported as the job's error
        tell(Message(error_code=UNKNOWN, error=f"{type(error).__name__}: {error}"))
        return 1
    tell(Message(made=made))
    return 0


def _die_with_parent() -> None:
    """End when the daemon does, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _die_with_parent()
    sys.exit(main(sys.argv[1:]))
