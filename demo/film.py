"""Renders the script frame by frame, encodes it, and notes what could be seen where."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from demo.canvas import Image, image_of
from demo.music import SAMPLE_RATE, compose
from demo.script import FRAME_RATE, Actor, Shot
from demo.stage import HEIGHT, WIDTH, Doubles, paint, paint_body, signed_area, smeared, table_shadow, wall_shadow

FRAME_MS = 1000 // FRAME_RATE
_SHUTTER = 0.45
"""Share of a frame's time that the shutter is open."""
_STILL, _SHARP = 1.5, 0.4
"""Pixels of motion and of defocus that are not worth drawing."""
_SCALE = 0.25
"""Of the canvas on which visibility is measured."""
_PAD_X, _PAD_Y = round(WIDTH * _SCALE / 2), round(HEIGHT * _SCALE / 2)

Box = tuple[float, float, float, float]
"""x, y, width, height as fractions of the frame."""


@dataclass(frozen=True)
class Sighting:
    """One labelled thing in one frame."""

    frame: int
    label: str
    visible: float
    """Share of its front that is inside the frame and not covered."""
    box: Box
    """Around the part of its front that is inside the frame, covered or not."""


@dataclass
class Record:
    """What the renderer noted."""

    shots: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """First frame and the frame after the last."""
    sightings: list[Sighting] = field(default_factory=list[Sighting])
    frames: int = 0


def _clip(quad: Doubles) -> Doubles:
    """The part of a convex polygon inside the frame (Sutherland and Hodgman)."""
    points = [(float(x), float(y)) for x, y in quad]
    for axis, limit, keep in ((0, 0.0, 1), (0, float(WIDTH), -1), (1, 0.0, 1), (1, float(HEIGHT), -1)):
        result: list[tuple[float, float]] = []
        for index, current in enumerate(points):
            before = points[index - 1]
            inside, was = (current[axis] - limit) * keep >= 0, (before[axis] - limit) * keep >= 0
            if inside != was:
                share = (limit - before[axis]) / (current[axis] - before[axis])
                result.append(
                    (before[0] + (current[0] - before[0]) * share, before[1] + (current[1] - before[1]) * share)
                )
            if inside:
                result.append(current)
        points = result
    return np.array(points, np.float64).reshape(-1, 2)


def _look(order: list[Actor], seconds: float, projection: Doubles, frame: int) -> list[Sighting]:
    """Who is seen: paint identity numbers, far to near, on a small canvas that reaches beyond the frame."""
    to_small = np.array([[_SCALE, 0, _PAD_X], [0, _SCALE, _PAD_Y], [0, 0, 1]])
    width, height = round(WIDTH * _SCALE) + 2 * _PAD_X, round(HEIGHT * _SCALE) + 2 * _PAD_Y
    identity = np.zeros((height, width), np.uint8)
    areas: dict[int, int] = {}
    for number, actor in enumerate(order, 1):
        pose = actor.path(seconds)
        front, *rest = actor.body.faces(pose)
        for face in rest:
            quad = face.quad(projection)
            if signed_area(quad) > 0:
                cv2.fillConvexPoly(identity, np.round(quad * _SCALE + (_PAD_X, _PAD_Y)).astype(np.int32), (0,))
        for face, mark in ((front, number), *((f, 0) for f in actor.body.overlays(pose))):
            level = min(2, len(face.texture.levels) - 1)
            alpha = np.ascontiguousarray(face.texture.levels[level][..., 3])
            grow = np.diag([face.texture.size[0] / alpha.shape[1], face.texture.size[1] / alpha.shape[0], 1.0])
            seen = image_of(
                cv2.warpPerspective(
                    alpha, to_small @ face.homography(projection) @ grow, (width, height), flags=cv2.INTER_LINEAR
                )
            )
            mask = seen > 127
            identity[mask] = mark
            if mark:
                areas[mark] = int(mask.sum())
    inside = identity[_PAD_Y : height - _PAD_Y, _PAD_X : width - _PAD_X]
    counts = np.bincount(inside.ravel(), minlength=len(order) + 1)
    sightings: list[Sighting] = []
    for number, actor in enumerate(order, 1):
        if not actor.label or not areas[number]:
            continue
        clipped = _clip(actor.body.faces(actor.path(seconds))[0].quad(projection))
        if len(clipped) < 3:
            continue
        (x0, y0), (x1, y1) = clipped.min(0), clipped.max(0)
        box = (float(x0) / WIDTH, float(y0) / HEIGHT, float(x1 - x0) / WIDTH, float(y1 - y0) / HEIGHT)
        sightings.append(Sighting(frame, actor.label, int(counts[number]) / areas[number], box))
    return sightings


