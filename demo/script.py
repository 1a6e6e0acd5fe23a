"""The film's script: which products stand where in each shot, what the camera does and who walks through."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from demo.canvas import Canvas, Image, colour
from demo.goods import Article, catalogue, decoys
from demo.packs import Pack, draw_pack
from demo.rooms import Room, Sprite, hand, make_room, mug, passer, plant, thumb, wobble, wood
from demo.stage import HEIGHT, WIDTH, Body, Camera, Face, Pose, Texture, body_of, lighten
from demo.words import Rng

FRAME_RATE = 25
Path = Callable[[float], Pose]
"""Seconds since the shot began → pose."""


@dataclass
class Actor:
    """Something in front of the camera. `label` is a feed id, `decoy:…` for what the shop does not sell, or empty."""

    label: str
    body: Body
    path: Path
    shadow: str = "table"
    """`table`, `wall` or empty."""


@dataclass
class Shot:
    room: Room
    frames: int
    wall: Face
    table: Face | None
    camera: Callable[[int], Camera]
    actors: list[Actor]
    set_pieces: list[Face] = field(default_factory=list[Face])
    """Painted before the actors: shelf boards and the like."""
    focus: Callable[[float], float] = lambda _: 0.0
    """Share of the shot, 0..1 → blur in pixels."""
    light: float = 1.0
    """Which side the light comes from: shadows fall to the other."""


@dataclass(frozen=True)
class Plan:
    """A shot to be cast: its place, the forms wanted and the move.

    `?` before a form asks for a product that the shop does not sell.
    """

    room: str
    stage: str
    slots: tuple[str, ...]
    move: str
    seconds: float
    extras: tuple[str, ...] = ()


PLANS = (
    Plan("kitchen", "table", ("box", "carton/bottle"), "in", 4.2, ("mug",)),
    Plan("shop", "shelf", ("tin", "box", "?box", "tin", "carton", "pouch"), "pan", 5.2),
    Plan("desk", "table", ("book", "small-box"), "still", 4.2, ("hand",)),
    Plan("street", "wall", ("poster", "?poster", "poster"), "track", 5.0, ("passer",)),
    Plan("bath", "table", ("bottle", "tube/bottle"), "orbit", 4.0, ("plant",)),
    Plan("flat", "wall", ("bar", "small-box", "bar", "?bar"), "spin", 4.4),
    Plan("kitchen", "held", ("pouch",), "still", 4.2, ("mug",)),
    Plan("studio", "table", ("record", "game"), "orbit", 4.0, ("focus",)),
    Plan("desk", "table", ("?book", "?small-box"), "in", 3.2, ("mug",)),
    Plan("wardrobe", "wall", ("shirt", "?shirt", "shirt"), "pan", 4.6),
    Plan("living", "table", ("wide-box", "book"), "out", 4.2, ("plant",)),
    Plan("kitchen", "table", ("tin", "pouch/box"), "whip", 3.6, ("mug", "passing")),
    Plan("living", "held", ("book",), "still", 3.8, ("focus",)),
)


def _ease(t: float) -> float:
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t)


class Packs:
    """Draws each pack once."""

    def __init__(self, long_edge: int) -> None:
        self.long_edge = long_edge
        self._drawn: dict[str, Pack] = {}

    def of(self, article: Article) -> Pack:
        """The article's pack."""
        if article.gtin not in self._drawn:
            self._drawn[article.gtin] = draw_pack(article.design, article.form, self.long_edge)
        return self._drawn[article.gtin]


