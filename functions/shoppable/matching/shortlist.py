"""The shortlist: which product pictures, in which pose, a frame's points speak for.

Every point of the frame votes for the products of its nearest descriptors, with the weight by which they are nearer
than
the background (McCann and Lowe, "Local naive Bayes nearest neighbor for image classification", CVPR 2012): what
looks like
everything else weighs nothing, as an inverse document frequency would have it. Votes are collected by pose (Lowe,
"Distinctive image features from scale-invariant keypoints", IJCV 2004, §7.3): only those agreeing in scale, turn
and place
add up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.shoppable.matching.features import ImageFeatures
from functions.shoppable.matching.index import InstanceIndex

NEIGHBOURS = 12
BACKGROUND = 0.55
"""Squared distance (of unit vectors) beyond which a neighbour says nothing."""
_TURN_BINS = 10
_PLACE_BIN = 0.5
"""Of the product's longer side in the frame."""
_MIN_VOTES = 3
_QUERY_BITS = 12
"""Frames have fewer points than 2 to this power."""
_POSES_PER_IMAGE = 2
_COPIES = 16
"""Of one picture, in each grid."""
_COPY = 0.3
"""Share of the votes of a picture's best pose from which on another pose may be another copy."""
_IMAGES_PER_PRODUCT = 2

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class Hypothesis:
    """A product picture in a pose: a similarity that takes the picture's pixels to the frame's."""

    image: int
    scale: float
    turn: float
    """Radians."""
    x: float
    y: float
    """Where the picture's centre lies, in pixels of the frame."""
    seen: NDArray[np.int64]
    """Points of the frame that voted, each once."""
    known: Floats
    """(N, 2): where their partners lie in the picture."""


def shortlist(index: InstanceIndex, frame: ImageFeatures, projected: Floats, *, limit: int) -> list[Hypothesis]:
    """At most `limit` hypotheses, the best first. `projected`: the frame's descriptors, by index.project."""
    distances, rows = index.search(projected, NEIGHBOURS)
    background = np.minimum(distances[:, -1:], BACKGROUND)
    weights = background - distances
    query, column = np.nonzero((rows >= 0) & (weights > 1e-6))
    if not len(query):
        return []
    weight = weights[query, column].astype(np.float64)
    image, points = index.search_rows(rows[query, column])
    poses = _poses(frame.points[query], points, index.image_size[image])
    return _collect(index, query, points, image, weight, poses, limit)


def _poses(found: Floats, known: Floats, size: Floats) -> NDArray[np.float64]:
    """(N, 4): log2 scale, turn in 0..2 pi, and the place of the picture's centre, for each pair of points."""
    scale = found[:, 2] / known[:, 2]
    turn = np.deg2rad(found[:, 3] - known[:, 3]) % (2 * np.pi)
    offset = size / 2 - known[:, :2]
    cosine, sine = np.cos(turn) * scale, np.sin(turn) * scale
    x = found[:, 0] + cosine * offset[:, 0] - sine * offset[:, 1]
    y = found[:, 1] + sine * offset[:, 0] + cosine * offset[:, 1]
    return np.stack([np.log2(scale), turn, x, y], axis=1).astype(np.float64)


