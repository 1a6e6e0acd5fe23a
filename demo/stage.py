"""A pinhole camera, textured planes in space and the painter that puts one over the other.

Space is in centimetres: x to the right, y down, z away from the camera; a table's top is the plane y = 0.
"""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from demo.canvas import Image, flat, image_of, mix
from demo.packs import Pack

WIDTH, HEIGHT = 1280, 720
Doubles = npt.NDArray[np.float64]


def rotation(yaw: float, pitch: float, roll: float) -> Doubles:
    """Turn about y, then x, then z; degrees."""
    a, b, c = (math.radians(v) for v in (yaw, pitch, roll))
    about_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


@dataclass(frozen=True)
class Camera:
    position: tuple[float, float, float]
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal: float = 1150.0

    def matrix(self) -> Doubles:
        """The 3×4 projection from space to pixels."""
        turn = rotation(self.yaw, self.pitch, self.roll).T
        lens = np.array([[self.focal, 0, WIDTH / 2], [0, self.focal, HEIGHT / 2], [0, 0, 1]])
        return lens @ np.hstack([turn, -turn @ np.array(self.position)[:, None]])


@dataclass
class Texture:
    """A picture with coverage, and its halves, quarters, … for when it is seen small."""

    levels: list[Image]
    """BGRA, each half as large as the one before."""

    @staticmethod
    def of(image: Image, alpha: Image | None = None) -> "Texture":
        cover = np.full(image.shape[:2], 255, np.uint8) if alpha is None else alpha
        levels = [image_of(cv2.merge([image, cover]))]
        while min(levels[-1].shape[:2]) > 48 and len(levels) < 5:
            last = levels[-1]
            levels.append(
                image_of(cv2.resize(last, (last.shape[1] // 2, last.shape[0] // 2), interpolation=cv2.INTER_AREA))
            )
        return Texture(levels)

    @property
    def size(self) -> tuple[int, int]:
        return self.levels[0].shape[1], self.levels[0].shape[0]


@dataclass
class Face:
    """A textured parallelogram: its top left corner and its two edges."""

    texture: Texture
    corner: Doubles
    across: Doubles
    down: Doubles

    def homography(self, projection: Doubles) -> Doubles:
        """From texture pixels to frame pixels."""
        width, height = self.texture.size
        return projection @ np.vstack([np.stack([self.across / width, self.down / height, self.corner], 1), [0, 0, 1]])

    def quad(self, projection: Doubles) -> Doubles:
        """The four corners in the frame, clockwise from the top left."""
        points = np.stack(
            [self.corner, self.corner + self.across, self.corner + self.across + self.down, self.corner + self.down]
        )
        seen = projection @ np.vstack([points.T, np.ones(4)])
        return (seen[:2] / seen[2]).T


def signed_area(quad: Doubles) -> float:
    """Positive when the quad is seen from its front."""
    x, y = quad[:, 0], quad[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def paint(frame: Image, face: Face, projection: Doubles, smear: tuple[float, float] = (0, 0)) -> None:
    """Composite a face into the frame, in place."""
    quad = face.quad(projection)
    margin = 2 + abs(smear[0]) + abs(smear[1])
    x0, y0 = (max(0, math.floor(float(v) - margin)) for v in quad.min(0))
    x1, y1 = math.ceil(float(quad[:, 0].max()) + margin), math.ceil(float(quad[:, 1].max()) + margin)
    x1, y1 = min(frame.shape[1], x1), min(frame.shape[0], y1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    width, height = face.texture.size
    scale = math.sqrt(max(1e-6, abs(signed_area(quad)) / (width * height)))
    level = min(len(face.texture.levels) - 1, max(0, math.floor(-math.log2(scale) + 0.35)) if scale < 1 else 0)
    texture = face.texture.levels[level]
    grow = np.diag([width / texture.shape[1], height / texture.shape[0], 1.0])
    shift = np.array([[1.0, 0, -x0], [0, 1, -y0], [0, 0, 1]])
    seen = image_of(
        cv2.warpPerspective(
            texture,
            shift @ face.homography(projection) @ grow,
            (x1 - x0, y1 - y0),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(0, 0, 0, 0),
        )
    )
    if abs(smear[0]) + abs(smear[1]) > 1.5:
        seen = smeared(seen, *smear)
    area = frame[y0:y1, x0:x1]
    cover = seen[..., 3].astype(np.float32) * (1 / 255)
    area[:] = image_of(
        cv2.blendLinear(cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR), np.ascontiguousarray(area), cover, 1 - cover)
    )


def smeared(image: Image, dx: float, dy: float) -> Image:
    """Motion blur along (dx, dy) pixels: eight exposures averaged by halves."""
    for share in (0.5, 0.25, 0.125):
        matrix = np.array([[1, 0, dx * share], [0, 1, dy * share]], np.float32)
        moved = cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REPLICATE)
        image = image_of(cv2.addWeighted(image, 0.5, moved, 0.5, 0))
    return image


@dataclass
class Pose:
    """Where the middle of an object's base is, and how it is turned (degrees)."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass
class Body:
    """A pack made ready for one shot's light."""

    front: Texture
    side: Texture | None
    top: Texture | None
    width: float
    height: float
    depth: float
    extra: list[tuple[Texture, float, float, float, float]] = field(
        default_factory=list[tuple[Texture, float, float, float, float]]
    )
    """Things that move with it, in front: (texture, left, top, width, height) as shares of the front."""

    def faces(self, pose: Pose) -> list[Face]:
        """Front first, then what can be seen of its depth."""
        turn = rotation(pose.yaw, pose.pitch, pose.roll)
        right, down, away = turn[:, 0] * self.width, turn[:, 1] * self.height, turn[:, 2] * self.depth
        base = np.array([pose.x, pose.y, pose.z])
        corner = base - right / 2 - down
        faces = [Face(self.front, corner, right, down)]
        if self.side is not None:
            faces.append(Face(self.side, corner + right, away, down))
            faces.append(Face(self.side, corner + away, -away, down))
        if self.top is not None:
            faces.append(Face(self.top, corner + away, right, -away))
        return faces

    def overlays(self, pose: Pose) -> list[Face]:
        """Fingers and the like."""
        turn = rotation(pose.yaw, pose.pitch, pose.roll)
        right, down = turn[:, 0] * self.width, turn[:, 1] * self.height
        corner = np.array([pose.x, pose.y, pose.z]) - right / 2 - down
        return [
            Face(texture, corner + right * left + down * top, right * width, down * height)
            for texture, left, top, width, height in self.extra
        ]


def lighten(image: Image, tint: tuple[float, float, float], slope: float, brightness: float) -> Image:
    """An image in a room's light: a colour cast (BGR gains) and a brightness that falls off across it."""
    high, wide = image.shape[:2]
    ramp = np.linspace(1 + slope, 1 - slope, wide, dtype=np.float32) * brightness
    # Rows of values, not of pixels: NumPy is slow along axes of three.
    gained = image.reshape(high, 3 * wide) * np.repeat(ramp, 3)
    gained *= np.tile(np.array(tint, np.float32), wide)
    return image_of(np.clip(gained, 0, 255, out=gained)).reshape(image.shape)


def body_of(
    pack: Pack, tint: tuple[float, float, float] = (1, 1, 1), slope: float = 0.0, brightness: float = 1.0
) -> Body:
    """Light a pack."""
    side = top = None
    if pack.side is not None:
        side = Texture.of(lighten(pack.side, tint, 0.0, brightness * 0.66))
        blue, green, red = (int(v) for v in pack.front[: max(2, pack.front.shape[0] // 40)].mean((0, 1)))
        lid = flat(64, 48, mix((blue, green, red), (255, 255, 255), 0.18))
        top = Texture.of(lighten(lid, tint, 0.0, brightness))
    return Body(
        Texture.of(lighten(pack.front, tint, slope, brightness), pack.alpha),
        side,
        top,
        pack.width_cm,
        pack.height_cm,
        pack.depth_cm,
    )


def paint_body(frame: Image, body: Body, pose: Pose, projection: Doubles, smear: tuple[float, float] = (0, 0)) -> None:
    """Paint what can be seen of a body."""
    front, *rest = body.faces(pose)
    for face in rest:
        if signed_area(face.quad(projection)) > 0:
            paint(frame, face, projection, smear)
    paint(frame, front, projection, smear)
    for face in body.overlays(pose):
        paint(frame, face, projection, smear)


def _soft(width: int, height: int, reach: float) -> Image:
    shape = np.zeros((height, width), np.uint8)
    edge_x, edge_y = int(width * reach), int(height * reach)
    shape[edge_y : height - edge_y, edge_x : width - edge_x] = 255
    return image_of(cv2.GaussianBlur(shape, (0, 0), min(edge_x, edge_y) * 0.55))


_SHADE = Texture.of(
    np.full((64, 64, 3), (18, 16, 22), np.uint8), (_soft(64, 64, 0.22).astype(np.float32) * 0.62).astype(np.uint8)
)


def table_shadow(body: Body, pose: Pose, side: float) -> Face:
    """The shadow that a standing body throws on the table, towards `side` (-1 left, 1 right)."""
    turn = rotation(pose.yaw, 0, 0)
    depth = max(4.0, body.depth)
    across, away = turn[:, 0] * body.width * 1.5, turn[:, 2] * (depth * 2.2 + 3)
    centre = np.array([pose.x, -0.05, pose.z]) + turn[:, 2] * depth * 0.5 + np.array([side * body.width * 0.12, 0, 0])
    return Face(_SHADE, centre - across / 2 + away / 2, across, -away)


def wall_shadow(body: Body, pose: Pose, side: float) -> Face:
    """The shadow of a body hung or laid flat on a surface."""
    turn = rotation(pose.yaw, pose.pitch, pose.roll)
    right, down = turn[:, 0] * body.width * 1.2, turn[:, 1] * body.height * 1.2
    centre = (
        np.array([pose.x, pose.y, pose.z + 0.05])
        - turn[:, 1] * body.height / 2
        + np.array([side * body.width * 0.03, body.height * 0.03, 0])
    )
    return Face(_SHADE, centre - right / 2 - down / 2, right, down)