class Casting:
    """Who plays: some products never, the others in turn, none in two shots running."""

    def __init__(self, seed: int) -> None:
        self.articles = catalogue(seed)
        self._rng = np.random.default_rng((seed, 21))
        self._unknown = decoys(seed, 12)
        lines: dict[str, list[Article]] = {}
        for article in self.articles:
            lines.setdefault(article.feed_id.rsplit("-", 1)[0], []).append(article)
        rest = [m[int(self._rng.integers(len(m)))].feed_id for m in lines.values() if len(m) > 1]
        self.resting = set(rest[:9])
        self._uses: dict[str, int] = {}
        self._last: set[str] = set()

    def cast(self, slots: Sequence[str]) -> list[tuple[str, Article]]:
        """(label, article) per slot."""
        chosen: list[tuple[str, Article]] = []
        taken: set[str] = set()
        for slot in slots:
            if slot.startswith("?"):
                chosen.append(self._decoy(slot[1:]))
                continue
            forms = slot.split("/")
            able = [a for a in self.articles if a.form in forms and a.feed_id not in self.resting | taken]
            able = [a for a in able if a.feed_id not in self._last] or able
            order = self._rng.permutation(len(able))
            best = min((able[int(k)] for k in order), key=lambda a: self._uses.get(a.feed_id, 0))
            self._uses[best.feed_id] = self._uses.get(best.feed_id, 0) + 1
            taken.add(best.feed_id)
            chosen.append((best.feed_id, best))
        self._last = taken
        return chosen

    def _decoy(self, form: str) -> tuple[str, Article]:
        article = self._unknown.pop()
        if article.form in {"bar", "wide-box"} and form not in {"bar", "wide-box"}:
            article = replace(article, design=replace(article.design, layout="scene"))
        if form in {"bar", "wide-box"}:
            article = replace(article, design=replace(article.design, layout="wide"))
        return f"decoy:{article.feed_id}", replace(article, form=form)


def _prop(sprite: Sprite, width: float, room: Room) -> Body:
    image, alpha = sprite
    return Body(
        Texture.of(lighten(image, room.tint, 0.0, room.brightness), alpha),
        None,
        None,
        width,
        width * image.shape[0] / image.shape[1],
        6.0,
    )


def _row(packs: Sequence[Pack], gap: float) -> list[float]:
    """Middles of packs standing side by side, around 0."""
    total = sum(p.width_cm for p in packs) + gap * (len(packs) - 1)
    x, middles = -total / 2, list[float]()
    for pack in packs:
        middles.append(x + pack.width_cm / 2)
        x += pack.width_cm + gap
    return middles


def _standing(pose: Pose) -> Path:
    return lambda _: pose


def _travel(
    move: str, distance: float, span: float, seconds: float, rng: Rng
) -> Callable[[float], tuple[float, float, float, float, float]]:
    """Share of the shot → (sideways, distance, yaw, roll, orbit degrees)."""
    way = 1.0 if rng.random() < 0.5 else -1.0
    swing = float(rng.uniform(17, 26))

    def at(share: float) -> tuple[float, float, float, float, float]:
        s = _ease(share)
        both = 2 * s - 1
        if move == "in":
            return way * span * 0.06 * both, distance * (1.3 - 0.45 * s), 0, 0, 0
        if move == "out":
            return 0, distance * (0.95 + 0.75 * s), way * 3 * both, 0, 0
        if move == "pan":
            return way * span * 0.36 * (2 * share - 1), distance, way * 4 * (2 * share - 1), 0, 0
        if move == "track":
            return way * span * 0.44 * (2 * share - 1), distance * (1 - 0.06 * math.sin(share * 9)), 0, 0, 0
        if move == "orbit":
            return 0, distance * (1.02 + 0.06 * both), 0, 0, way * swing * both
        if move == "spin":
            return way * span * 0.05 * both, distance * (1.12 - 0.2 * s), 0, way * 14 * both, 0
        if move == "whip":
            fast = _ease((share * seconds - 1.1) / 0.55)
            return way * span * 0.16 * (1 - fast), distance * (1.6 - 0.62 * fast), 0, 0, 0
        return 0, distance, 0, 0, 0

    return at


def _camera(
    plan: Plan, distance: float, span: float, aim: float, frames: int, rng: Rng, lift: float
) -> Callable[[int], Camera]:
    travel = _travel(plan.move, distance, span, plan.seconds, rng)
    shake = wobble(rng, plan.seconds, frames, float(rng.uniform(0.8, 1.5)))

    def at(index: int) -> Camera:
        side, away, yaw, roll, orbit = travel(index / max(1, frames - 1))
        jitter, angle = shake[index], math.radians(orbit)
        unit = distance / 90
        x = side + math.sin(angle) * away + float(jitter[0]) * unit
        z = -math.cos(angle) * away + float(jitter[2]) * unit
        y = aim - lift * away + float(jitter[1]) * unit
        pitch = -math.degrees(math.atan2(lift * away, away))
        return Camera((x, y, z), yaw - orbit + float(jitter[3]), pitch + float(jitter[4]), roll + float(jitter[5]))

    return at