def _collect(
    index: InstanceIndex,
    query: NDArray[np.int64],
    points: Floats,
    image: NDArray[np.int64],
    weight: NDArray[np.float64],
    poses: NDArray[np.float64],
    limit: int,
) -> list[Hypothesis]:
    longer = index.image_size[image].max(axis=1)
    bins: list[NDArray[np.int64]] = []
    # Two grids, shifted by half a bin: no cluster is cut in both.
    for shift in (0.0, 0.5):
        octave = np.clip(np.floor(poses[:, 0] + shift), -32, 31).astype(np.int64)
        turn = np.floor(poses[:, 1] / (2 * np.pi) * _TURN_BINS + shift).astype(np.int64) % _TURN_BINS
        cell = _PLACE_BIN * longer * np.exp2(octave + 0.5 - shift)
        column = np.clip(np.floor(poses[:, 2] / cell + shift), -500, 500).astype(np.int64)
        row = np.clip(np.floor(poses[:, 3] / cell + shift), -500, 500).astype(np.int64)
        packed = (((octave + 32) * 16 + turn) * 1024 + column + 512) * 1024 + row + 512
        bins.append((((image << 30) + packed << 1) + int(shift > 0) << _QUERY_BITS) + query)
    keys = np.concatenate(bins)
    # By cell, in it by point of the frame: one counts once in a cell, by its best vote.
    by_key = np.argsort(keys)
    keys = keys[by_key]
    owner = by_key % len(query)
    pairs = np.flatnonzero(np.diff(keys, prepend=-1))
    best = np.maximum.reduceat(weight[owner], pairs)
    cell_of_pair = keys[pairs] >> _QUERY_BITS
    starts = np.flatnonzero(np.diff(cell_of_pair, prepend=-1))
    voters = np.diff(starts, append=len(pairs))
    votes = np.add.reduceat(best, starts)
    ends = np.append(pairs, len(keys))[starts + voters]
    strong = np.flatnonzero(voters >= _MIN_VOTES)
    cells, votes, starts, ends = cell_of_pair[starts][strong], votes[strong], pairs[starts][strong], ends[strong]
    cell_image = cells >> 31
    order = np.lexsort((cells, -votes))[: limit * 8]
    chosen = _spread(index, cells, votes, order, limit)
    members = {cell: np.sort(owner[starts[cell] : ends[cell]]) for cell in chosen}
    found = [_hypothesis(int(cell_image[cell]), members[cell], query, points, poses, weight) for cell in chosen]
    distinct: list[Hypothesis] = []
    for hypothesis in found:
        if not any(_alike(hypothesis, other, index.image_size[hypothesis.image]) for other in distinct):
            distinct.append(hypothesis)
    return distinct


def _alike(one: Hypothesis, other: Hypothesis, size: Floats) -> bool:
    """True if both are the same picture in about the same pose: a cluster is seen in both grids."""
    if one.image != other.image or not 0.66 < one.scale / other.scale < 1.5:
        return False
    turn = abs((one.turn - other.turn + np.pi) % (2 * np.pi) - np.pi)
    away = np.hypot(one.x - other.x, one.y - other.y)
    return bool(turn < 0.5 and away < 0.25 * float(size.max()) * max(one.scale, other.scale))


def _spread(
    index: InstanceIndex, cells: NDArray[np.int64], votes: NDArray[np.float64], order: NDArray[np.int64], limit: int
) -> list[int]:
    """The best cells, few of one picture and few pictures of one product; further ones of a picture that are nearly as
    good as its best, for it may be there several times, beyond the limit.
    """
    chosen: list[int] = []
    usual = 0
    of_grid: dict[int, list[int]] = {}
    of_product: dict[int, set[int]] = {}
    for cell in order.tolist():
        image, grid = int(cells[cell]) >> 31, int(cells[cell]) & 1
        images = of_product.setdefault(int(index.image_product[image]), set())
        poses = of_grid.setdefault(2 * image + grid, [])
        if image not in images and len(images) >= _IMAGES_PER_PRODUCT:
            continue
        if len(poses) >= _POSES_PER_IMAGE:
            if len(poses) < _COPIES and votes[cell] >= _COPY * votes[poses[0]]:
                poses.append(cell)
                chosen.append(cell)
            continue
        usual += 1
        if usual > limit:
            break
        poses.append(cell)
        images.add(image)
        chosen.append(cell)
    return chosen


def _hypothesis(
    image: int,
    members: NDArray[np.int64],
    query: NDArray[np.int64],
    points: Floats,
    poses: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> Hypothesis:
    share = weight[members] / weight[members].sum()
    pose = poses[members]
    turn = float(np.arctan2((np.sin(pose[:, 1]) * share).sum(), (np.cos(pose[:, 1]) * share).sum()))
    log_scale, x, y = (float((pose[:, column] * share).sum()) for column in (0, 2, 3))
    best = members[np.lexsort((members, -weight[members]))]
    seen, first = np.unique(query[best], return_index=True)
    known = points[best[first], :2]
    return Hypothesis(image=image, scale=2.0**log_scale, turn=turn, x=x, y=y, seen=seen.astype(np.int64), known=known)
