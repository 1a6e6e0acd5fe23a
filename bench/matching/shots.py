"""Shot detection beside PySceneDetect's detectors, on films whose transitions are known: quality and speed in one run.

    python -m bench.matching shots [--shot-seeds 200-202]

A transition is found if a border lies at most TOLERANCE frames outside it; further borders in it count neither for nor
against. Every detector has its own defaults and is called as its documentation recommends (`scenedetect.detect`, which
reduces pictures by itself). Speed is CPU time, decoding included, with OpenCV held to one thread; PySceneDetect's
decoder keeps its default threads, ours has one.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import scenedetect

from bench.matching.shots_films import KINDS, Transition, drawn
from functions.shoppable.decode import open_video
from functions.shoppable.points import Tracker
from functions.shoppable.shots import detect_cuts, detect_shots

TOLERANCE = 3
Detector = Callable[[Path], list[int]]
"""The first frames of new shots."""


def ours(path: Path) -> list[int]:
    """Cuts alone."""
    with open_video(path, verify=False, thrifty=True) as video:
        return [cut.frame for cut in detect_cuts(video, 0, video.duration_ms)]


def ours_with_tracks(path: Path) -> list[int]:
    """As DetectShots runs it."""
    with open_video(path, verify=False, thrifty=True) as video:
        tracker = Tracker()
        cuts = detect_shots(video, 0, video.duration_ms, tracker).cuts
        tracker.tracks([cut.ms for cut in cuts], video.width, video.height).to_bytes()
        return [cut.frame for cut in cuts]


def _theirs(detector: Callable[[], scenedetect.SceneDetector]) -> Detector:
    def detect(path: Path) -> list[int]:
        return [start.frame_num for start, _ in scenedetect.detect(str(path), detector())[1:]]

    return detect


DETECTORS: dict[str, Detector] = {
    "ours": ours,
    "ours, with tracks": ours_with_tracks,
    "ContentDetector": _theirs(scenedetect.ContentDetector),
    "AdaptiveDetector": _theirs(scenedetect.AdaptiveDetector),
    "HashDetector": _theirs(scenedetect.HashDetector),
    "HistogramDetector": _theirs(scenedetect.HistogramDetector),
    "ThresholdDetector": _theirs(scenedetect.ThresholdDetector),
}


@dataclass
class Result:
    """Of one detector over all films."""

    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    real: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    false: int = 0
    seconds: float = 0.0

    @property
    def f1(self) -> float:
        """Over all kinds."""
        found, real = sum(self.found.values()), sum(self.real.values())
        return 2 * found / max(1, found + self.false + real)

    def add(self, borders: Sequence[int], transitions: Sequence[Transition]) -> None:
        """Compare one film's borders with the truth."""
        for one in transitions:
            self.real[one.kind] += 1
            self.found[one.kind] += any(_fits(border, one) for border in borders)
        self.false += sum(not any(_fits(border, one) for one in transitions) for border in borders)


def _fits(border: int, transition: Transition) -> bool:
    return transition.first - TOLERANCE <= border <= transition.after + TOLERANCE


def measure(seeds: Sequence[int], cache: Path) -> tuple[dict[str, Result], float]:
    """Results by detector, and the films' seconds."""
    cv2.setNumThreads(1)
    results = {name: Result() for name in DETECTORS}
    films = [drawn(seed, cache) for seed in seeds]
    for path, transitions in films:
        for name, detect in DETECTORS.items():
            began = time.process_time()
            borders = detect(path)
            results[name].seconds += time.process_time() - began
            results[name].add(borders, transitions)
    seconds = 0.0
    for path, _ in films:
        with open_video(path, verify=False) as video:
            seconds += video.duration_ms / 1000
    return results, seconds