def _wall(texture: Image, width: float, bottom: float, z: float) -> Face:
    height = width * texture.shape[0] / texture.shape[1]
    return Face(
        Texture.of(texture),
        np.array([-width / 2, bottom - height, z]),
        np.array([width, 0, 0]),
        np.array([0, height, 0]),
    )


def _fit(packs: Sequence[Pack], gap: float, wide: float, tall: float) -> tuple[float, float]:
    """(span, distance) at which the group takes these shares of the frame's width and height."""
    span = sum(p.width_cm for p in packs) + gap * (len(packs) - 1)
    focal = Camera((0, 0, 0)).focal
    return span, max(focal * span / (wide * WIDTH), focal * max(p.height_cm for p in packs) / (tall * HEIGHT))


def _crossing(
    sprite: Sprite, width: float, z: float, y: float, start: float, end: float, at: float, seconds: float, room: Room
) -> Actor:
    body = _prop(sprite, width, room)
    return Actor("", body, lambda t: Pose(start + (end - start) * (t - at) / seconds if t > at else start, y, z), "")


def _table_shot(plan: Plan, cast: list[tuple[str, Article]], packs: Packs, room: Room, rng: Rng) -> Shot:
    frames = round(plan.seconds * FRAME_RATE)
    shown = [packs.of(article) for _, article in cast]
    smallest = min(p.width_cm for p in shown)
    gap = smallest * float(rng.uniform(0.35, 0.6))
    span, distance = _fit(shown, gap, 0.56, 0.68)
    tallest = max(p.height_cm for p in shown)
    unit = distance / 100
    light = 1.0 if rng.random() < 0.5 else -1.0
    actors: list[Actor] = []
    for (label, article), pack, x in zip(cast, shown, _row(shown, gap), strict=True):
        body = body_of(packs.of(article), room.tint, light * 0.1, room.brightness)
        pitch = 7.0 if pack.hangs or article.form in {"bar", "record"} else 0.0
        pose = Pose(x, 0, float(rng.uniform(-0.06, 0.12)) * distance * 0.5, float(rng.uniform(-24, 24)), pitch)
        actors.append(Actor(label, body, _standing(pose)))
    actors += _extras(plan, room, rng, span, tallest, distance)
    table = None
    pieces: list[Face] = []
    if room.floor is not None:
        near, far, half = -0.62 * distance, 60 * unit, 330 * unit
        edge = Texture.of(lighten(room.floor[:300], room.tint, 0.0, room.brightness * 0.45))
        pieces = [Face(edge, np.array([-half, 0, near]), np.array([2 * half, 0, 0]), np.array([0, 90 * unit, 0]))]
        table = Face(
            Texture.of(lighten(room.floor, room.tint, light * 0.08, room.brightness)),
            np.array([-half, 0, far]),
            np.array([2 * half, 0, 0]),
            np.array([0, 0, near - far]),
        )
    wall = _wall(lighten(room.wall, room.tint, light * 0.1, room.brightness), 400 * unit, 78 * unit, 125 * unit)
    camera = _camera(plan, distance, span, -tallest * 0.5, frames, rng, 0.13)
    blur = float(rng.uniform(3.5, 5))
    pull = blur if "focus" in plan.extras else 0.0

    def focus(share: float) -> float:
        return max(0.0, pull * (1 - share / 0.22))

    return Shot(room, frames, wall, table, camera, actors, pieces, focus, light)


def _extras(plan: Plan, room: Room, rng: Rng, span: float, tallest: float, distance: float) -> list[Actor]:
    actors: list[Actor] = []
    side = 1.0 if rng.random() < 0.5 else -1.0
    if "mug" in plan.extras:
        width = min(11.0, tallest * 0.5)
        actors.append(
            Actor(
                "",
                _prop(mug(rng), width, room),
                _standing(Pose(side * (span * 0.5 + width * 0.9), 0, -distance * 0.05)),
            )
        )
    if "plant" in plan.extras:
        width = tallest * 0.8
        actors.append(
            Actor(
                "",
                _prop(plant(rng), width, room),
                _standing(Pose(side * (span * 0.5 + width * 0.5), 0, distance * 0.18)),
            )
        )
    if "hand" in plan.extras:
        actors.append(
            _crossing(
                hand(rng, 3), span * 0.95, -distance * 0.22, -tallest * 0.02, -span * 1.25, span * 1.3, 1.0, 2.2, room
            )
        )
    if "passing" in plan.extras:
        actors.append(
            _crossing(
                plant(rng), tallest * 0.55, -distance * 0.3, tallest * 0.1, span * 1.1, -span * 1.1, 2.0, 1.5, room
            )
        )
    return actors


