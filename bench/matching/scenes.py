"""Generated scenes with exact truth over a grid of difficulty: one product in the middle, one stranger beside it.

Every cell of the grid changes one thing of an ordinary scene; a scene is named by (seed, cell, number) and drawn anew
from that, so calibration and judgement use disjoint seeds, and with them disjoint catalogues, brands and rooms.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from io import BytesIO
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from demo.canvas import Image, image_of
from demo.goods import Article, catalogue, decoys, distractor
from demo.packs import Pack
from demo.rooms import Room, make_room
from demo.script import Packs
from demo.stage import Camera, Doubles, Pose, body_of, paint, paint_body, wall_shadow
from demo.studio import angled, straight

WIDTH, HEIGHT = 1280, 720
PACK_EDGE: Final = 900
CYLINDERS: Final = ("tin", "bottle", "tube")
CLOTHING: Final = ("shirt",)
BOXES: Final = ("box", "small-box", "wide-box", "carton", "game", "book")
PLAIN: Final = ("box", "bottle", "shirt", "pouch")
"""Forms of the products that nothing is printed on."""
_FIRST_PLAIN = 1_000_000

Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Difficulty:
    """What is done to a scene. Lengths are in pixels of a 1280 × 720 picture."""

    height: tuple[float, float] = (0.3, 0.5)
    """Of the product, as a share of the frame's."""
    yaw: tuple[float, float] = (0, 25)
    roll: tuple[float, float] = (0, 8)
    covered: float = 0.0
    motion: float = 0.0
    defocus: float = 0.0
    light: float = 1.0
    glare: float = 0.0
    noise: float = 2.0
    rate_factor: int = 23
    """x264's constant rate factor."""
    lines: int = 720
    """Height of the encoded picture."""
    forms: tuple[str, ...] = ()
    only: str = ""
    """`flavours`: products that have look-alikes; `missing`: such ones, taken away from the catalogue; `unknown`:
    strangers; `plain`: products that nothing is printed on.
    """


def _cells() -> dict[str, Difficulty]:
    base = Difficulty()
    heights = {"5 %": 0.05, "8 %": 0.08, "12 %": 0.12, "20 %": 0.2, "50 %": 0.5, "80 %": 0.8}
    return {
        "ordinary": base,
        **{f"height {name}": replace(base, height=(share, share * 1.05)) for name, share in heights.items()},
        **{f"turned {degrees}°": replace(base, yaw=(degrees, degrees + 3)) for degrees in (35, 50, 65)},
        **{f"rolled {degrees}°": replace(base, roll=(degrees, degrees + 5)) for degrees in (30, 90)},
        **{f"covered {percent} %": replace(base, covered=percent / 100) for percent in (20, 40, 60)},
        **{f"motion {pixels} px": replace(base, motion=float(pixels)) for pixels in (6, 12, 20)},
        **{f"defocus {sigma}": replace(base, defocus=sigma) for sigma in (1.5, 3.0, 5.0)},
        **{f"light {light}": replace(base, light=light) for light in (0.5, 0.2)},
        **{f"noise {sigma}": replace(base, noise=float(sigma)) for sigma in (8, 16)},
        **{f"crf {factor}": replace(base, rate_factor=factor) for factor in (33, 42)},
        **{f"{lines}p": replace(base, lines=lines) for lines in (360, 540, 1080)},
        "reflection": replace(base, glare=0.55),
        "boxes": replace(base, forms=BOXES),
        "cylinders": replace(base, forms=CYLINDERS),
        "clothing": replace(base, forms=CLOTHING),
        "look-alikes": replace(base, only="flavours"),
        "look-alikes, hard": replace(
            base, only="flavours", height=(0.15, 0.25), yaw=(20, 40), defocus=1.0, rate_factor=30
        ),
        "look-alike missing": replace(base, only="missing"),
        "unknown": replace(base, only="unknown"),
        "plain": replace(base, only="plain"),
    }


