"""Product photographs for the feed: straight on against white, and at an angle in a studio or a room."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from demo.canvas import Image, image_of
from demo.goods import Article, distractor
from demo.packs import Pack, draw_pack
from demo.rooms import make_room
from demo.stage import (
    HEIGHT,
    WIDTH,
    Camera,
    Face,
    Pose,
    Texture,
    body_of,
    lighten,
    paint,
    paint_body,
    table_shadow,
    wall_shadow,
)

_DISTRACTOR_EDGE = 560


def straight(pack: Pack, margin: float = 0.04) -> Image:
    """The pack shot: seen straight on, on white, with a breath of shadow."""
    height, width = pack.alpha.shape
    edge = round(max(width, height) * margin)
    canvas = np.full((height + 2 * edge, width + 2 * edge, 3), 255, np.uint8)
    shade = np.zeros(canvas.shape[:2], np.uint8)
    shade[edge + edge // 4 : edge + height + edge // 4, edge : edge + width] = pack.alpha
    shade = image_of(cv2.GaussianBlur(shade, (0, 0), max(1.0, edge * 0.3)))
    canvas = image_of(canvas - (shade[..., None] * 0.22).astype(np.uint8))
    area = canvas[edge : edge + height, edge : edge + width]
    cover = pack.alpha.astype(np.float32) * (1 / 255)
    area[:] = image_of(cv2.blendLinear(pack.front, np.ascontiguousarray(area), cover, 1 - cover))
    return canvas


def angled(pack: Pack, seed: int, *, lifestyle: bool) -> Image:
    """The second photograph: turned a little, in another light, on a sweep of paper or in a room."""
    rng = np.random.default_rng((seed, 71))
    tint = ((0.94, 0.99, 1.04), (1.04, 1.0, 0.96), (1.0, 1.0, 1.0))[int(rng.integers(3))]
    distance = 1150 * max(pack.height_cm / (0.8 * HEIGHT), pack.width_cm / (0.62 * WIDTH))
    unit = distance / 100
    way = 1.0 if rng.random() < 0.5 else -1.0
    camera = Camera((0, -pack.height_cm * 0.5 - distance * 0.1, -distance), 0, -5.7, float(rng.uniform(-1.5, 1.5)))
    projection = camera.matrix()
    if lifestyle:
        kind = "wardrobe" if pack.hangs else ("kitchen", "living", "desk", "bath")[int(rng.integers(4))]
        room = make_room(kind, seed)
        wall_image, floor = image_of(cv2.GaussianBlur(room.wall, (0, 0), 5)), room.floor
        tint = room.tint
    else:
        grey = np.linspace(226, 246, 64)[:, None, None].repeat(64, 1).repeat(3, 2).astype(np.uint8)
        wall_image, floor = grey, np.full((64, 64, 3), 238, np.uint8)
    span = 520 * unit
    tall = span * (0.56 if not lifestyle else wall_image.shape[0] / wall_image.shape[1])
    wall = Face(
        Texture.of(lighten(wall_image, tint, way * 0.06, 1.0)),
        np.array([-span / 2, tall * 0.2 - tall, 120 * unit]),
        np.array([span, 0, 0]),
        np.array([0, tall, 0]),
    )
    frame = image_of(
        cv2.warpPerspective(
            np.ascontiguousarray(wall.texture.levels[0][..., :3]),
            wall.homography(projection),
            (WIDTH, HEIGHT),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
    yaw = way * float(rng.uniform(14, 26))
    body = body_of(pack, tint, way * 0.12, 1.02)
    pose = Pose(0, 0, 0, yaw, 0 if body.side is not None else 4.0)
    if pack.hangs or floor is None:
        pose = Pose(0, 0, 0, yaw * 0.7, 0, float(rng.uniform(-3, 3)))
        paint(frame, wall_shadow(body, pose, -way), projection)
    else:
        table = Face(
            Texture.of(lighten(floor, tint, way * 0.05, 1.0)),
            np.array([-260 * unit, 0, 60 * unit]),
            np.array([520 * unit, 0, 0]),
            np.array([0, 0, -120 * unit]),
        )
        paint(frame, table, projection)
        paint(frame, table_shadow(body, pose, -way), projection)
    paint_body(frame, body, pose, projection)
    quads = np.concatenate([face.quad(projection) for face in body.faces(pose)])
    pad = 34 if lifestyle else 22
    (x0, y0), (x1, y1) = np.floor(quads.min(0)).astype(int) - pad, np.ceil(quads.max(0)).astype(int) + pad
    return np.ascontiguousarray(frame[max(0, y0) : min(HEIGHT, y1), max(0, x0) : min(WIDTH, x1)])


def save(image: Image, path: Path, quality: int = 90) -> None:
    """Write a PNG or a JPEG, by the file's suffix."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 6]
    if not cv2.imwrite(str(path), image, options):
        message = f"{path} could not be written"
        raise OSError(message)


def photograph(article: Article, pack: Pack, number: int, folder: Path) -> list[str]:
    """Take the article's pictures; returns their file names."""
    names = [
        f"{article.feed_id.lower()}-front.{'png' if number % 6 == 0 else 'jpg'}",
        f"{article.feed_id.lower()}-angle.jpg",
    ]
    save(straight(pack), folder / names[0])
    save(angled(pack, article.design.flavour % 100_000, lifestyle=number % 2 == 1), folder / names[1])
    return names


def _shoot(task: tuple[int, int, int, str]) -> list[tuple[str, ...]]:
    seed, first, last, folder = task
    cv2.setNumThreads(1)
    rows: list[tuple[str, ...]] = []
    for number in range(first, last):
        article = distractor(seed, number)
        name = f"{article.feed_id.lower()}.jpg"
        save(
            straight(draw_pack(article.design, article.form, _DISTRACTOR_EDGE, fine=1), 0.035), Path(folder) / name, 85
        )
        rows.append(article.row([name]))
    return rows


def shoot_distractors(seed: int, count: int, folder: Path) -> Iterable[list[tuple[str, ...]]]:
    """Draw many further products on two processes; yields their feed rows as they are done, in order."""
    tasks = [(seed, first, min(count, first + 50), str(folder)) for first in range(0, count, 50)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_shoot, tasks)
