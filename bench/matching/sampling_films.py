"""Films whose every frame is known, for what sampling is judged by: cut ones (the demo's) and long takes. Of cut ones
there are brief versions too, to learn from.

In a long take products come and go before a camera that drifts: carried in, turned about or put down, taken away. None
is there twice at a time: the truth knows things by their names.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.matching.memory import write_whole
from demo.film import Record, Sighting, film
from demo.goods import Article
from demo.rooms import make_room, wobble
from demo.script import FRAME_RATE, Actor, Casting, Packs, Shot, write_script
from demo.stage import Camera, Face, Pose, Texture, body_of, lighten

BRIEF_SECONDS = 1.6
TAKES = 3
TAKE_SECONDS = 24.0
_PACK_EDGE = 1000
_ROOMS = ("kitchen", "living", "desk", "studio", "bath")
_FORMS = "box/carton/bottle/tin/book/pouch/small-box/tube/record"
_DISTANCE = 95.0
_CARRY_SECONDS = 0.7
_APART = 1.0
"""Seconds: after less the truth takes who comes back for still there."""


@dataclass(frozen=True)
class Drawn:
    """A film and what it shows."""

    name: str
    path: Path
    record: Record


@dataclass(frozen=True)
class _Visit:
    who: tuple[str, Article]
    start: float
    """In seconds, as `end`."""
    end: float


def drawn(kind: str, seed: int, cache: Path) -> Drawn:
    """The film `cut`, `brief` or `takes` of a seed, kept below `cache`."""
    path = cache / f"{kind}-{seed}.mp4"
    notes = path.with_suffix(".json")
    if not notes.exists():
        cache.mkdir(parents=True, exist_ok=True)
        packs = Packs(_PACK_EDGE)
        shots = long_takes(seed, packs) if kind == "takes" else write_script(seed, packs)[0]
        if kind == "brief":
            shots = [_middle_of(shot) for shot in shots]
        record = film(shots, path, seed, lambda _done, _total: None)
        sightings = [[s.frame, s.label, s.visible, s.box] for s in record.sightings]
        known = {"shots": record.shots, "frames": record.frames, "sightings": sightings}
        write_whole(notes, json.dumps(known).encode())
    known = json.loads(notes.read_text())
    record = Record(
        shots=[(first, after) for first, after in known["shots"]],
        sightings=[Sighting(frame, label, visible, tuple(box)) for frame, label, visible, box in known["sightings"]],
        frames=known["frames"],
    )
    return Drawn(path.stem, path, record)


def _middle_of(shot: Shot) -> Shot:
    """BRIEF_SECONDS of it: as much to recognise, for less to draw."""
    frames = min(shot.frames, round(BRIEF_SECONDS * FRAME_RATE))
    first = (shot.frames - frames) // 2

    def later(path: Callable[[float], Pose]) -> Callable[[float], Pose]:
        return lambda seconds: path(seconds + first / FRAME_RATE)

    def camera(index: int) -> Camera:
        return shot.camera(index + first)

    def focus(share: float) -> float:
        return shot.focus((first + share * frames) / shot.frames)

    actors = [replace(actor, path=later(actor.path)) for actor in shot.actors]
    return replace(shot, frames=frames, camera=camera, actors=actors, focus=focus)


def long_takes(seed: int, packs: Packs) -> list[Shot]:
    """TAKES shots of TAKE_SECONDS."""
    casting = Casting(seed)
    return [_take(seed, number, casting, packs) for number in range(TAKES)]


def _take(seed: int, number: int, casting: Casting, packs: Packs) -> Shot:
    rng = np.random.default_rng((seed, 61, number))
    room = make_room(_ROOMS[int(rng.integers(len(_ROOMS)))], seed * 100 + 50 + number)
    frames = round(TAKE_SECONDS * FRAME_RATE)
    visits: list[_Visit] = []
    actors: list[Actor] = []
    for slot in (-1, 0, 1):
        mine = _visits(casting, rng, visits)
        actors += [_visitor(one.who, slot, one.start, one.end, packs, room.tint, room.brightness, rng) for one in mine]
        visits += mine
    drift = float(rng.uniform(-9, 9))
    shake = wobble(rng, TAKE_SECONDS, frames, 1.2)
    wall = lighten(room.wall, room.tint, 0.1, room.brightness)
    wide = 400.0
    tall = wide * wall.shape[0] / wall.shape[1]
    pieces: list[Face] = []
    if room.floor is not None:
        floor = Texture.of(lighten(room.floor, room.tint, 0.08, room.brightness))
        pieces = [Face(floor, np.array([-330.0, 0, 60]), np.array([660.0, 0, 0]), np.array([0, 0, -130.0]))]

    def camera(index: int) -> Camera:
        share = index / frames
        x, y, z, yaw, pitch, roll = (float(value) for value in shake[index])
        return Camera(
            (drift * math.sin(share * 6) + x, -22 + y, -_DISTANCE * (1.05 - 0.1 * share) + z), yaw, pitch - 7, roll
        )

    return Shot(
        room,
        frames,
        Face(Texture.of(wall), np.array([-wide / 2, 78 - tall, 125.0]), np.array([wide, 0, 0]), np.array([0, tall, 0])),
        None,
        camera,
        actors,
        pieces,
    )


def _visits(casting: Casting, rng: np.random.Generator, others: Sequence[_Visit]) -> list[_Visit]:
    """One after the other in one place; `others`: in other places."""
    visits: list[_Visit] = []
    start = float(rng.uniform(-2, 3))
    while start < TAKE_SECONDS - 2:
        end = start + float(rng.uniform(4, 9))
        present = {one.who[0] for one in others if one.start < end + _APART and start < one.end + _APART}
        present |= {one.who[0] for one in visits if start < one.end + _APART}
        cast = (casting.cast([_FORMS])[0] for _ in casting.articles)
        visits.append(_Visit(next(who for who in cast if who[0] not in present), start, end))
        start = end + float(rng.uniform(0.5, 3))
    return visits


def _visitor(
    who: tuple[str, Article],
    slot: int,
    start: float,
    end: float,
    packs: Packs,
    tint: tuple[float, float, float],
    brightness: float,
    rng: np.random.Generator,
) -> Actor:
    label, article = who
    pack = packs.of(article)
    body = body_of(replace(pack, side=None), tint, 0.05, brightness)
    scale = 26 / max(pack.height_cm, pack.width_cm)
    body = replace(body, width=body.width * scale, height=body.height * scale)
    held, phase = bool(rng.random() < 0.5), float(rng.uniform(0, 6))
    angle, depth = float(rng.uniform(-18, 18)), float(rng.uniform(-12, 4))

    def path(t: float) -> Pose:
        away = 1 - _smooth((t - start) / _CARRY_SECONDS) * (1 - _smooth((t - end + _CARRY_SECONDS) / _CARRY_SECONDS))
        swing = 1.0 if held else 0.0
        return Pose(
            slot * 30 + swing * 3 * math.sin(1.1 * t + phase),
            70 * away - swing * (3 + 2 * math.sin(1.7 * t)),
            depth,
            angle + swing * 15 * math.sin(1.3 * t + phase),
            swing * 6 * math.sin(1.1 * t),
            swing * 8 * math.sin(0.9 * t + 2 * phase),
        )

    return Actor(label, body, path, "")


def _smooth(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)
