import hashlib
from dataclasses import replace

import numpy as np
import pytest

from functions.contracts import ids
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexEntry, InstanceIndex, build_index
from functions.shoppable.matching.records import DamagedRecordError, FileRecords
from tests.unit.shoppable.clips import texture

PRODUCTS = 3


def product(number: int) -> str:
    return ids.product_id("shop", str(number))


def entry(number: int, image) -> IndexEntry:
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return IndexEntry(product_id=product(number), image_sha256=digest, features=describe_image(image))


@pytest.fixture(scope="module")
def entries() -> list[IndexEntry]:
    return [entry(number, texture(number)) for number in range(PRODUCTS)]


def test_should_know_the_category_of_every_product(entries, tmp_path):
    build_index(entries, tmp_path, {product(1): "Toys & Games", product(99): "Software"})

    index = InstanceIndex.load(tmp_path)

    of = dict(zip(index.product_ids, index.categories, strict=True))
    assert of == {product(0): "", product(1): "Toys & Games", product(2): ""}


def test_should_have_a_digest_that_changes_with_what_is_in_it(entries, tmp_path):
    digests = []
    for name, categories in (("a", {}), ("b", {}), ("c", {product(1): "Software"})):
        (tmp_path / name).mkdir()
        build_index(entries, tmp_path / name, categories)
        digests.append(InstanceIndex.load(tmp_path / name).digest)

    assert digests[0] == digests[1] != digests[2]
    assert digests[0] == hashlib.sha256((tmp_path / "a" / "manifest.json").read_bytes()).hexdigest()


def test_should_restore_every_record(entries, tmp_path):
    build_index(entries, tmp_path)

    index = InstanceIndex.load(tmp_path)

    for number, one in enumerate(sorted(entries, key=lambda entry: entry.product_id)):
        reference = index.references(range(PRODUCTS))[number]
        assert index.image_sha256(number) == one.image_sha256
        assert (reference.width, reference.height) == (one.features.width, one.features.height)
        assert reference.jpeg == one.features.picture
        assert np.array_equal(reference.outline, one.features.outline)
        assert np.abs(reference.points - one.features.points).max() < 0.06
        assert np.abs(reference.descriptors - index.project(one.features.descriptors)).max() < 0.005


def test_should_know_the_picture_and_the_point_of_every_row(entries, tmp_path):
    build_index(entries, tmp_path)
    index = InstanceIndex.load(tmp_path)

    images, points = index.search_rows(np.arange(index.manifest.search_rows))

    for number in range(PRODUCTS):
        known = {tuple(point) for point in index.reference(number).points.tolist()}
        rows = [tuple(point) for point in points[images == number].tolist()]
        assert len(rows) == len(set(rows)) > 100
        assert set(rows) <= known
    assert images.tolist() == sorted(images)


def test_should_refuse_a_damaged_record(entries, tmp_path):
    manifest = build_index(entries, tmp_path)
    file = tmp_path / manifest.records[0]
    body = bytearray(file.read_bytes())
    body[100] ^= 1
    file.write_bytes(body)

    index = InstanceIndex.load(tmp_path)

    with pytest.raises(DamagedRecordError, match="records-0000"):
        index.reference(0)
    assert index.reference(1).points.size


def test_should_read_again_only_what_is_not_among_the_latest(entries, tmp_path, monkeypatch):
    monkeypatch.setattr("functions.shoppable.matching.index._KEPT", 2)
    build_index(entries, tmp_path)
    read: list[int] = []

    class Counted(FileRecords):
        def read(self, spans):
            read.append(len(spans))
            return super().read(spans)

    index = InstanceIndex.load(tmp_path, Counted(tmp_path))
    first = index.references([0, 1])[0]

    assert index.references([0, 1, 0])[0] is first
    assert index.references([0, 2])[0] is first
    assert index.references([1])[1] is not first
    assert read == [2, 0, 1, 1]


def test_should_divide_records_among_files_of_limited_size(entries, tmp_path, monkeypatch):
    monkeypatch.setattr("functions.shoppable.matching.index._FILE_BYTES", 250_000)
    manifest = build_index(entries, tmp_path)
    assert len(manifest.records) > 1

    assert all((tmp_path / name).stat().st_size <= 250_000 for name in manifest.records)
    assert sum((tmp_path / name).stat().st_size for name in manifest.records) == manifest.record_bytes
    index = InstanceIndex.load(tmp_path)
    assert [len(index.reference(number).points) for number in range(PRODUCTS)]


def test_should_have_fewer_features_of_each_picture_in_a_large_catalogue(entries, tmp_path, monkeypatch):
    monkeypatch.setattr("functions.shoppable.matching.index.SEARCH_ROWS", 60)
    monkeypatch.setattr("functions.shoppable.matching.index.FEWEST_SEARCH_FEATURES", 15)

    manifest = build_index(entries, tmp_path)

    assert manifest.search_rows == 60
    assert manifest.descriptors > 600


def test_should_search_for_large_points_as_well_as_for_the_many_small_ones(tmp_path):
    points = np.ones((400, 4), np.float32) * [50, 50, 3, 0]
    points[:, 0] += np.arange(400) / 4
    points[-20:, 2] = 40
    features = replace(describe_image(texture(1)), points=points, descriptors=np.full((400, 128), 40, np.uint8))
    build_index([IndexEntry(product_id=product(1), image_sha256="1" * 64, features=features)], tmp_path)
    index = InstanceIndex.load(tmp_path)

    _, searched = index.search_rows(np.arange(index.manifest.search_rows))

    assert (searched[:, 2] == 40).sum() == 20
    strongest = searched[searched[:, 2] == 3]
    assert strongest[:, 0].max() < 50 + len(strongest) / 4 + 0.1


def test_should_tell_the_rows_of_pictures_apart_where_some_have_none(tmp_path):
    plain = np.full((300, 300, 3), 180, np.uint8)
    build_index([entry(number, plain if number % 2 else texture(number)) for number in range(6)], tmp_path)
    index = InstanceIndex.load(tmp_path)

    images, _ = index.search_rows(np.arange(index.manifest.search_rows))

    textured = {index.product_ids.index(product(number)) for number in (0, 2, 4)}
    assert {int(index.image_product[image]) for image in images} == textured
