"""What finding products in a demo set costs and yields, run on the domain directly: no cloud, no store.

    python -m bench.matching films DEMO_DIRECTORY… [--distractors DIRECTORY] [--auto-approve 0.93] [--verbose]

For each directory that `python -m demo make` wrote: precision and recall of appearances (temporal IoU ≥ 0.5), box IoU,
decoys, and milliseconds per examined frame; `--distractors` adds every product of another demo set's feed to the
catalogue.
"""

import argparse
import csv
import hashlib
import json
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from bench.matching.photographs import read
from demo.score import score
from functions.contracts import ids
from functions.contracts.analysis import Appearance, Shot
from functions.shoppable.appearances import judge, link
from functions.shoppable.decode import open_video
from functions.shoppable.frames import SampledFrame, sample_frames
from functions.shoppable.looks import examine
from functions.shoppable.matching.features import ImageFeatures, describe_image
from functions.shoppable.matching.index import IndexEntry, InstanceIndex, build_index
from functions.shoppable.matching.instance import InstanceMatcher
from functions.shoppable.matching.port import Found, Matcher
from functions.shoppable.points import Tracker
from functions.shoppable.shots import SegmentShots, detect_shots, merge_shots
from functions.shoppable.sightings import FrameMatches

SHOP = "bench"
SEGMENT_MS = 20_000


@dataclass(frozen=True)
class Clock:
    """Seconds of processor time."""

    shots: float
    """Following points included."""
    sample: float
    match: float
    follow: float
    frames: int


def described(job: tuple[str, str]) -> tuple[str, str, bytes]:
    """(feed id, digest of the pixels, features) of one picture."""
    feed_id, path = job
    cv2.setNumThreads(1)
    image = read(Path(path))
    return feed_id, hashlib.sha256(image.tobytes()).hexdigest(), describe_image(image).to_bytes()


def catalogue(directory: Path) -> Iterator[tuple[str, str]]:
    """(feed id, path) of every picture of a feed."""
    with (directory / "feed.tsv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for name in [row["image_link"], *filter(None, row["additional_image_link"].split(","))]:
                yield row["id"], str(directory / "images" / name)


def entries(directory: Path, *, prefix: str = "", workers: int = 2) -> list[IndexEntry]:
    """Every picture described; kept beside the feed for the next run, by the code of the features."""
    code = hashlib.sha256(Path(describe_image.__code__.co_filename).read_bytes()).hexdigest()[:12]
    cache = directory / f"features-{code}.pickle"
    if cache.exists():
        found = pickle.loads(cache.read_bytes())  # noqa: S301 (written by this very program)
    else:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(described, list(catalogue(directory)), chunksize=16))
        cache.write_bytes(pickle.dumps(found))
    return [
        IndexEntry(
            product_id=ids.product_id(SHOP, prefix + feed_id),
            image_sha256=digest,
            features=ImageFeatures.from_bytes(body),
        )
        for feed_id, digest, body in found
    ]


def analyse(path: Path, matcher: Matcher) -> tuple[list[FrameMatches], tuple[Shot, ...], Clock]:
    """The video pipeline's domain calls, segment by segment."""
    frames: list[FrameMatches] = []
    segments: list[SegmentShots] = []
    spent = {"shots": 0.0, "sample": 0.0, "match": 0.0, "follow": 0.0}
    with open_video(path) as video:
        for start in range(0, video.duration_ms, SEGMENT_MS):
            began = time.process_time()
            tracker = Tracker()
            shots = detect_shots(video, start, min(start + SEGMENT_MS, video.duration_ms), tracker)
            tracks = tracker.tracks([cut.ms for cut in shots.cuts], video.width, video.height)
            segments.append(shots)
            spent["shots"] += time.process_time() - began
            began = time.process_time()
            sampled = list(sample_frames(video, shots))
            spent["sample"] += time.process_time() - began

            def look(frame: SampledFrame) -> list[Found]:
                started = time.process_time()
                found = matcher.match(frame.image)
                spent["match"] += time.process_time() - started
                return found

            began, matched = time.process_time(), spent["match"]
            for shot in examine(sampled, shots, tracks, look, crops_key):
                frames += shot.frames
            spent["follow"] += time.process_time() - began - (spent["match"] - matched)
        shots = merge_shots(segments, duration_ms=video.duration_ms, frame_rate=video.frame_rate)
    return frames, shots, Clock(**spent, frames=len(frames))


