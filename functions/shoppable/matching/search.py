"""The search layer: the strongest descriptors of every product picture, quantised, in an inverted file (faiss).

Lists grow with the square root of what is in them, so that neither the choice of lists nor their reading grows faster
(Jégou, Douze and Schmid, "Product quantization for nearest neighbor search", TPAMI 2011; codes of four bits, read in
registers: André, Kermarrec and Le Scouarnec, "Cache locality is not enough", VLDB 2015).
"""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

_FLAT_BELOW = 2_000
_CODED_FROM = 100_000
"""Rows from which on there are product-quantised codes instead of one byte per dimension, and two levels of lists."""
_PROBES = 12
_CODES = 32
"""Codes of four bits for each descriptor."""
_CELLS_TO_ADD = 4
_CELLS_TO_SEARCH = 12
"""Of the upper level's cells: the nearest list is found among those of so many."""
_ROUNDS = 8
_POINTS_PER_LIST = 8
"""To learn from, at least."""
_TRAINED_BY = 160_000
"""Descriptors, at most."""
_BLOCK = 1 << 17

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class SearchBuilder:
    """Trained by a sample, filled in order: by a thread of its own, while the next pictures are prepared."""

    def __init__(self, sample: Floats, rows: int) -> None:
        """`sample`: (N, D) of what will be added; `rows`: how many that will be, about."""
        chosen = np.ascontiguousarray(sample[:: max(1, -(-len(sample) // _TRAINED_BY))])
        self.rows = 0
        if len(chosen) < _FLAT_BELOW:
            rows = 0
        self._lower = _lower_level(chosen, _lists(rows, chosen)) if rows >= _CODED_FROM else None
        self._index = _trained(chosen, rows, self._lower)
        self._waiting: list[Floats] = []
        self._waiting_rows = 0
        self._adder = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._added: Future[None] | None = None

    def add(self, vectors: Floats) -> None:
        """(N, D)"""
        self._waiting.append(vectors)
        self.rows += len(vectors)
        self._waiting_rows += len(vectors)
        if self._waiting_rows >= _BLOCK:
            self._flush()

    def write(self, path: Path) -> None:
        """The file that `SearchLayer` reads."""
        import faiss

        self._flush()
        self._settled()
        self._adder.shutdown()
        if self._lower is not None:
            self._lower.nprobe = _CELLS_TO_SEARCH
        faiss.write_index(self._index, str(path))

    def _flush(self) -> None:
        if self._waiting:
            block = np.concatenate(self._waiting)
            self._waiting.clear()
            self._waiting_rows = 0
            # One block is added while one grows: no more of them are ever held.
            self._settled()
            self._added = self._adder.submit(self._index.add, block)

    def _settled(self) -> None:
        if self._added is not None:
            self._added.result()


def _lists(rows: int, sample: Floats) -> int:
    most = int(np.log2(len(sample) / _POINTS_PER_LIST))
    return 2 ** int(np.clip(np.rint(np.log2(1.5 * np.sqrt(rows))), 4, most))


def _trained(sample: Floats, rows: int, lower: Any) -> Any:  # noqa: ANN401 (faiss has no types)
    import faiss

    dimensions = sample.shape[1]
    index: Any
    if lower is not None:
        index = faiss.IndexIVFPQFastScan(lower, dimensions, _lists(rows, sample), _CODES, 4)
        index.nprobe = _PROBES
    elif rows >= _FLAT_BELOW:
        index = faiss.index_factory(dimensions, f"IVF{_lists(rows, sample)},SQ8")
        index.nprobe = max(4, _lists(rows, sample) // 32)
        _settle(index.cp)
    else:
        return faiss.IndexFlatL2(dimensions)
    index.train(sample)
    return index


def _lower_level(sample: Floats, lists: int) -> Any:  # noqa: ANN401
    """The lists' centres, themselves in lists: to find the nearest costs their root."""
    import faiss

    cells = 2 ** (int(np.log2(lists)) // 2)
    upper = faiss.IndexFlatL2(sample.shape[1])
    lower: Any = faiss.IndexIVFFlat(upper, sample.shape[1], cells)
    _settle(lower.cp)
    lower.train(sample)
    lower.nprobe = _CELLS_TO_ADD
    clustering: Any = faiss.Clustering(sample.shape[1], lists)
    _settle(clustering)
    # Its points are assigned by what it fills with the centres, round by round.
    clustering.train(sample, lower)
    return lower


def _settle(parameters: Any) -> None:  # noqa: ANN401
    """Of a clustering: the same points give the same centres."""
    parameters.niter = _ROUNDS
    parameters.seed = 1
    parameters.min_points_per_centroid = 1
    parameters.max_points_per_centroid = _TRAINED_BY


class SearchLayer:
    """An opened search layer."""

    def __init__(self, path: Path) -> None:
        """Raises RuntimeError when there is none."""
        import faiss

        # Frames are spread over processes: threads in each would wait for one another.
        faiss.omp_set_num_threads(1)
        self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        self.rows = int(self._index.ntotal)

    def search(self, vectors: Floats, neighbours: int) -> tuple[Floats, Integers]:
        """Squared distances and rows, (N, neighbours) each; row -1 where there are fewer."""
        if not self.rows or not len(vectors):
            empty = (len(vectors), neighbours)
            return np.full(empty, np.inf, np.float32), np.full(empty, -1, np.int64)
        return cast("tuple[Floats, Integers]", self._index.search(vectors, neighbours))
