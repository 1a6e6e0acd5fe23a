"""Films whose transitions are known to the frame: cuts, dissolves and fades, and what is none but looks like one.

Pictures are places of the demo, seen through a window that rests, drifts, pans or whips; between some of them only the
window jumps (another angle of one set). Flashes and passers-by are no transitions.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from bench.matching.memory import write_whole
from demo.film import Record, film
from demo.rooms import passer
from demo.script import Packs, Shot, write_script
from demo.stage import Camera
from functions.shoppable.decode import open_video
from functions.shoppable.image import Image

FRAME_RATE = 25
WIDE, HIGH = 1280, 720
KINDS = ("cut", "similar", "dissolve", "fade")
_SHOTS = 26
_CRF = ("23", "34")
_LENGTHS = {"cut": (0,), "similar": (0,), "dissolve": (8, 12, 18, 25, 38), "fade": (16, 24, 36)}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Transition:
    """Frames [first, after) are mixed; in a cut, `first` = `after` is the first frame of what follows."""

    kind: str
    first: int
    after: int


def drawn(seed: int, cache: Path) -> tuple[Path, list[Transition]]:
    """The film of a seed (of even seeds at a high bitrate) and its transitions, kept below `cache`."""
    path = cache / f"shots-{seed}.mp4"
    notes = path.with_suffix(".json")
    if not notes.exists():
        cache.mkdir(parents=True, exist_ok=True)
        transitions = _draw(seed, path, _places(seed, cache))
        write_whole(notes, json.dumps([asdict(one) for one in transitions]).encode())
    return path, [Transition(**one) for one in json.loads(notes.read_text())]


def _places(seed: int, cache: Path) -> list[Image]:
    """One picture of every shot of the demo's script."""
    path = cache / f"places-{seed}.mp4"
    shots = [_middle(shot) for shot in write_script(seed, Packs(700))[0]]
    record: Record = film(shots, path, seed, lambda _done, _total: None)
    with open_video(path, verify=False) as video:
        images = [frame.image for frame in video.frames(0, 1000 * record.frames)]
    path.unlink()
    return images


def _middle(shot: Shot) -> Shot:
    def camera(_: int) -> Camera:
        return shot.camera(shot.frames // 2)

    return replace(shot, frames=1, camera=camera)


def _draw(seed: int, path: Path, places: list[Image]) -> list[Transition]:
    rng = np.random.default_rng((seed, 71))
    shuffled: list[int] = rng.permutation(_SHOTS - 1).tolist()
    kinds = [KINDS[index % len(KINDS)] for index in shuffled]
    lengths = [int(rng.choice(_LENGTHS[kind])) for kind in kinds]
    frames = [int(rng.integers(30, 100)) for _ in range(_SHOTS)]
    order: list[int] = rng.permutation(len(places)).tolist()
    views: list[Iterator[Image]] = []
    place = 0
    for number in range(_SHOTS):
        place += 0 if number and kinds[number - 1] == "similar" else 1
        around = sum(lengths[max(0, number - 1) : number + 1])
        views.append(_view(places[order[place % len(places)]], frames[number] + around, number, rng))
    transitions: list[Transition] = []
    count = 0
    container: Any
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        stream.time_base = Fraction(1, FRAME_RATE)
        stream.options = {"preset": "veryfast", "crf": _CRF[seed % 2], "g": "75", "threads": "1"}

        def write(image: Image) -> None:
            nonlocal count
            noise = _GRAIN[count % 3 : count % 3 + HIGH, count % 5 : count % 5 + WIDE]
            picture = av.VideoFrame.from_ndarray(np.asarray(cv2.add(image, noise), np.uint8), format="bgr24")
            container.mux(stream.encode(picture))
            count += 1

        for number, view in enumerate(views):
            for _ in range(frames[number]):
                write(next(view))
            if number == _SHOTS - 1:
                break
            kind, length = kinds[number], lengths[number]
            transitions.append(Transition(kind, count, count + length))
            for index in range(length):
                write(_mixed(kind, (index + 1) / (length + 1), next(view), next(views[number + 1])))
        container.mux(stream.encode())
    return transitions


_GRAIN = np.random.default_rng(0).integers(0, 9, (HIGH + 3, WIDE + 5, 1)).astype(np.uint8).repeat(3, axis=2)


def _mixed(kind: str, share: float, before: Image, after: Image) -> Image:
    if kind == "dissolve":
        return np.asarray(cv2.addWeighted(before, 1 - share, after, share, 0), np.uint8)
    shown, light = (before, 1 - 2 * share) if share < 0.5 else (after, 2 * share - 1)
    return np.asarray(cv2.convertScaleAbs(shown, alpha=max(0.0, light)), np.uint8)


def _view(place: Image, frames: int, number: int, rng: np.random.Generator) -> Iterator[Image]:
    """A window of a place: still, drifting, panning, whipping or zooming; at times a flash or somebody passing."""
    move = ("still", "drift", "pan", "whip", "zoom")[int(rng.integers(5))]
    event = ("", "", "flash", "passer")[int(rng.integers(4))]
    scale = float(rng.uniform(0.45, 0.75))
    start, end = rng.uniform(0, 1, 2), rng.uniform(0, 1, 2)
    at = int(rng.integers(frames // 4, max(frames // 4 + 1, 3 * frames // 4)))
    sprite, cover = passer(rng)
    tall = HIGH * 1.2
    size_of_person = (round(tall * sprite.shape[1] / sprite.shape[0]), round(tall))
    person = np.asarray(cv2.resize(sprite, size_of_person), np.uint8)
    mask = np.asarray(cv2.resize(cover, size_of_person)[..., None] / 255, np.float32)
    flash = int(rng.integers(1, 4))

    def images() -> Iterator[Image]:
        for index in range(frames):
            share = index / max(1, frames - 1)
            part = {"still": 0.0, "drift": 0.15 * share, "pan": share, "zoom": 0.0}.get(
                move, float(np.clip((index - at) / 7, 0, 1))
            )
            shake = np.array([np.sin(index / 9 + number), np.cos(index / 7)]) * (0.0 if move == "still" else 0.012)
            size = scale * (1 - 0.35 * share if move == "zoom" else 1)
            left, top = (start + (end - start) * part + shake) * (1 - size) * (WIDE, HIGH)
            matrix = np.array([[1 / size, 0, -left / size], [0, 1 / size, -top / size]])
            image = np.asarray(
                cv2.warpAffine(place, matrix, (WIDE, HIGH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
                np.uint8,
            )
            if move == "whip" and 0 < part < 1:
                image = np.asarray(cv2.blur(image, (61, 3)), np.uint8)
            if event == "flash" and at <= index < at + flash:
                image = np.asarray(cv2.convertScaleAbs(image, alpha=1.3, beta=110), np.uint8)
            if event == "passer":
                _pass(image, person, mask, round((index - at + 15) / 30 * (WIDE + person.shape[1])))
            yield image

    return images()


def _pass(image: Image, person: Image, mask: NDArray[np.float32], right: int) -> None:
    """Paint somebody whose right side is at `right`."""
    left, after = max(0, right - person.shape[1]), min(WIDE, right)
    if after <= left:
        return
    part = slice(left - right + person.shape[1], after - right + person.shape[1])
    cover = mask[:HIGH, part]
    image[:, left:after] = image[:, left:after] * (1 - cover) + person[:HIGH, part] * cover
