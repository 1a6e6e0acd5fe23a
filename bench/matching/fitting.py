"""`make fit-matching`: weights, thresholds and the peers' thresholds, from calibration seeds and photographs.

Writes functions/shoppable/matching/fitted.py and bench/matching/chosen.py. Nothing here looks at a held-out seed.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.matching.calibration import TAIL, at_most
from bench.matching.fit import (
    BENDS,
    MISSING_PRIOR,
    Doubles,
    Learned,
    categories_of,
    fit_categories,
    unseen_scores,
)
from bench.matching.grid import ENGINES, Row, ask, best_threshold
from bench.matching.samples import Sample, photograph_samples, scene_samples
from functions.shoppable.matching import fitted

FITTED: Final = Path(str(fitted.__file__))
CHOSEN: Final = Path(__file__).parent / "chosen.py"
CALIBRATION: Final = range(100, 150)
"""Seeds that anything may be learned or chosen on."""
PRECISION: Final = 0.99
"""Of what is approved, at least; contradicted by mistakes of which chance brings about as many in less than TAIL."""
REVIEW: Final = 0.1
"""A person is asked where at least about one answer in ten is right."""
LEAST: Final = 0.8
"""Approved from, at least: of answers with the lowest score that is approved, four of five must be right."""
LEAST_UNSEEN: Final = 0.9
"""The same where no photographs say how the category looks outside of drawings, which are cleaner."""
_ENOUGH = 70
"""Right answers that a category needs for a threshold of its own."""

Judged = Sequence[tuple[Sample, Doubles]]


def seeds_of(text: str) -> tuple[int, ...]:
    """`100-109` or `1,3,5`."""
    parts = [part.split("-") for part in text.split(",")]
    return tuple(seed for part in parts for seed in range(int(part[0]), int(part[-1]) + 1))


def samples_of(seeds: Sequence[int], each: int) -> list[Sample]:
    """The photographs' and the seeds', over two processes."""
    samples: list[Sample] = []
    began = time.monotonic()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_photographs), *(pool.submit(_scenes, seed, each) for seed in seeds)]
        for done, job in enumerate(jobs, 1):
            samples += job.result()
            print(f"  samples: {done} of {len(jobs)}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return samples


def _photographs() -> list[Sample]:
    return list(photograph_samples())


def _scenes(seed: int, each: int) -> list[Sample]:
    return list(scene_samples(seed, each))


def approve_from(answers: Iterable[tuple[float, bool, float]], least: float = LEAST) -> float:
    """The lowest score, `least` or more, from which on the answers do not contradict that PRECISION of them are right,
    rounded up; above 1 if there is none. To choose it by their share alone would be to choose by a single mistake: a
    hundred photographs cannot tell 0.98 from 0.99.

    `answers`: (score, right, weight).
    """
    said, right, lowest, holds = 0.0, 0.0, 1.001, True
    for score, is_right, weight in sorted(answers, key=lambda answer: (-answer[0], answer[1])):
        if score < least:
            break
        said += weight
        right += weight * is_right
        holds = at_most(round(right), round(said), PRECISION) >= TAIL
        if holds and is_right:
            lowest = score
    return least if holds else math.ceil(1000 * lowest) / 1000


def bands(judged: Judged) -> dict[str, tuple[float, float]]:
    """(approve, review) by category; `""`: of all others, the strictest."""
    photographed = categories_of(sample for sample, _ in judged)
    of_category: dict[str, list[tuple[float, bool, float]]] = {}
    for sample, scores in judged:
        weight = MISSING_PRIOR if sample.is_missing else 1.0
        for category, score, right in zip(sample.categories, scores.tolist(), sample.right, strict=True):
            if score >= 0.02:
                of_category.setdefault(category, []).append((score, right, weight))
    large = {name: group for name, group in of_category.items() if sum(right for _, right, _ in group) >= _ENOUGH}
    rest = [answer for name, group in of_category.items() if name not in large for answer in group]
    found = {
        name: approve_from(group, LEAST if name in photographed else LEAST_UNSEEN) for name, group in large.items()
    }
    strictest = max([*found.values(), approve_from(rest, LEAST_UNSEEN)])
    return {name: (value, min(REVIEW, value)) for name, value in sorted({"": strictest, **found}.items())}


def write(weights: Mapping[str, Learned], found: dict[str, tuple[float, float]], taught: str) -> str:
    """The text of fitted.py."""
    sets = "".join(f"    {json.dumps(category)}: {_written(one)},\n" for category, one in sorted(weights.items()))
    thresholds = "".join(f"    {json.dumps(category)}: {band},\n" for category, band in sorted(found.items()))
    return f'''"""Estimated by `make fit-matching`, which writes this file: weights and thresholds of scores.

From {taught}.
"""

from functions.shoppable.matching.weights import Weights

WEIGHTS = {{
{sets}}}
"""By top-level category; "": of every other."""
BENDS = {BENDS}
"""Log odds."""
BANDS = {{
{thresholds}}}
"""(approved from, a person is asked from), by top-level category; "": of every other."""
'''


def _written(weights: Learned) -> str:
    features = len(weights.against) - 2
    against, alone, calibration = (
        [round(float(value), 3) for value in each] for each in (weights.against, weights.alone, weights.calibration)
    )
    return f"""Weights(
        alone={tuple(alone[: features + 1])},
        distinct={alone[features + 1]},
        other_print={alone[features + 2]},
        close={alone[features + 3]},
        against={tuple(against[:features])},
        structure={against[features]},
        colour={against[features + 1]},
        calibration={tuple(calibration)},
    )"""


def write_chosen(rows: Sequence[Row], taught: str) -> str:
    """The text of chosen.py."""
    values = json.dumps({engine: round(best_threshold(rows, engine), 4) for engine in ENGINES})
    return f'''"""Chosen by `make fit-matching`, which writes this file: from which score, or inliers, on F1 is best.

From {taught}.
"""

BEST_F1 = {values}
'''


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("100-139"), help="calibration: 100 to 149")
    parser.add_argument("--each", type=int, default=1, help="scenes per cell and seed")
    parser.add_argument(
        "--peers",
        type=int,
        default=0,
        help="choose best F1 on so many seeds; peers see a scene of each cell",
    )
    given = parser.parse_args()
    seeds: tuple[int, ...] = given.seeds
    if not set(seeds) <= set(CALIBRATION):
        parser.error("weights and thresholds are learned on seeds 100 to 149 only")
    if given.peers:
        rows = ask(seeds[: given.peers], given.each, 1)
        taught = f"{len(rows)} generated scenes of seeds {seeds[0]} to {seeds[given.peers - 1]}"
        CHOSEN.write_text(write_chosen(rows, taught), encoding="utf-8")
        print(CHOSEN.read_text(encoding="utf-8"))
        return
    samples = samples_of(seeds, given.each)
    photographs = len({sample.picture for sample in samples if sample.is_photograph})
    scenes = len({sample.picture for sample in samples if not sample.is_photograph})
    taught = f"{photographs} photographs and {scenes} generated scenes of seeds {min(seeds)} to {max(seeds)}"
    weights, found = fit_categories(samples), bands(unseen_scores(samples))
    FITTED.write_text(write(weights, found, taught), encoding="utf-8")
    print(FITTED.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