def crops_key(ms: int, product_id: str) -> str:
    """Nothing is stored here."""
    return f"{ms}-{product_id}.jpg"


def run(directory: Path, extra: list[IndexEntry], auto_approve: float | None, verbose: bool) -> None:
    """One demo set."""
    truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    names = {ids.product_id(SHOP, feed_id): feed_id for feed_id, _ in catalogue(directory)}
    with tempfile.TemporaryDirectory() as folder:
        described_entries = [*entries(directory), *extra]
        began = time.perf_counter()
        manifest = build_index(described_entries, Path(folder))
        built = time.perf_counter() - began
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        began = time.perf_counter()
        matcher = InstanceMatcher(InstanceIndex.load(Path(folder)))
        loaded = time.perf_counter() - began
        frames, shots, clock = analyse(directory / "video.mp4", matcher)
    linked = link(frames, shots)
    found = judge(linked, auto_approve_score=auto_approve, review_score=0.0)
    published = [
        {**one.model_dump(), "product_id": names.get(one.product_id, f"distractor {one.product_id}")}
        for one in found
        if one.verdict == "approved"
    ]
    result = score(truth, {"appearances": published}, {})
    print(
        f"{directory.name}: products {manifest.products}, appearances {result.appearances} of {result.expected}, "
        f"precision {result.precision:.3f}, recall {result.recall:.3f}, box IoU {result.box_iou:.3f} "
        f"(≥ 0.5: {result.boxes_half:.3f}), temporal IoU {result.temporal_iou:.3f}, decoys {result.decoys}, "
        f"shots {len(shots)} of {len(truth['shots'])}"
    )
    print(
        f"  {clock.frames} frames of {truth['video']['duration_ms'] / 1000:.0f} s; per examined frame: "
        f"match {1000 * clock.match / clock.frames:.0f} ms; whole video: shots {clock.shots:.1f} s, "
        f"sampling {clock.sample:.1f} s, matching {clock.match:.1f} s, following {clock.follow:.1f} s; "
        f"index {size:.0f} MB built in {built:.1f} s, loaded in {1000 * loaded:.0f} ms"
    )
    if verbose:
        report(found, names, truth)


def report(found: Sequence[Appearance], names: dict[str, str], truth: dict[str, Any]) -> None:
    """Every appearance found, and every one missed."""
    missed = list(truth["appearances"])
    for one in found:
        name = names.get(one.product_id, "distractor")
        hit = next(
            (
                t
                for t in missed
                if t["product_id"] == name and t["start_ms"] < one.end_ms and one.start_ms < t["end_ms"]
            ),
            None,
        )
        if hit:
            missed.remove(hit)
        times = f"{hit['start_ms']}-{hit['end_ms']}" if hit else "WRONG" if one.verdict == "approved" else "wrong"
        print(
            f"    {name:9} {one.start_ms:6}-{one.end_ms:<6} {times:13} score {one.score:.3f} "
            f"inliers {one.evidence.inliers} in {one.evidence.frames}"
        )
    for one in missed:
        print(f"    {one['product_id']:9} MISSED {one['start_ms']}-{one['end_ms']}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directories", type=Path, nargs="+")
    parser.add_argument("--distractors", type=Path)
    parser.add_argument("--auto-approve", type=float, help="instead of the thresholds by category")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    extra = entries(given.distractors, prefix="distractor-") if given.distractors else []
    for directory in given.directories:
        run(directory, extra, given.auto_approve, given.verbose)


if __name__ == "__main__":
    main()