CELLS: Final = _cells()
MIDDLE: Final = (
    "ordinary", "height 20 %", "height 50 %", "turned 35°", "rolled 30°", "covered 20 %", "motion 6 px", "defocus 1.5",
    "light 0.5", "noise 8", "crf 33", "540p", "1080p", "reflection", "boxes", "cylinders", "look-alikes",
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """One picture and what is in it."""

    cell: str
    number: int
    image: Image
    product: str
    """Feed id of what is shown, also when it is not in the catalogue."""
    category: str
    known: bool
    """Whether the catalogue has it."""
    box: Box
    visible: float


@dataclass
class World:
    """A shop and its surroundings, by seed."""

    seed: int
    articles: list[Article] = field(init=False)
    packs: Packs = field(init=False)
    strangers: list[Article] = field(init=False)
    plains: list[Article] = field(init=False)
    """Products of the catalogue that nothing is printed on."""
    absent: frozenset[str] = field(init=False)
    """Feed ids that the catalogue lacks in cells of missing look-alikes: one of each line's flavours."""
    _rooms: dict[tuple[str, int], Room] = field(default_factory=dict[tuple[str, int], Room])
    _blanks: dict[str, Pack] = field(default_factory=dict[str, Pack])

    def __post_init__(self) -> None:
        self.articles = catalogue(self.seed)
        self.strangers = decoys(self.seed, 12)
        self.plains = [_plain_article(self.seed, number) for number in range(len(PLAIN))]
        self.absent = frozenset({article.group: article.feed_id for article in self.articles if article.group}.values())
        self.packs = Packs(PACK_EDGE)

    def pictures(self) -> Iterator[tuple[str, Image]]:
        """(feed id, picture) of the catalogue: two of each product, as in the demo's feed."""
        for number, article in enumerate([*self.articles, *self.plains]):
            pack = self._pack(article)
            yield article.feed_id, straight(pack)
            yield article.feed_id, angled(pack, article.design.flavour % 100_000, lifestyle=number % 2 == 1)

    def scene(self, cell: str, number: int) -> Scene:
        """Draw one scene."""
        how = CELLS[cell]
        rng = np.random.default_rng((self.seed, 91, zlib.crc32(cell.encode()), number))
        article, known = self._cast(how, rng)
        image, box, visible = self._draw(article, how, rng)
        return Scene(
            cell=cell,
            number=number,
            image=image,
            product=article.feed_id,
            category=article.category.split(" >")[0],
            known=known,
            box=box,
            visible=visible,
        )

    def _pack(self, article: Article) -> Pack:
        pack = self.packs.of(article)
        if article not in self.plains:
            return pack
        if article.feed_id not in self._blanks:
            self._blanks[article.feed_id] = _blank(pack)
        return self._blanks[article.feed_id]

    def _room(self, kind: str, variant: int) -> Room:
        if (kind, variant) not in self._rooms:
            self._rooms[kind, variant] = make_room(kind, 10 * self.seed + variant)
        return self._rooms[kind, variant]

    def _cast(self, how: Difficulty, rng: np.random.Generator) -> tuple[Article, bool]:
        if how.only == "unknown":
            return self.strangers[int(rng.integers(len(self.strangers)))], False
        if how.only == "plain":
            return self.plains[int(rng.integers(len(self.plains)))], True
        chosen = [a for a in self.articles if not how.forms or a.form in how.forms]
        if how.only:
            chosen = [a for a in chosen if a.group and (how.only == "flavours" or a.feed_id in self.absent)]
        return chosen[int(rng.integers(len(chosen)))], how.only != "missing"

    def _draw(self, article: Article, how: Difficulty, rng: np.random.Generator) -> tuple[Image, Box, float]:
        kind = ("kitchen", "living", "desk", "bath", "studio", "street")[int(rng.integers(6))]
        room = self._room(kind, int(rng.integers(2)))
        wall = cv2.GaussianBlur(room.wall, (0, 0), float(rng.uniform(0.5, 3)))
        zoom = max(WIDTH / wall.shape[1], HEIGHT / wall.shape[0]) * float(rng.uniform(1.0, 1.5))
        wall = cv2.resize(wall, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        top, left = (int(rng.integers(0, max(1, wall.shape[a] - (HEIGHT, WIDTH)[a]))) for a in (0, 1))
        frame = image_of(np.ascontiguousarray(wall[top : top + HEIGHT, left : left + WIDTH]))
        pack = self._pack(article)
        share = float(rng.uniform(*how.height))
        share = min(share, 0.75 * WIDTH / HEIGHT * pack.height_cm / pack.width_cm)
        distance = 1150 * pack.height_cm / (share * HEIGHT)
        projection = Camera((0, 0, -distance)).matrix()
        way = 1.0 if rng.random() < 0.5 else -1.0
        room_x, room_y = (
            max(0.0, 0.5 - share * r) for r in (0.6 * pack.width_cm / pack.height_cm * HEIGHT / WIDTH, 0.55)
        )
        unit = distance / 1150
        place = (float(rng.uniform(-1, 1)) * room_x * WIDTH * unit, float(rng.uniform(-1, 1)) * room_y * HEIGHT * unit)
        lamp = float(rng.uniform(-0.12, 0.12))
        stranger = self.packs.of(self.strangers[int(rng.integers(len(self.strangers)))])
        aside = Pose(
            place[0] - way * (pack.width_cm + stranger.width_cm) * 0.75, place[1] + pack.height_cm / 2, 2.0, way * 12
        )
        if how.only != "unknown":
            paint_body(frame, body_of(stranger, room.tint, lamp, room.brightness), aside, projection)
        pose = Pose(
            place[0], place[1] + pack.height_cm / 2, 0.0, way * float(rng.uniform(*how.yaw)),
            float(rng.uniform(-6, 6)), way * float(rng.uniform(*how.roll)),
        )  # fmt: skip
        body = body_of(pack, room.tint, lamp, room.brightness)
        paint(frame, wall_shadow(body, pose, way), projection)
        paint_body(frame, body, pose, projection)
        front = body.faces(pose)[0]
        quad = front.quad(projection)
        covered = _cover(frame, quad, how.covered, rng)
        box = _box(quad)
        return _finished(frame, how, quad, rng), box, covered * _inside(quad)


def _plain_article(seed: int, number: int) -> Article:
    return replace(distractor(seed, _FIRST_PLAIN + number), feed_id=f"PLAIN-{number + 1:02d}", form=PLAIN[number])


def _blank(pack: Pack) -> Pack:
    """The pack without its print: what is left are its colours, run into each other, and its light."""
    front, side = (None if image is None else widely_blurred(image, PACK_EDGE / 5) for image in (pack.front, pack.side))
    return replace(pack, front=front, side=side)


def widely_blurred(image: Image, sigma: float) -> Image:
    """What cv2.GaussianBlur gives with BORDER_REPLICATE, to the bit, in a fraction of its time if `sigma` is large."""
    reach = round(3 * sigma)
    impulse = np.zeros((1, 4 * reach + 1), np.uint8)
    impulse[0, 2 * reach] = 255
    # OpenCV's weights for 8 bits are whole 256ths, and here few enough that an impulse of 255 shows each as it is.
    weights = image_of(cv2.GaussianBlur(impulse, (0, 0), sigma))[0, reach:-reach]

    def along(length: int) -> Floats:
        matrix = np.zeros((length, length), np.float32)
        here = np.arange(length)
        for step in np.flatnonzero(weights):
            np.add.at(matrix, (here, np.clip(here + step - reach, 0, length - 1)), weights[step])
        return matrix

    # No sum exceeds 255 * 256 * 256 < 2 ** 24, so that 32-bit floats hold each exactly.
    planes = along(image.shape[0]) @ np.moveaxis(image, 2, 0).astype(np.float32) @ along(image.shape[1]).T
    return image_of(np.ascontiguousarray(np.moveaxis(np.floor(planes / 65536 + 0.5), 0, 2)))


def _box(quad: Doubles) -> Box:
    low, high = np.clip(quad.min(0), 0, (WIDTH, HEIGHT)), np.clip(quad.max(0), 0, (WIDTH, HEIGHT))
    return (
        float(low[0] / WIDTH),
        float(low[1] / HEIGHT),
        float((high[0] - low[0]) / WIDTH),
        float((high[1] - low[1]) / HEIGHT),
    )


def _inside(quad: Doubles) -> float:
    area = cv2.contourArea(quad.astype(np.float32))
    frame = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    common, _ = cv2.intersectConvexConvex(quad.astype(np.float32), frame)
    return float(common / max(area, 1.0))


def _cover(frame: Image, quad: Doubles, share: float, rng: np.random.Generator) -> float:
    """Something skin-coloured in front of one side; returns the share that stays visible."""
    if share <= 0:
        return 1.0
    low, size = quad.min(0), np.ptp(quad, axis=0)
    side = int(rng.integers(4))
    x0, y0, x1, y1 = low[0], low[1], low[0] + size[0], low[1] + size[1]
    if side == 0:
        x1 = x0 + size[0] * share
    elif side == 1:
        x0 = x1 - size[0] * share
    elif side == 2:
        y1 = y0 + size[1] * share
    else:
        y0 = y1 - size[1] * share
    x0, y0 = max(0, int(x0)), max(0, int(y0))
    x1, y1 = min(WIDTH, int(x1)), min(HEIGHT, int(y1))
    if x1 > x0 and y1 > y0:
        tone = np.array([120, 150, 200], np.float32) * float(rng.uniform(0.5, 1.1))
        grain = rng.normal(0, 6, (max(2, (y1 - y0) // 8), max(2, (x1 - x0) // 8), 1)).astype(np.float32)
        patch = cv2.resize(grain, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC).reshape(y1 - y0, x1 - x0, 1)
        frame[y0:y1, x0:x1] = np.clip(tone + patch, 0, 255).astype(np.uint8)
    return 1 - share


def _finished(frame: Image, how: Difficulty, quad: Doubles, rng: np.random.Generator) -> Image:
    """What light, lens, sensor and encoder do."""
    picture = frame.astype(np.float32)
    if how.glare:
        middle, size = quad.mean(0), np.ptp(quad, axis=0)
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        offset = (
            (x - middle[0]) / max(size[0], 1) + 0.5 * (y - middle[1]) / max(size[1], 1) - float(rng.uniform(-0.2, 0.2))
        )
        gloss = how.glare * np.exp(-((offset / 0.16) ** 2))
        picture += (255 - picture) * gloss[..., None]
    if how.motion:
        length = round(how.motion)
        kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
        angle = float(rng.uniform(0, np.pi))
        step = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        start, end = (np.rint(length + sign * step).astype(int) for sign in (-1, 1))
        cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), (1.0,), 1, cv2.LINE_AA)
        picture = np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.float32)
    if how.defocus:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), how.defocus), np.float32)
    picture = _developed(picture * how.light, rng) + rng.normal(0, how.noise, picture.shape).astype(np.float32)
    image = image_of(np.clip(picture, 0, 255))
    if how.lines != HEIGHT:
        size = (round(how.lines * WIDTH / HEIGHT / 2) * 2, how.lines)
        image = image_of(
            cv2.resize(image, size, interpolation=cv2.INTER_AREA if how.lines < HEIGHT else cv2.INTER_CUBIC)
        )
    return encoded(image, how.rate_factor)


def _developed(picture: Floats, rng: np.random.Generator) -> Floats:
    """As a camera renders it: with a white balance, a tone curve and a saturation of its own."""
    gains = np.exp(rng.normal(0, 0.1, 3)) * np.array([1, 0, 1]) + np.array([0, 1, 0])
    balanced = np.clip(picture * gains.astype(np.float32), 0, 255) / 255
    toned = balanced ** float(np.exp(rng.normal(0, 0.15)))
    gray = toned.mean(axis=2, keepdims=True)
    return np.asarray(255 * np.clip(gray + (toned - gray) * float(rng.uniform(0.65, 1.15)), 0, 1), np.float32)


def encoded(image: Image, rate_factor: int) -> Image:
    """The picture as it comes out of an H.264 encoder and decoder."""
    high, wide = image.shape[:2]
    target = BytesIO()
    container: Any
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = wide, high, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(rate_factor), "threads": "1"}
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    target.seek(0)
    with av.open(target, "r") as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return image_of(frames[-1])
