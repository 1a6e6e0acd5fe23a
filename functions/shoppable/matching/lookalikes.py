"""Telling look-alikes apart: where two products in one place differ, which of the two does the frame agree with?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.matching.features import THUMB_SIDE, ImageFeatures
from functions.shoppable.matching.index import Reference
from functions.shoppable.matching.verify import DISTANCE, Evidence, blurred, lab_of, straightened

_TILE = 9
_FLOOR = 20.0

Floats = NDArray[np.float32]


def points_margin(first: Evidence, second: Evidence) -> float:
    """Above 0 when the points that only one of the two explains, or explains better, speak for the first; about -1..1.

    Points that both explain alike cancel out, as a brand's common print should.
    """
    points = np.union1d(first.matched, second.matched)
    losses: list[Floats] = []
    for evidence in (first, second):
        loss = np.full(len(points), DISTANCE, np.float32)
        loss[np.searchsorted(points, evidence.matched)] = np.minimum(evidence.errors, DISTANCE)
        losses.append(loss)
    gain = losses[1] - losses[0]
    return float(gain.sum() / (np.abs(gain).sum() + 2 * DISTANCE))


def picture_margin(
    first: Evidence, second: Evidence, pictures: tuple[Reference, Reference], frame: ImageFeatures, image: Image
) -> tuple[float, float]:
    """(structure, colour), about -1..1 each: above 0 when the frame, where the pictures differ, looks like the first.

    Both pictures are compared in the first one's coordinates; tiles weigh as much as the two pictures differ there.
    """
    reference, other = pictures
    shape = (THUMB_SIDE, THUMB_SIDE)
    to_first = np.diag([THUMB_SIDE / reference.width, THUMB_SIDE / reference.height, 1.0])
    to_second = np.diag([THUMB_SIDE / other.width, THUMB_SIDE / other.height, 1.0])
    across = to_first @ np.linalg.inv(first.homography) @ second.homography @ np.linalg.inv(to_second)
    seen, valid = straightened(first.homography, reference, frame, image)
    rival = np.asarray(cv2.warpPerspective(other.thumb, across, shape, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    valid &= np.asarray(cv2.warpPerspective(np.ones(shape, np.uint8), across, shape, flags=cv2.INTER_NEAREST)) > 0
    if int(valid.sum()) < 150:
        return 0.0, 0.0
    frame_lab, first_lab, second_lab = (lab_of(picture) for picture in (seen, reference.thumb, rival))
    weights = valid.astype(np.float32)
    pictures_lab = (frame_lab, first_lab, second_lab)
    detail = [blurred(lab[..., :1], 0.8) - blurred(lab[..., :1], 5.0) for lab in pictures_lab]
    soft = [blurred(lab[..., 1:], 1.5) for lab in pictures_lab]
    # The light has a colour of its own: only how colours differ within the product counts.
    soft = [channel - channel[valid].mean(axis=0) for channel in soft]
    return _vote(detail[0], detail[1], detail[2], weights), _vote(soft[0], soft[1], soft[2], weights)


def _vote(seen: Floats, first: Floats, second: Floats, weights: Floats) -> float:
    """Which of two pictures explains the frame's deviation from their mean, in units of their difference."""
    difference = first - second
    middle = ((first + second) / 2).astype(np.float32)
    residual = seen - _gain(seen, middle, weights) * middle
    agreement, power, noise = (
        np.asarray(cv2.blur(((one * other).sum(axis=2) * weights).astype(np.float32), (_TILE, _TILE)), np.float64)
        for one, other in ((residual, difference), (difference, difference), (residual, residual))
    )
    tiles = agreement / np.sqrt((power + _FLOOR) * (noise + _FLOOR))
    return float((tiles * power).sum() / (power.sum() + _FLOOR * power.size * 0.05))


def _gain(seen: Floats, model: Floats, weights: Floats) -> float:
    """Contrast of the frame relative to the pictures, least squares, 0.3..2."""
    top = float(((seen * model).sum(axis=2) * weights).sum())
    bottom = float(((model**2).sum(axis=2) * weights).sum()) + 1e-3
    return float(np.clip(top / bottom, 0.3, 2.0))
