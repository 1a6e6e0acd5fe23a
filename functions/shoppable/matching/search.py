"""The search layer: the strongest descriptors of every product picture, quantised, in an inverted file (faiss).

Lists grow with the square root of what is in them, so that neither the choice of lists nor their reading grows faster
(Jégou, Douze and Schmid, "Product quantization for nearest neighbor search", TPAMI 2011; codes of four bits, read in
registers: André, Kermarrec and Le Scouarnec, "Cache locality is not enough", VLDB 2015).
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

_FLAT_BELOW = 2_000
_CODED_FROM = 400_000
"""Rows from which on there are product-quantised codes instead of one byte per dimension."""
_ROUNDS = 8
_TRAINED_BY = 160_000
"""Descriptors, at most."""
_BLOCK = 1 << 17

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class SearchBuilder:
    """Trained by a sample, filled in order."""

    def __init__(self, sample: Floats, rows: int) -> None:
        """`sample`: (N, D) of what will be added; `rows`: how many that will be, about."""
        import faiss

        factory, probes = _plan(rows)
        if len(sample) < _FLAT_BELOW:
            factory, probes = "Flat", 0
        self.rows = 0
        self._index: Any = faiss.index_factory(sample.shape[1], factory)
        if probes:
            self._index.cp.niter = _ROUNDS
            self._index.cp.seed = 1
            self._index.cp.min_points_per_centroid = 1
            chosen = sample[:: max(1, -(-len(sample) // _TRAINED_BY))]
            self._index.train(np.ascontiguousarray(chosen))
            self._index.nprobe = probes
        self._waiting: list[Floats] = []

    def add(self, vectors: Floats) -> None:
        """(N, D)"""
        self._waiting.append(vectors)
        self.rows += len(vectors)
        if sum(map(len, self._waiting)) >= _BLOCK:
            self._flush()

    def write(self, path: Path) -> None:
        """The file that `SearchLayer` reads."""
        import faiss

        self._flush()
        faiss.write_index(self._index, str(path))

    def _flush(self) -> None:
        if self._waiting:
            self._index.add(np.concatenate(self._waiting))
            self._waiting.clear()


def _plan(rows: int) -> tuple[str, int]:
    """The name of the index in faiss, and how many of its lists are read."""
    if rows < _FLAT_BELOW:
        return "Flat", 0
    lists = 2 ** int(np.clip(np.rint(np.log2(1.5 * np.sqrt(rows))), 4, 14))
    if rows < _CODED_FROM:
        return f"IVF{lists},SQ8", max(4, lists // 32)
    return f"IVF{lists},PQ32x4fs", 12


class SearchLayer:
    """An opened search layer."""

    def __init__(self, path: Path) -> None:
        """Raises RuntimeError when there is none."""
        import faiss

        self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        self.rows = int(self._index.ntotal)

    def search(self, vectors: Floats, neighbours: int) -> tuple[Floats, Integers]:
        """Squared distances and rows, (N, neighbours) each; row -1 where there are fewer."""
        if not self.rows or not len(vectors):
            empty = (len(vectors), neighbours)
            return np.full(empty, np.inf, np.float32), np.full(empty, -1, np.int64)
        return cast("tuple[Floats, Integers]", self._index.search(vectors, neighbours))
