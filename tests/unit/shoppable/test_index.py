import hashlib

import pytest

from functions.contracts import ids
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexEntry, InstanceIndex, build_index
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