def _wall_shot(plan: Plan, cast: list[tuple[str, Article]], packs: Packs, room: Room, rng: Rng) -> Shot:
    frames = round(plan.seconds * FRAME_RATE)
    shown = [packs.of(article) for _, article in cast]
    flat = plan.move == "spin"
    gap = float(np.mean([p.width_cm for p in shown])) * (0.18 if flat else 0.45)
    light = 1.0 if rng.random() < 0.5 else -1.0
    actors: list[Actor] = []
    if flat:
        half = (len(shown) + 1) // 2
        rows = [shown[:half], shown[half:]]
        step = max(p.height_cm for p in shown) * 1.25
        places = [
            (x, (row - 0.5) * step + pack.height_cm / 2)
            for row, members in enumerate(rows)
            for x, pack in zip(_row(members, gap * 2), members, strict=True)
        ]
        span, distance = _fit(rows[0], gap * 2, 0.6, 0.4)
    else:
        span, distance = _fit(shown, gap, 1.35, 0.62)
        places = [
            (x, pack.height_cm / 2 + float(rng.uniform(-0.04, 0.04)) * pack.height_cm)
            for x, pack in zip(_row(shown, gap), shown, strict=True)
        ]
    for (label, article), (x, y) in zip(cast, places, strict=True):
        roll = float(rng.uniform(-20, 20)) if flat else float(rng.uniform(-1, 1))
        body = body_of(replace(packs.of(article), side=None), room.tint, light * 0.08, room.brightness)
        actors.append(Actor(label, body, _standing(Pose(x, y, -1.0, 0, 0, roll)), "wall"))
    pieces: list[Face] = []
    if plan.room == "wardrobe":
        tall = max(p.height_cm for p in shown)
        hanger = Canvas(200, 60)
        cover = Canvas(200, 60, (0, 0, 0))
        for canvas, pen in ((hanger, (70, 100, 140)), (cover, (255, 255, 255))):
            canvas.lines([(100, 2), (100, 22), (6, 54), (194, 54), (100, 22)], pen, 5)
        sprite = Texture.of(hanger.pixels, cover.pixels[..., 0])
        pieces = [
            Face(sprite, np.array([x - 24, -tall / 2 - 9.0, -0.9]), np.array([48.0, 0, 0]), np.array([0, 14.0, 0]))
            for x, _ in places
        ]
    if "passer" in plan.extras:
        tall = max(p.height_cm for p in shown)
        actors.append(
            _crossing(passer(rng), tall * 0.8, -distance * 0.42, tall * 1.15, span * 0.9, -span * 0.9, 1.4, 1.7, room)
        )
    width = max(span * 2.6, distance * 3.0)
    height = width * room.wall.shape[0] / room.wall.shape[1]
    bottom = height / 2
    if plan.room == "wardrobe":
        bottom = height * (1 - 205 / 1300) - max(p.height_cm for p in shown) / 2 - 7
    if plan.room == "street":
        bottom = height * 0.44
    wall = _wall(lighten(room.wall, room.tint, light * 0.12, room.brightness), width, bottom, 0)
    camera = _camera(plan, distance, span, 0, frames, rng, 0.0 if flat else 0.04)
    return Shot(room, frames, wall, None, camera, actors, pieces, light=light)


