"""A contact sheet of failures: what the frame shows beside what was said of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from functions.shoppable.image import Image

Box = tuple[float, float, float, float]
"""x, y, width, height as fractions of the picture."""

_TILE: Final = (416, 234)
_TEXT: Final = 46
_COLUMNS: Final = 4
_TRUE: Final = (60, 200, 60)
_SAID: Final = (40, 40, 230)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Something wrong or missed."""

    draw: Callable[[], Image]
    lines: tuple[str, str]
    """What it is; what is true and what was said."""
    truth: Box | None
    said: Box | None
    reference: str = ""
    """The product whose picture is shown in the corner."""


def sheet(failures: Sequence[Failure], references: Mapping[str, Image], path: Path, *, limit: int = 40) -> None:
    """Write a PNG. Green: what is there; red: what was said; in the corner the product picture that was said."""
    chosen = failures[:limit]
    tiles = [_tile(one, references) for one in chosen] or [np.full((_TILE[1] + _TEXT, _TILE[0], 3), 255, np.uint8)]
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.vstack(rows)):
        raise OSError(f"{path} could not be written")


def _tile(failure: Failure, references: Mapping[str, Image]) -> Image:
    wide, high = _TILE
    picture = failure.draw()
    factor = min(wide / picture.shape[1], high / picture.shape[0])
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for box, colour in ((failure.truth, _TRUE), (failure.said, _SAID)):
        if box is not None:
            corners = np.array([(box[0], box[1]), (box[0] + box[2], box[1] + box[3])]) * size
            (x0, y0), (x1, y1) = np.rint(corners).astype(int).tolist()
            cv2.rectangle(small, (x0, y0), (x1, y1), colour, 2)
    tile = np.full((high + _TEXT, wide, 3), 255, np.uint8)
    tile[: size[1], : size[0]] = small
    reference = references.get(failure.reference)
    if reference is not None:
        part = 96 / max(reference.shape[:2])
        corner = cv2.resize(reference, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
        tile[: corner.shape[0], wide - corner.shape[1] :] = corner
    for number, line in enumerate(failure.lines):
        at = (4, high + 18 + 20 * number)
        cv2.putText(tile, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)
