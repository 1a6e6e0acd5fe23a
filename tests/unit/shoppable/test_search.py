import numpy as np
import pytest

from functions.shoppable.matching import search
from functions.shoppable.matching.search import SearchBuilder, SearchLayer

ROWS = 6_000
DIMENSIONS = 64


@pytest.fixture(scope="module")
def vectors():
    """Around 200 centres, as what is printed on many packs is."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(200, DIMENSIONS))
    rows = centres[rng.integers(200, size=ROWS)] + 0.5 * rng.normal(size=(ROWS, DIMENSIONS))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def built(path, vectors, block):
    builder = SearchBuilder(vectors[::2], len(vectors))
    for start in range(0, len(vectors), block):
        builder.add(vectors[start : start + block])
    builder.write(path)
    return path.read_bytes()


@pytest.mark.parametrize("coded_from", [1, 10**9])
def test_should_write_the_same_bytes_however_rows_come(vectors, tmp_path, monkeypatch, coded_from):
    monkeypatch.setattr(search, "_CODED_FROM", coded_from)
    monkeypatch.setattr(search, "_BLOCK", 1_000)

    assert built(tmp_path / "a", vectors, 7) == built(tmp_path / "b", vectors, 1_500)


@pytest.mark.parametrize(("coded_from", "least"), [(1, 0.9), (10**9, 0.99)])
def test_should_find_what_a_row_looks_like(vectors, tmp_path, monkeypatch, coded_from, least):
    monkeypatch.setattr(search, "_CODED_FROM", coded_from)
    built(tmp_path / "a", vectors, 100)
    layer = SearchLayer(tmp_path / "a")
    seen = vectors[:500] + np.random.default_rng(6).normal(0, 0.02, (500, DIMENSIONS)).astype(np.float32)

    distances, rows = layer.search(seen, 3)

    assert layer.rows == ROWS
    assert (rows == np.arange(500)[:, None]).any(axis=1).mean() >= least
    assert (np.diff(distances) >= 0).all()


def test_should_raise_what_went_wrong_while_rows_were_added(vectors, tmp_path):
    builder = SearchBuilder(vectors[::2], len(vectors))
    builder.add(vectors[:10, : DIMENSIONS // 2])

    with pytest.raises(AssertionError):
        builder.write(tmp_path / "a")


def test_should_hold_one_block_while_another_one_is_added(vectors, tmp_path, monkeypatch):
    monkeypatch.setattr(search, "_BLOCK", 500)
    builder = SearchBuilder(vectors[::2], len(vectors))
    held = []
    for start in range(0, len(vectors), 100):
        builder.add(vectors[start : start + 100])
        held.append(sum(map(len, builder._waiting)))

    assert max(held) == 400
    builder.write(tmp_path / "a")
    assert SearchLayer(tmp_path / "a").rows == ROWS


def test_should_find_nothing_where_nothing_is(tmp_path):
    built(tmp_path / "a", np.zeros((0, DIMENSIONS), np.float32), 1)

    distances, rows = SearchLayer(tmp_path / "a").search(np.ones((2, DIMENSIONS), np.float32), 4)

    assert rows.tolist() == [[-1] * 4] * 2
    assert np.isinf(distances).all()


def test_should_refuse_a_file_that_is_no_search_layer(tmp_path):
    (tmp_path / "a").write_bytes(b"nonsense")

    with pytest.raises(RuntimeError):
        SearchLayer(tmp_path / "a")
