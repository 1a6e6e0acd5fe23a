"""Shot detection beside PySceneDetect's detectors, on films whose transitions are known: quality and speed in one run.

    python -m bench.matching.shots [--seeds 200,201,202,203] [--cache DIRECTORY]

A transition is found if a border lies at most TOLERANCE frames outside it; further borders in it count neither for nor
against. Every detector has its own defaults and is called as its documentation recommends (`scenedetect.detect`, which
reduces pictures by itself). Speed is CPU time, decoding included, with OpenCV held to one thread; PySceneDetect's
decoder keeps its default threads, ours has one.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

import cv2
import scenedetect

from bench.matching.shots_films import KINDS, Transition, drawn
from functions.shoppable.decode import open_video
from functions.shoppable.points import Tracker
from functions.shoppable.shots import detect_cuts, detect_shots

TOLERANCE = 3
HELD_OUT = (200, 201, 202, 203)
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
    wall: float = 0.0

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
            began, started = time.process_time(), time.perf_counter()
            borders = detect(path)
            results[name].seconds += time.process_time() - began
            results[name].wall += time.perf_counter() - started
            results[name].add(borders, transitions)
    seconds = 0.0
    for path, _ in films:
        with open_video(path, verify=False) as video:
            seconds += video.duration_ms / 1000
    return results, seconds


def report(seeds: Sequence[int], cache: Path) -> str:
    """A table: a row per detector."""
    results, seconds = measure(seeds, cache)
    kinds = " | ".join(f"{kind} ({results['ours'].real[kind]})" for kind in KINDS)
    lines = [
        f"{len(seeds)} films, {seconds:.0f} s at 1280×720; recall by kind of transition (how many there are):",
        "",
        f"| detector | {kinds} | false | F1 | CPU s per s | CPU time ÷ ours | wall ÷ ours |",
        "|" + " --- |" * (len(KINDS) + 6),
    ]
    for name, one in results.items():
        recalls = " | ".join(f"{one.found[kind] / max(1, one.real[kind]):.3f}" for kind in KINDS)
        lines.append(
            f"| {name} | {recalls} | {one.false} | {one.f1:.3f} | {one.seconds / seconds:.4f} "
            f"| {one.seconds / results['ours'].seconds:.2f} | {one.wall / results['ours'].wall:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=",".join(map(str, HELD_OUT)))
    parser.add_argument("--cache", type=Path, default=Path(gettempdir()) / "bench-films")
    given = parser.parse_args()
    print(report([int(seed) for seed in given.seeds.split(",")], given.cache))


if __name__ == "__main__":
    main()
