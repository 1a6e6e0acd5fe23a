"""A fresh process of the scale bench: it builds an index, or fetches one and answers pictures, and says what that took.

It imports what the pipeline's own function does, so that memory and first answer are those of the function.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functions.shoppable.matching.features import ImageFeatures
    from functions.shoppable.matching.index import Pictures

BUCKET = "catalogue"
PREFIX = "revisions/bench/r/index"


class Clock:
    """CPU seconds by part; what a part calls counts for the part called."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._open: list[float] = []

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, on the clock."""

        def run(*args: Any, **given: Any) -> Any:  # noqa: ANN401 (whatever the call takes and gives)
            began = time.process_time()
            self._open.append(0.0)
            try:
                return call(*args, **given)
            finally:
                whole = time.process_time() - began
                self.spent[part] = self.spent.get(part, 0.0) + whole - self._open.pop()
                if self._open:
                    self._open[-1] += whole

        return run


def memory() -> dict[str, float]:
    """MiB resident, and how much of that is of files (the kernel may drop it)."""
    fields = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    resident, own = (int(fields[name].split()[0]) / 1024 for name in ("Rss", "Anonymous"))
    return {"resident": resident, "files": resident - own}


def build(directory: str, products: str, most: str) -> dict[str, Any]:
    """Build into the directory, from what the run saved beside it; no `products`: the drawn ones, and none made."""
    from bench.matching.scale_catalogue import Mixed, Pool, load
    from functions.shoppable.matching.index import write_index

    folder = Path(directory)
    drawn = load(folder.parent / "pool.pickle")
    others = [] if int(products) else drawn
    pictures = Mixed([*load(folder.parent / "planted.pickle"), *others], Pool.of(drawn), int(products), int(most))
    made = _Timed(pictures)
    target = folder / BUCKET / PREFIX
    target.mkdir(parents=True)
    began = time.process_time()
    write_index(made, target, {})
    spent = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = {file.name: file.stat().st_size / 2**20 for file in target.iterdir()}
    return {
        "cpu_seconds": spent - made.seconds,
        "made_seconds": made.seconds,
        "peak_mib": peak / 1024,
        "search_mib": sum(size for name, size in sizes.items() if not name.startswith("records-")),
        "records_mib": sum(size for name, size in sizes.items() if name.startswith("records-")),
        "manifest": json.loads((target / "manifest.json").read_text()) | {"files": {}, "untextured": []},
    }


class _Timed:
    """The same pictures. Their making is no cost of the build: CPU of this thread, for another one adds rows."""

    def __init__(self, pictures: "Pictures") -> None:
        self.names = pictures.names
        self.seconds = 0.0
        self._pictures = pictures

    def features(self, numbers: Sequence[int]) -> "Iterator[ImageFeatures]":
        """Of the pictures with these numbers."""
        found = self._pictures.features(numbers)
        while True:
            began = time.thread_time()
            features = next(found, None)
            self.seconds += time.thread_time() - began
            if features is None:
                return
            yield features


def answer(directory: str, queries: str, began: str) -> dict[str, Any]:
    """Fetch the index, answer every picture; `began`: when this process was started, in seconds of the epoch."""
    import cv2
    import faiss

    from functions.shared import aws
    from functions.shoppable.matching import index as search_module
    from functions.shoppable.matching import instance
    from functions.video.match_frames import index

    faiss.omp_set_num_threads(1)
    ready = time.time()
    index.cache_root = lambda: Path(directory) / "cache"
    matcher = index.load(aws.s3(), BUCKET, PREFIX)
    loaded = time.time()
    clock = Clock()
    listed: list[set[str]] = []
    kept: Callable[..., Any] = instance.shortlist

    def shortlist(catalogue: Any, *args: Any, **given: Any) -> Any:  # noqa: ANN401
        found = kept(catalogue, *args, **given)
        listed.append({catalogue.product_ids[int(catalogue.image_product[one.image])] for one in found})
        return found

    wrapped: list[tuple[Any, str, str]] = [
        (instance, "describe_features", "features"),
        (instance, "resized_frame", "features"),
        (search_module.InstanceIndex, "project", "search"),
        (search_module.InstanceIndex, "search", "search"),
        (search_module.InstanceIndex, "references", "records"),
        (instance, "verify", "verification"),
    ]
    for owner, name, part in wrapped:
        setattr(owner, name, clock.timed(part, getattr(owner, name)))
    instance.shortlist = clock.timed("votes", shortlist)
    match = clock.timed("surfaces", matcher.match)
    results: list[dict[str, Any]] = []
    first = 0.0
    held: dict[str, float] = {}
    for name, product in json.loads(Path(queries).read_text()):
        image = cv2.imread(name)
        listed.clear()
        found = match(image)
        if not results:
            first, held, clock.spent = time.time(), memory(), {}
        said = [one.match.product_id for one in found]
        results.append(
            {
                "listed": any(product in one for one in listed),
                "offered": product in said,
                "first": said[:1] == [product],
            }
        )
    return {
        "start_seconds": ready - float(began),
        "fetch_seconds": loaded - ready,
        "first_seconds": first - float(began),
        "held": held,
        "held_after": memory(),
        "frames": len(results) - 1,
        "parts": clock.spent,
        "results": results,
    }


if __name__ == "__main__":
    print(json.dumps({"build": build, "answer": answer}[sys.argv[1]](*sys.argv[2:])))
