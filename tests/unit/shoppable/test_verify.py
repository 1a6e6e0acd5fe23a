from dataclasses import replace

import cv2
import numpy as np
import pytest

from functions.shoppable.matching import verify as verification
from functions.shoppable.matching.features import describe_frame
from functions.shoppable.matching.grid import PointGrid
from functions.shoppable.matching.records import Reference
from functions.shoppable.matching.shortlist import Hypothesis
from functions.shoppable.matching.verify import DISTANCE, FIRM, Evidence, verify

WIDE, HIGH = 200, 300
TO_FRAME = np.array([100.0, 20.0])
POINTS = 40


def verified(error: float, hidden: tuple[float, float] = (HIGH, HIGH)) -> Evidence | None:
    """Of a product that lies upright in a frame; every descriptor is so far (squared) from its partner's. The frame
    shows no points of what lies between the two heights `hidden`, in pixels of the picture.
    """
    rng = np.random.default_rng(1)
    places = rng.uniform((5, 5), (WIDE - 5, HIGH - 5), (POINTS, 2))
    points = np.column_stack([places, np.full(POINTS, 10.0), np.zeros(POINTS)]).astype(np.float32)
    known = np.eye(POINTS, 2 * POINTS, dtype=np.float32)
    aside = np.sqrt(error) * np.eye(POINTS, 2 * POINTS, POINTS, dtype=np.float32)
    outline = np.array([(0, 0), (WIDE, 0), (WIDE, HIGH), (0, HIGH)], np.float32)
    reference = Reference(width=WIDE, height=HIGH, points=points, descriptors=known, outline=outline, jpeg=b"")
    shown = np.flatnonzero((points[:, 1] < hidden[0]) | (points[:, 1] > hidden[1]))
    seen = points[shown]
    seen[:, :2] += TO_FRAME
    frame = replace(describe_frame(np.zeros((360, 640, 3), np.uint8)), width=640, height=360, points=seen)
    x, y = np.add(TO_FRAME, (WIDE / 2, HIGH / 2)).tolist()
    voted = np.ascontiguousarray(points[shown, :2])
    hypothesis = Hypothesis(image=0, scale=1.0, turn=0.0, x=x, y=y, seen=np.arange(len(shown)), known=voted)
    return verify(hypothesis, reference, PointGrid(frame, (known + aside)[shown]))


@pytest.mark.parametrize("error", [0.0, 0.5 * FIRM])
def test_should_place_the_product_and_count_how_firmly_its_points_look_alike(error):
    evidence = verified(error)

    assert evidence is not None
    assert evidence.inliers == POINTS
    assert evidence.firm == pytest.approx(POINTS * (1 - error / FIRM), rel=1e-3)
    assert evidence.outline[0] == pytest.approx(TO_FRAME, abs=0.1)


def test_should_tell_how_much_is_expected_and_what_of_it_is_surely_seen():
    whole, half = verified(0.0), verified(0.0, hidden=(HIGH / 2, HIGH))

    assert whole is not None
    assert half is not None
    assert whole.expected == half.expected == POINTS
    assert cv2.contourArea(whole.core) > 0.6 * WIDE * HIGH
    assert half.core[:, 1].max() < TO_FRAME[1] + HIGH / 2 + 1


def test_should_not_estimate_a_map_of_points_that_lie_right_but_do_not_look_alike_firmly(monkeypatch):
    estimated = []
    monkeypatch.setattr(verification, "_estimate", lambda *given: estimated.append(given))

    assert verified(0.5 * (FIRM + DISTANCE)) is None
    assert not estimated
