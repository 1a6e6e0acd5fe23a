"""Comparing surfaces: product pictures, drawn as the frame would show them, beside the frame itself.

All candidates for one place are drawn into one rectified crop of the frame (a `Surface`), each bent onto what is there
within narrow limits, so that cartons whose faces fold, tins and creased bags are compared as well as flat print.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.matching.features import jpeg_of
from functions.shoppable.matching.index import Reference
from functions.shoppable.matching.verify import project_points

SIDE = 144
"""Pixels: the longer side of the product in the crop."""
_PAD = 6
_NORM = 6.0
"""Standard deviation of the window in which contrast is made equal."""
_NOISE = 6.0
"""Grey levels: contrast below is noise and stays small."""
_PASSES = ((2, 5, 14, 5), (2, 3, 10, 5), (1, 3, 18, 9))
"""Of bending: by how much the pictures are reduced; then in pixels of that: how far around its place a tile is looked
for, a tile's side, and how far tiles are apart.
"""
_TILE_POWER = 0.16
"""Mean square of detail below which there is nothing to find a tile by."""
_TRUSTED = 0.4
_BEND_STIFFNESS = np.array([0.05, 0.3, 0.3, 1.0, 1.0, 1.0])
_ROUNDS = 4
_LOCAL = 9
"""Pixels: the side of the window in which detail is compared; colour, in one of about as much."""
_HALF = np.s_[::2, ::2]
"""Where colour is compared and detail counted: both are smooth."""
_COARSE = 23
_HIDDEN = 0.4
"""Of the contrast that the frame would show by what agrees, below which something plain hides the drawing: a hand, a
sleeve, the edge of a shelf. What is hidden says nothing.
"""
_DISTINCT = 13
_DETAILED = 0.5
"""Of local contrast from which on there is something to compare."""
_CORE_DETAILED = 0.4
_CORE_INSIDE, _CORE_TOUCHED = 0.6, 0.3
"""Share of a window that lies on the drawing, for the core: it may end at the product's edge; the latter where there
is too little of the former.
"""
_DIFFERENT = 0.5
INDISTINCT = 0.5
"""What `distinct` says when there is nothing to tell apart: neither good nor bad."""
_ALIKE = 12.0
"""L*a*b* distance up to which two pictures are of one colour."""
_AGREES = 0.35
"""Correlation of detail from which on frame and drawing show the same; a hand, a shelf, or a side of the product that
does not lie in its front's plane, do not, and their colours say nothing.
"""
_AS_MOST = 0.7
"""Of the median correlation: colours are compared where the detail agrees about as well as it mostly does. Where it
agrees less, the edge of what hides the product reaches into the window.
"""
_LEAST_AGREEING = 0.2
"""Of the drawing: colours are compared over so much of it at least, where the detail agrees best."""
_MAX_CAST, _MAX_CAST_AGREEING = 0.25, 0.5
"""Natural logarithm: how far a channel may be from grey light; the latter where what is lit is known better."""
_COLOUR_NOISE = 20.0
"""Square L*a*b* units."""
_ANY_COLOUR = 0.2
"""Of what correlation could be: where that is less, colours can hardly disagree."""
_BLURS = (0.0, 0.8, 1.2, 1.8, 2.6, 3.6, 5.0)
"""Pixels of the large crop, standard deviations: how much less sharp than the drawing a frame may be."""
_BLUR_WINDOW = 25
_BLURRED_BETTER = 0.004
"""By how much the best quarter of a drawing must correlate better to be taken as less sharp."""
_PRINT_TILE, _PRINT_STEP, _PRINT_REACH, _PRINT_INSIDE = 20, 14, 3, 4
"""Pixels of the large crop: a tile's side, how far tiles are apart, how far around its place one is looked for, and how
far it is from the product's edge, where one sees what is behind.
"""
_PRINTED = 4.0
"""Grey levels, standard deviation: of a tile with print on it."""
_SAME_PRINT, _OTHER_PRINT = 0.85, 0.7
"""Correlation from which on a tile surely shows what is drawn, and below which it shows something else."""
_SAME_CONTRAST, _SAME_GREY = 1.6, 14.0
"""A factor either way, and grey levels, within which a tile is like its drawing in the light of the place: what hides a
product, or glares on it, is not, and says nothing.
"""
_FEW_TILES, _FEW_OTHER = 5.0, 0.25
"""Added to what is counted: of few tiles little is known."""
_UNKNOWN_PRINT = _FEW_OTHER / _FEW_TILES
_GREY = 128
_GAP = 4
_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Surface:
    """A rectified crop of the frame."""

    to_crop: Matrix
    """(3, 3): the frame's pixels to the crop's."""
    seen: Mask
    """Where the crop lies inside the frame."""
    picture: Image
    large: Image
    """The same at twice the size."""
    detail: Floats
    contrast: Floats
    light: Floats
    """(H / 2, W / 2, 3): linear, smoothed."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A product picture, drawn into a surface."""

    mask: Mask
    """Where product and frame both are."""
    core: Mask
    """Of it, the hull of what is firmly found."""
    picture: Image
    large: Image
    detail: Floats
    contrast: Floats
    light: Floats
    """As of a surface."""
    lab: Floats
    """Of that light."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How alike a drawing and its surface are."""

    structure: float
    """-1..1: median correlation of detail, over windows in which both have some and the drawing is not hidden."""
    core: float
    """0..1: share of the drawing that its core is."""
    core_structure: float
    """-1..1: as `structure`, of the core."""
    core_worst: float
    """-1..1: what a tenth of these correlations are below: a word or a drawing that is another."""
    agreeing: float
    """0..1: of a square as long as the product, how much is printed and agrees in detail."""
    colour: float
    """About -1..1: correlation of colours where the detail agrees well, to what it could be; near 1 where there is but
    one colour.
    """
    off_colour: float
    """L*a*b* units: mean distance of chroma there, once light is accounted for."""
    other_print: float
    """0..1: share of what is printed, and in sight, in whose place the frame prints something else."""


