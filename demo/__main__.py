"""`python -m demo make` draws the demo set; `python -m demo score` compares a published timeline with its truth."""

import argparse
import csv
import hashlib
import json
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np

from demo.film import film
from demo.goods import COLUMNS
from demo.score import score, table
from demo.script import FRAME_RATE, Packs, write_script
from demo.studio import photograph, shoot_distractors
from demo.truth import describe

_PACK_EDGE = 1000


def _show(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what}: {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done == total or done % max(1, total // 5) == 0:
        print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)


def _recipe(seed: int, distractors: int) -> str:
    """Names what would be drawn: the arguments, the code that draws and the libraries that it draws with."""
    code = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        code.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    tools = {"numpy": np.__version__, "opencv": cv2.__version__, "av": av.__version__}
    return json.dumps({"seed": seed, "distractors": distractors, "code": code.hexdigest(), **tools})


def make(out: Path, seed: int, distractors: int) -> None:
    """Write feed.tsv, images/, video.mp4 and truth.json below `out`, unless that very set is already there."""
    began = time.monotonic()
    recipe, stamp = _recipe(seed, distractors), out / ".made"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == recipe:
        print(f"demo set in {out}: already made")
        return
    stamp.unlink(missing_ok=True)
    cv2.setNumThreads(1)
    folder = out / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.iterdir():
        stale.unlink()
    packs = Packs(_PACK_EDGE)
    shots, articles, _ = write_script(seed, packs)
    rows: list[tuple[str, ...]] = []
    for number, article in enumerate(articles):
        rows.append(article.row(photograph(article, packs.of(article), number, folder)))
        _show("product pictures", number + 1, len(articles))
    feed_ids = [article.feed_id for article in articles]
    for drawn in shoot_distractors(seed, distractors, folder) if distractors else ():
        rows += drawn
        _show("distractors", len(rows) - len(articles), distractors)
    with (out / "feed.tsv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    record = film(shots, out / "video.mp4", seed, lambda done, total: _show("video frames", done, total))
    truth = describe(record, feed_ids, FRAME_RATE)
    (out / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    stamp.write_text(recipe, encoding="utf-8")
    seconds, spent = truth["video"]["duration_ms"] / 1000, time.monotonic() - began
    print(
        f"demo set in {out}: {len(rows)} products, {len(truth['shots'])} shots, {seconds:.1f} s, "
        f"{len(truth['appearances'])} appearances, {len(truth['decoys'])} decoys, made in {spent:.0f} s"
    )


def judge(truth_path: Path, published_path: Path, least_precision: float, least_recall: float) -> int:
    """Print the comparison; 0 when something was published and the thresholds hold."""
    truth = json.loads(truth_path.read_text(encoding="utf-8"))
    published = json.loads(published_path.read_text(encoding="utf-8"))
    titles: dict[str, str] = {}
    feed = truth_path.parent / "feed.tsv"
    if feed.exists():
        with feed.open(newline="", encoding="utf-8") as file:
            titles = {row["id"]: row["title"] for row in csv.DictReader(file, delimiter="\t")}
    result = score(truth, published, titles)
    print(table(result))
    print(result.summary())
    return 0 if result.appearances and result.precision >= least_precision and result.recall >= least_recall else 1


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("make", help="draw the demo set")
    maker.add_argument("--seed", type=int, default=1)
    maker.add_argument("--out", type=Path, required=True)
    maker.add_argument("--distractors", type=int, default=0, help="how many further products to add to the feed")
    scorer = commands.add_parser("score", help="compare a published timeline with the truth")
    scorer.add_argument("truth", type=Path)
    scorer.add_argument("published", type=Path)
    scorer.add_argument("--min-precision", type=float, default=0.0)
    scorer.add_argument("--min-recall", type=float, default=0.0)
    given = parser.parse_args()
    if given.command == "make":
        make(given.out, given.seed, given.distractors)
        return 0
    return judge(given.truth, given.published, given.min_precision, given.min_recall)


if __name__ == "__main__":
    raise SystemExit(main())