def _shelf_shot(plan: Plan, cast: list[tuple[str, Article]], packs: Packs, room: Room, rng: Rng) -> Shot:
    frames = round(plan.seconds * FRAME_RATE)
    shown = [packs.of(article) for _, article in cast]
    gap = 2.5
    span, distance = _fit(shown, gap, 1.25, 0.7)
    tallest = max(p.height_cm for p in shown)
    actors: list[Actor] = []
    for (label, article), x in zip(cast, _row(shown, gap), strict=True):
        body = body_of(packs.of(article), room.tint, 0.05, room.brightness)
        actors.append(Actor(label, body, _standing(Pose(x, 0, float(rng.uniform(0, 2)), float(rng.uniform(-7, 7))))))
    strip = Canvas(2400, 90)
    strip.pixels = wood(2400, 90, colour("#d8c8ae"), 5, 90)
    strip.rectangle(0, 14, 2400, 58, (58, 52, 48))
    for k, x in enumerate(_row(shown, gap)):
        px = (x / (span * 1.6) + 0.5) * 2400
        strip.rectangle(px - 66, 18, 132, 50, (60, 225, 255) if k % 3 == 0 else (250, 250, 250), 4)
        strip.text(f"{cast[k][1].price_cents / 100:.2f}", px - 56, 58, 40, (30, 30, 40), 800, fit=112)
    tall = span * 1.6 * 90 / 2400
    board = Texture.of(strip.pixels)
    pieces = [
        Face(board, np.array([-span * 0.8, y, -1.0]), np.array([span * 1.6, 0, 0]), np.array([0, tall, 0]))
        for y in (0.0, -tallest * 1.28, tallest * 1.2)
    ]
    width = max(span * 2.2, distance * 2.8)
    wall = _wall(
        lighten(room.wall, room.tint, 0.05, room.brightness * 0.8),
        width,
        width * room.wall.shape[0] / room.wall.shape[1] / 2,
        14,
    )
    camera = _camera(plan, distance, span, -tallest * 0.45, frames, rng, 0.05)
    return Shot(room, frames, wall, None, camera, actors, pieces, light=1.0)


def _held_shot(plan: Plan, cast: list[tuple[str, Article]], packs: Packs, room: Room, rng: Rng) -> Shot:
    shot = _table_shot(replace(plan, extras=tuple(e for e in plan.extras if e != "mug")), cast, packs, room, rng)
    pack = packs.of(cast[0][1])
    picture, alpha = thumb(rng)
    grip = Texture.of(lighten(picture, room.tint, 0, room.brightness), alpha)
    body = shot.actors[0].body
    size = 5.2 / pack.width_cm
    body.extra = [
        (
            grip,
            0.5 - size / 2 + float(rng.uniform(-0.18, 0.18)),
            1 - 0.36 * size * pack.width_cm / pack.height_cm * 1.75,
            size,
            size * pack.width_cm / pack.height_cm * 1.75,
        )
    ]
    phase, way = float(rng.uniform(0, 6)), 1.0 if rng.random() < 0.5 else -1.0
    rise = pack.height_cm

    def path(t: float) -> Pose:
        shown = _ease((t - 0.25) / 0.8) * (1 - _ease((t - plan.seconds + 0.85) / 0.7))
        return Pose(
            way * rise * 0.55 * (1 - shown) + 0.1 * rise * math.sin(t * 1.3 + phase),
            rise * 1.35 * (1 - shown) - 0.05 * rise + 0.04 * rise * math.sin(t * 2.1),
            -2,
            17 * math.sin(t * 1.5 + phase),
            6 * math.sin(t * 1.1),
            9 * math.sin(t * 1.2 + phase * 2) + way * 16 * (1 - shown),
        )

    shot.actors[0] = replace(shot.actors[0], path=path, shadow="")
    return shot


def write_script(seed: int, packs: Packs) -> tuple[list[Shot], list[Article], list[str]]:
    """The shots in order, the shop's articles, and the feed ids of those that were cast."""
    rng = np.random.default_rng((seed, 31))
    casting = Casting(seed)
    order = [0, *(int(k) for k in 1 + rng.permutation(len(PLANS) - 1))]
    shots: list[Shot] = []
    used: list[str] = []
    stages = {"table": _table_shot, "wall": _wall_shot, "shelf": _shelf_shot, "held": _held_shot}
    for index in order:
        plan = PLANS[index]
        cast = casting.cast(plan.slots)
        if plan.stage != "shelf":
            rng.shuffle(cast)
        used += [label for label, _ in cast if not label.startswith("decoy:")]
        shots.append(
            stages[plan.stage](
                plan, cast, packs, make_room(plan.room, seed * 100 + index), np.random.default_rng((seed, 41, index))
            )
        )
    return shots, casting.articles, used