def surface(homography: Matrix, reference: Reference, frame: tuple[int, int], image: Image) -> Surface:
    """The crop in which the picture, placed by the homography, lies upright. `frame`: (width, height) that the
    homography is of.
    """
    shrink = SIDE / max(reference.width, reference.height)
    size = (round(reference.width * shrink) + 2 * _PAD, round(reference.height * shrink) + 2 * _PAD)
    upright = np.array([[shrink, 0, _PAD], [0, shrink, _PAD], [0, 0, 1.0]])
    to_crop = np.asarray(upright @ np.linalg.inv(homography), np.float64)
    of_image = to_crop @ np.diag([frame[0] / image.shape[1], frame[1] / image.shape[0], 1.0])
    # Twice the size, then averaged: the frame may show the product larger than the crop.
    large = np.asarray(
        cv2.warpPerspective(
            image, np.diag([2.0, 2.0, 1.0]) @ of_image, (2 * size[0], 2 * size[1]), borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
    picture = np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = cv2.warpPerspective(np.ones(image.shape[:2], np.uint8), of_image, size, flags=cv2.INTER_NEAREST)
    return Surface(to_crop, np.asarray(inside) > 0, picture, large, *detail_of(picture), light_of(picture))


def draw(into: Surface, homography: Matrix, core: Floats, reference: Reference) -> Drawing:
    """The reference's picture where the homography (picture to frame) puts it, bent onto what is seen. `core`: (N, 2),
    in the frame, the hull of what is firmly found.
    """
    picture = reference.small
    high, wide = into.picture.shape[:2]
    back = _back(into, homography, reference, picture)
    product = reference.silhouette
    columns, rows = np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32)
    x, y = np.tile(columns, (high, 1)), np.tile(rows[:, None], (1, wide))
    terms = _terms((x - wide / 2) / SIDE * 2, (y - high / 2) / SIDE * 2)
    shift_x, shift_y = np.zeros_like(x), np.zeros_like(y)
    drawn, mask = _drawn(picture, product, back, x, y)
    for reduced, reach, tile, step in _PASSES:
        detail, _ = detail_of(drawn)
        bend = _bend(into.detail, detail, mask & into.seen, reduced, reach, tile, step)
        if bend is None:
            break
        shift_x += terms[..., : len(bend)] @ bend[:, 0]
        shift_y += terms[..., : len(bend)] @ bend[:, 1]
        drawn, mask = _drawn(picture, product, back, x + shift_x, y + shift_y)
    light = light_of(drawn)
    mask &= into.seen
    size = (2 * wide, 2 * high)
    fine = (np.asarray(cv2.resize(axis, size), np.float32) for axis in (x + shift_x, y + shift_y))
    at = _sources(_back(into, homography, reference, reference.picture), *fine)
    large = np.asarray(cv2.remap(reference.picture, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    return Drawing(mask, mask & _inside(core, into), drawn, large, *detail_of(drawn), light, lab_of(light))


def crops_of(seen: Surface, drawn: Drawing) -> bytes:
    """A JPEG: the surface, and beside it the drawing on grey."""
    high = seen.large.shape[0]
    product = np.where(_doubled(drawn.mask)[..., None], drawn.large, np.uint8(_GREY)).astype(np.uint8)
    return jpeg_of(np.concatenate([seen.large, np.full((high, _GAP, 3), 255, np.uint8), product], axis=1))


def likeness(seen: Surface, drawn: Drawing, *, words: bool = True) -> Likeness | None:
    """None where too little of the product is inside the frame. `words`: whether `other_print` is wanted, which takes
    half of the time.
    """
    mask = drawn.mask
    if int(mask.sum()) < 250:
        return None
    inside, correlation, detail = _agreement(seen.detail, drawn.detail, mask)
    mask = mask[_HALF]
    agrees = mask & (correlation > _AGREES)
    in_sight = _in_sight(seen, drawn, agrees)
    printed = (inside > _CORE_INSIDE) & (detail > _CORE_DETAILED)
    agreeing = int((agrees & printed).sum())
    structure = _structure(in_sight, correlation, detail)
    agrees &= correlation > _AS_MOST * structure
    if int(agrees.sum()) < _LEAST_AGREEING * int(mask.sum()):
        agrees = mask & (correlation >= np.quantile(correlation[mask], 1 - _LEAST_AGREEING))
    lab = lab_of(under_neutral_light(seen.light, drawn.light, agrees, _MAX_CAST_AGREEING))
    first, second = lab[agrees][:, 1:], drawn.lab[agrees][:, 1:]
    apart = np.hypot(first[:, 0] - second[:, 0], first[:, 1] - second[:, 1])
    colour = _correlation(first, second)
    core_structure, core_worst = _of_core(drawn.core[_HALF], printed, inside, correlation)
    return Likeness(
        structure=structure,
        core=float(drawn.core.sum()) / float(drawn.mask.sum()),
        core_structure=core_structure,
        core_worst=core_worst,
        agreeing=agreeing / (SIDE // 2) ** 2,
        colour=colour,
        off_colour=float(np.minimum(apart, 40).mean()),
        other_print=_other_print(seen.large, drawn.large, _doubled(drawn.mask)) if words else _UNKNOWN_PRINT,
    )


def distinct(seen: Surface, drawn: Drawing, other: Drawing) -> float:
    """-1..1: correlation of detail where, in what is firmly found of both, the drawing differs from another; INDISTINCT
    where it hardly does.

    A contest says which of two is more alike; this says whether it is alike at all in what tells it apart.
    """
    both = drawn.core & other.core
    weights = both.astype(np.float32)
    apart = _local_mean(np.square(drawn.detail - other.detail) * weights, _DISTINCT)
    where = np.maximum(apart - _DIFFERENT, 0) * weights
    total = float(where.sum())
    if int(both.sum()) < 250 or total < 50:
        return INDISTINCT
    common = _local_mean(seen.detail * drawn.detail * weights, _DISTINCT)
    one = _local_mean(seen.detail * seen.detail * weights, _DISTINCT)
    two = _local_mean(drawn.detail * drawn.detail * weights, _DISTINCT)
    correlation = common / np.sqrt(np.maximum(one * two, 0) + 0.01)
    return float((correlation * where).sum()) / total


def contest(seen: Surface, first: Drawing, second: Drawing) -> tuple[float, float]:
    """(structure, colour), about -1..1 each: above 0 when the surface, where the drawings differ, is like the first.

    Changes its sign when they change places.
    """
    both = first.mask & second.mask
    if int(both.sum()) < 250:
        return 0.0, 0.0
    structure = _vote(seen.detail[..., None], first.detail[..., None], second.detail[..., None], both, 0.3, _LOCAL)
    both = both[_HALF]
    # Where the drawings agree in colour, the surface shows them in the light of the place.
    alike = both & (np.linalg.norm(first.lab - second.lab, axis=2) < _ALIKE)
    common = ((first.light + second.light) / 2).astype(np.float32)
    lab = lab_of(under_neutral_light(seen.light, common, alike if int(alike.sum()) > 0.15 * both.sum() else both))
    colour = _vote(lab[..., 1:], first.lab[..., 1:], second.lab[..., 1:], both, 20.0, _LOCAL // 2 + 1)
    return structure, colour


def detail_of(picture: Image) -> tuple[Floats, Floats]:
    """(H, W) each: luminance with its local mean taken away and its local contrast made 1; that contrast, the standard
    deviation in grey levels.
    """
    luminance = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    # Means over so wide a window are as good at half the size.
    high, wide = luminance.shape
    small = np.asarray(
        cv2.resize(
            np.stack([luminance, luminance * luminance], axis=2), (wide // 2, high // 2), interpolation=cv2.INTER_AREA
        ),
        np.float32,
    )
    mean, square = cv2.split(cv2.resize(cv2.GaussianBlur(small, (0, 0), _NORM / 2), (wide, high)))
    variance = np.maximum(square - mean * mean, 0)
    return ((luminance - mean) / np.sqrt(variance + _NOISE**2)).astype(np.float32), np.sqrt(variance)


def light_of(picture: Image) -> Floats:
    """(H / 2, W / 2, 3): linear light, smoothed a little."""
    return np.asarray(cv2.GaussianBlur(cv2.LUT(picture, _LINEAR), (0, 0), 1.5), np.float32)[_HALF].copy()


def lab_of(light: Floats) -> Floats:
    """(H, W, 3): L*a*b*, L* in 0..100."""
    encoded = np.clip(light, 0, 1) ** np.float32(1 / 2.2)
    return np.asarray(cv2.cvtColor(encoded.astype(np.float32), cv2.COLOR_BGR2Lab), np.float32)


def under_neutral_light(light: Floats, known: Floats, mask: Mask, most: float = _MAX_CAST) -> Floats:
    """The surface's light, divided by that of its place: the median ratio to what it should be, its colour limited to
    `most`.
    """
    bright = mask & (known.min(axis=2) > 0.03)
    chosen = bright if int(bright.sum()) >= 25 else mask
    ratio = np.median(np.log((light[chosen] + 0.01) / (known[chosen] + 0.01)), axis=0)
    gain = ratio.mean() + np.clip(ratio - ratio.mean(), -most, most)
    return (light / np.exp(gain)).astype(np.float32)


def _back(into: Surface, homography: Matrix, reference: Reference, picture: Image) -> Matrix:
    """The crop's pixels to those of the reference's picture, of whatever size that is."""
    shrink = (reference.width / picture.shape[1], reference.height / picture.shape[0])
    return np.asarray(np.linalg.inv(into.to_crop @ homography @ np.diag([*shrink, 1.0])), np.float64)


def _doubled(mask: Mask) -> Mask:
    return mask.repeat(2, axis=0).repeat(2, axis=1)


def _drawn(picture: Image, product: NDArray[np.uint8], back: Matrix, x: Floats, y: Floats) -> tuple[Image, Mask]:
    at_x, at_y = _sources(back, x, y)
    drawn = cv2.remap(picture, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.remap(product, at_x, at_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(drawn, np.uint8), np.asarray(mask) > 127


def _sources(back: Matrix, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Where in the picture the crop's places lie."""
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    at_x = ((back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth).astype(np.float32)
    at_y = ((back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth).astype(np.float32)
    return at_x, at_y


def _terms(x: Floats, y: Floats) -> Floats:
    """(…, 6): the terms of a quadratic in the plane."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)


def _bend(
    seen: Floats, drawn: Floats, mask: Mask, reduced: int, reach: int, tile: int, step: int
) -> NDArray[np.float64] | None:
    """(terms, 2): how the drawing must be displaced, as a quadratic of the place; None when too few tiles are found."""
    high, wide = seen.shape
    if reduced > 1:
        size = (wide // reduced, high // reduced)
        seen, drawn = (
            np.asarray(cv2.resize(detail, size, interpolation=cv2.INTER_AREA), np.float32) for detail in (seen, drawn)
        )
        mask = mask[::reduced, ::reduced][: size[1], : size[0]]
    half = tile // 2
    middles = np.s_[half : drawn.shape[0] - half + 1 : step, half : drawn.shape[1] - half + 1 : step]
    covered, power = (_local_mean(field, tile)[middles] for field in (mask.astype(np.float32), drawn * drawn))
    places: list[tuple[float, float, float, float, float]] = []
    for row, column in np.argwhere((covered >= 0.7) & (power >= _TILE_POWER)).tolist():
        top, left = row * step, column * step
        piece = drawn[top : top + tile, left : left + tile]
        y0, x0 = max(0, top - reach), max(0, left - reach)
        around = seen[y0 : top + tile + reach, x0 : left + tile + reach]
        _, best, _, at = cv2.minMaxLoc(cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED))
        if best >= _TRUSTED:
            places.append((left + half, top + half, at[0] + x0 - left, at[1] + y0 - top, best * best))
    if len(places) < 6:
        return None
    x, y, dx, dy, trust = np.array(places).T * np.array([[reduced], [reduced], [reduced], [reduced], [1]])
    terms = _terms(
        ((x + dx - wide / 2) / SIDE * 2).astype(np.float32), ((y + dy - high / 2) / SIDE * 2).astype(np.float32)
    ).astype(np.float64)
    terms = terms if len(places) >= 14 else terms[:, :3]
    wanted = -np.stack([dx, dy], axis=1)
    stiffness = np.diag(_BEND_STIFFNESS[: terms.shape[1]])
    weight, bend = trust, np.zeros((terms.shape[1], 2))
    for _ in range(_ROUNDS):
        weighted = terms * weight[:, None]
        bend = np.asarray(np.linalg.solve(terms.T @ weighted + stiffness, weighted.T @ wanted), np.float64)
        squares = np.square(terms @ bend - wanted).sum(axis=1)
        weight = trust / (1 + squares / 1.5**2)
    return bend


def _agreement(seen: Floats, drawn: Floats, mask: Mask) -> tuple[Floats, Floats, Floats]:
    """Of the window around every second pixel, (H / 2, W / 2) each: its share inside the mask, the correlation of
    detail there, and the root mean square of the weaker's detail.
    """
    weights = mask.astype(np.float32)
    fields = (weights, seen * drawn * weights, seen * seen * weights, drawn * drawn * weights)
    inside, common, one, other = (_local_mean(field, _COARSE)[_HALF] for field in fields)
    one, other = np.maximum(one, 0), np.maximum(other, 0)
    correlation = common / (np.sqrt(one * other) + 0.05 * inside + 1e-3)
    detail = np.sqrt(np.minimum(one, other) / np.maximum(inside, 1e-3))
    return inside, np.asarray(correlation, np.float32), detail


def _other_print(seen: Image, drawn: Image, mask: Mask) -> float:
    """Share of the drawing's printed tiles, of those in sight, that the frame does not show: words are told by it which
    are as long, as dark, and in the same place, as others.
    """
    frame, drawing = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) for picture in (seen, drawn))
    drawing = _as_sharp(drawing, frame, mask)
    inset = np.ones((2 * _PRINT_INSIDE + 1, 2 * _PRINT_INSIDE + 1), np.uint8)
    inside = cv2.integral(cv2.erode(mask.astype(np.uint8), inset, borderType=cv2.BORDER_CONSTANT, borderValue=0))
    side, high, wide = _PRINT_TILE, *frame.shape
    found: list[tuple[float, float, float, float, float]] = []
    for top in range(0, high - side + 1, _PRINT_STEP):
        for left in range(0, wide - side + 1, _PRINT_STEP):
            bottom, right = top + side, left + side
            covered = inside[bottom, right] - inside[top, right] - inside[bottom, left] + inside[top, left]
            if covered < side * side:
                continue
            tile = drawing[top:bottom, left:right]
            mean, spread = _mean_and_spread(tile)
            if spread > _PRINTED:
                y0, x0 = max(0, top - _PRINT_REACH), max(0, left - _PRINT_REACH)
                around = frame[y0 : bottom + _PRINT_REACH, x0 : right + _PRINT_REACH]
                like = cv2.minMaxLoc(cv2.matchTemplate(around, tile, cv2.TM_CCOEFF_NORMED))[1]
                found.append((like, mean, spread, *_mean_and_spread(frame[top:bottom, left:right])))
    like, mean, spread, mean_seen, spread_seen = np.reshape(found, (-1, 5)).T
    sure = like > _SAME_PRINT
    gain, offset = 1.0, 0.0
    if int(sure.sum()) >= 4:
        gain = max(float(np.median(spread_seen[sure] / spread[sure])), 0.1)
        offset = float(np.median(mean_seen[sure] - gain * mean[sure]))
    contrast = spread_seen / (gain * spread)
    in_sight = np.abs(mean_seen - gain * mean - offset) < _SAME_GREY * gain
    in_sight &= (contrast > 1 / _SAME_CONTRAST) & (contrast < _SAME_CONTRAST)
    others = int((like[in_sight] < _OTHER_PRINT).sum())
    return (others + _FEW_OTHER) / (int(in_sight.sum()) + _FEW_TILES)


def _mean_and_spread(tile: Floats) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(tile)
    return float(mean[0, 0]), float(spread[0, 0])


def _as_sharp(drawing: Floats, frame: Floats, mask: Mask) -> Floats:
    """The drawing, blurred until the best quarter of it is most like the frame."""
    every = np.s_[4::8, 4::8]
    inside = _local_mean(mask.astype(np.float32), _BLUR_WINDOW)[every] > 0.95
    mean, square = (_local_mean(field, _BLUR_WINDOW)[every] for field in (frame, frame * frame))
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    best, chosen = -1.0, drawing
    for blur in _BLURS:
        blurred = np.asarray(cv2.GaussianBlur(drawing, (0, 0), blur), np.float32) if blur else drawing
        fields = (blurred, blurred * blurred, frame * blurred)
        mean_there, square_there, common = (_local_mean(field, _BLUR_WINDOW)[every] for field in fields)
        spread_there = np.sqrt(np.maximum(square_there - mean_there**2, 0))
        printed = inside & (spread > _PRINTED) & (spread_there > _PRINTED)
        like = ((common - mean * mean_there) / (spread * spread_there + _PRINTED))[printed]
        quarter = float(np.quantile(like, 0.75)) if len(like) > 4 else -1.0
        if quarter <= best + _BLURRED_BETTER:
            break
        best, chosen = quarter, blurred
    return chosen


def _in_sight(seen: Surface, drawn: Drawing, agrees: Mask) -> Floats:
    """(H / 2, W / 2): share of the window around every second pixel in which the drawing is, and is not hidden: the
    frame has not much less contrast than what agrees, (H / 2, W / 2), lets expect.
    """
    shown = (seen.contrast[_HALF] / np.maximum(drawn.contrast[_HALF], 1))[agrees]
    gain = float(np.median(shown)) if len(shown) else 1.0
    hidden = seen.contrast < _HIDDEN * gain * drawn.contrast
    return _local_mean((drawn.mask & ~hidden).astype(np.float32), _COARSE)[_HALF]


def _structure(in_sight: Floats, correlation: Floats, detail: Floats) -> float:
    """The median correlation of windows that are in sight; of those without detail in either only if all are."""
    chosen = in_sight > 0.8
    if int(chosen.sum()) < 12:
        return 0.0
    strong = correlation[chosen & (detail > _DETAILED)]
    ordered = np.sort(strong if len(strong) > 5 else correlation[chosen])
    return float(ordered[len(ordered) // 2])


def _of_core(core: Mask, printed: Mask, inside: Floats, correlation: Floats) -> tuple[float, float]:
    """(the median, the lowest tenth) of the correlations of windows in the core."""
    chosen = core & printed
    values = np.sort(correlation[chosen if int(chosen.sum()) >= 6 else core & (inside > _CORE_TOUCHED)])
    return (float(values[len(values) // 2]), float(values[len(values) // 10])) if len(values) else (0.0, 0.0)


def _inside(hull: Floats, into: Surface) -> Mask:
    """Where the hull, of the frame's points, lies in the surface."""
    result = np.zeros(into.picture.shape[:2], np.uint8)
    if len(hull) >= 3:
        cv2.fillConvexPoly(result, np.rint(project_points(into.to_crop, hull)).astype(np.int32), 1)
    return result > 0


def _local_mean(values: Floats, side: int = _LOCAL) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (side, side)), np.float32)


def _correlation(one: Floats, other: Floats) -> float:
    """Of what noise leaves possible: flat pictures do not correlate but by their noise."""
    first, second = one - one.mean(axis=0), other - other.mean(axis=0)
    powers = [float((each**2).mean(axis=0).sum()) for each in (first, second)]
    limit = float(np.sqrt((powers[0] + _COLOUR_NOISE) * (powers[1] + _COLOUR_NOISE)))
    most = float(np.sqrt(powers[0] * powers[1])) / limit
    return (float((first * second).mean(axis=0).sum()) / limit + _ANY_COLOUR) / (most + _ANY_COLOUR)


def _vote(seen: Floats, first: Floats, second: Floats, mask: Mask, floor: float, side: int) -> float:
    """Which of two drawings explains the surface's deviation from their mean, tile by tile."""
    difference = first - second
    residual = seen - (first + second) / 2
    agreement, power, noise = (
        _local_mean(((one * other).sum(axis=2) * mask).astype(np.float32), side)
        for one, other in ((residual, difference), (difference, difference), (residual, residual))
    )
    tiles = agreement / np.sqrt((power + floor) * (noise + floor))
    return float((tiles * power).sum() / (power.sum() + floor * float(mask.sum()) * 0.05))