class _Finish:
    """Lens and sensor: vignette, breathing exposure, grain."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng((seed, 51))
        x, y = np.linspace(-1, 1, WIDTH)[None], np.linspace(-1, 1, HEIGHT)[:, None]
        fall = 1 - 0.2 * np.clip(np.hypot(x, y * 0.8) - 0.35, 0, None) ** 1.6
        self._vignette = image_of((fall * 255)[..., None].repeat(3, 2))
        grain = self._rng.normal(0, 3.0, (HEIGHT + 96, WIDTH + 96, 1)).astype(np.float32) + self._rng.normal(
            0, 1.2, (HEIGHT + 96, WIDTH + 96, 3)
        ).astype(np.float32)
        self._up, self._down = image_of(np.clip(grain, 0, 255)), image_of(np.clip(-grain, 0, 255))

    def apply(self, frame: Image, seconds: float) -> Image:
        exposure = (1 + 0.025 * np.sin(seconds * 1.9)) / 255
        frame = image_of(cv2.multiply(frame, self._vignette, scale=exposure))
        dx, dy = (int(v) for v in self._rng.integers(0, 96, 2))
        frame = image_of(cv2.add(frame, self._up[dy : dy + HEIGHT, dx : dx + WIDTH]))
        return image_of(cv2.subtract(frame, self._down[dy : dy + HEIGHT, dx : dx + WIDTH]))


def _motion(was: Doubles, spot: Doubles, before: Doubles | None, now: Doubles) -> tuple[float, float]:
    """How far a point of space moves in the picture while the shutter is open, in pixels."""
    if before is None:
        return 0.0, 0.0
    old, new = before @ was, now @ spot
    shift = (new[:2] / new[2] - old[:2] / old[2]) * _SHUTTER
    return float(shift[0]), float(shift[1])


def _set(shot: Shot, wall: Image, smear: tuple[float, float], projection: Doubles) -> Image:
    """The place without anything in it."""
    turn, size = shot.wall.homography(projection), (WIDTH, HEIGHT)
    frame = image_of(cv2.warpPerspective(wall, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
    if abs(smear[0]) + abs(smear[1]) > _STILL:
        frame = smeared(frame, *smear)
    if shot.table is not None:
        paint(frame, shot.table, projection)
    for piece in shot.set_pieces:
        paint(frame, piece, projection)
    return frame


def _middle(actor: Actor, seconds: float) -> Doubles:
    pose = actor.path(seconds)
    return np.array([pose.x, pose.y - actor.body.height / 2, pose.z, 1.0])


def _play(frame: Image, shot: Shot, order: list[Actor], seconds: float, before: Doubles | None, now: Doubles) -> None:
    """Paint the shadows, then everything that throws them, far to near."""
    for actor in order:
        if actor.shadow:
            shade = table_shadow if actor.shadow == "table" else wall_shadow
            paint(frame, shade(actor.body, actor.path(seconds), -shot.light), now)
    for actor in order:
        smear = _motion(_middle(actor, seconds - 1 / FRAME_RATE), _middle(actor, seconds), before, now)
        paint_body(frame, actor.body, actor.path(seconds), now, smear)


def render_shot(shot: Shot, first: int, finish: _Finish, record: Record) -> Iterator[Image]:
    """The frames of one shot; `first` is its number of the first frame."""
    wall = np.ascontiguousarray(shot.wall.texture.levels[0][..., :3])
    if not shot.room.sharp_wall:
        wall = image_of(cv2.GaussianBlur(wall, (0, 0), 3.2))
    spot = np.append(shot.wall.corner + shot.wall.across / 2 + shot.wall.down / 2, 1.0)
    before: Doubles | None = None
    for index in range(shot.frames):
        seconds = index / FRAME_RATE
        projection = shot.camera(index).matrix()
        frame = _set(shot, wall, _motion(spot, spot, before, projection), projection)
        order = sorted(shot.actors, key=lambda actor: -actor.path(seconds).z)
        _play(frame, shot, order, seconds, before, projection)
        sigma = shot.focus(index / max(1, shot.frames - 1))
        if sigma > _SHARP:
            frame = image_of(cv2.GaussianBlur(frame, (0, 0), sigma))
        record.sightings += _look(order, seconds, projection, first + index)
        before = projection
        yield finish.apply(frame, seconds + first / FRAME_RATE)


def film(shots: list[Shot], path: Path, seed: int, progress: Callable[[int, int], None]) -> Record:
    """Render and encode (H.264 and AAC in MP4); the same shots and seed give the same bytes on one machine."""
    total = sum(shot.frames for shot in shots)
    record = Record(frames=total)
    finish = _Finish(seed)
    container: Any  # PyAV leaves the types of its packets open.
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=FRAME_RATE)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = Fraction(1, FRAME_RATE)
        video.options = {
            "preset": "veryfast",
            "crf": "23",
            "g": str(2 * FRAME_RATE),
            "threads": "2",
            "sc_threshold": "40",
        }
        context = video.codec_context
        context.thread_count = 2
        context.colorspace, context.color_range = Colorspace.SMPTE170M, ColorRange.MPEG
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        audio.bit_rate = 128_000
        number = 0
        for shot in shots:
            record.shots.append((number, number + shot.frames))
            for image in render_shot(shot, number, finish, record):
                planes = image_of(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))
                picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
                picture.colorspace, picture.color_range = Colorspace.SMPTE170M, ColorRange.MPEG
                picture.pts = number
                picture.time_base = Fraction(1, FRAME_RATE)
                container.mux(video.encode(picture))
                number += 1
                progress(number, total)
        container.mux(video.encode())
        sound = compose(total / FRAME_RATE, seed)
        for start in range(0, sound.shape[1], 1024):
            block = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 1024]), format="fltp", layout="stereo"
            )
            block.sample_rate = SAMPLE_RATE
            block.pts = start
            block.time_base = Fraction(1, SAMPLE_RATE)
            container.mux(audio.encode(block))
        container.mux(audio.encode())
    return record
