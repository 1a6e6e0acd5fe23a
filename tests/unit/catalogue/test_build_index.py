from pathlib import Path
from typing import Any

import pytest

from functions.catalogue.build_index import logic
from functions.catalogue.build_index.handler import handler
from functions.catalogue.build_index.store import AwsStore
from functions.contracts.catalogue import BuildIndexInput, IndexBatch, IndexedBatch, ProductImage
from functions.shared.errors import Permanent, Transient
from functions.shared.objects import canonical_json, json_lines
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexManifest, InstanceIndex
from functions.shoppable.matching.instance import InstanceMatcher
from functions.shoppable.pictures import picture_sha256
from tests.unit.catalogue.builders import SHOP, any_picture, any_product
from tests.unit.catalogue.conftest import Account

DIGEST = "2" * 64
PREFIX = f"revisions/{SHOP}/r-1"
GIVEN = BuildIndexInput(
    shop_id=SHOP, import_id="i-1", revision="r-1", products_key="imports/i-1/p", batches_key="imports/i-1/b"
)

CATEGORIES = {1: {"category": "Home & Garden > Kitchen"}, 2: {"category": "412"}}


def put_batches(account: Account, *batches: list[tuple[int, int]]) -> None:
    """Each batch as (product number, picture seed); every product number up to 9 is in the catalogue."""
    account.put("imports/i-1/p", json_lines(any_product(number, **CATEGORIES.get(number, {})) for number in range(10)))
    counts = [IndexBatch(batch=n, first=0, count=5, start_byte=0, end_byte=1) for n in range(len(batches))]
    account.put("imports/i-1/b", canonical_json(counts))
    for number, batch in enumerate(batches):
        images: list[ProductImage] = []
        for product, seed in batch:
            image = any_picture(seed, (300, 300))
            digest = picture_sha256(image)
            features = describe_image(image)
            account.put(f"features/{SHOP}/{digest}-{DIGEST}.npz", features.to_bytes())
            images.append(
                ProductImage(
                    product_id=any_product(product).product_id,
                    source=f"{seed}.png",
                    image_sha256=digest,
                    width=300,
                    height=300,
                    keypoints=len(features.points),
                )
            )
        done = IndexedBatch(batch=number, images=tuple(images), failures=())
        account.put(f"imports/i-1/indexed-{number:04d}.json", canonical_json(done))


def opened(account: Account, directory: Path) -> InstanceIndex:
    """The stored index."""
    directory.mkdir(exist_ok=True)
    for key in account.keys("catalogue", f"{PREFIX}/index/"):
        (directory / Path(key).name).write_bytes(account.get(key))
    return InstanceIndex.load(directory)


def test_index_of_all_batches_is_stored_with_its_manifest_and_finds_a_product(
    account: Account, context: Any, tmp_path: Path
) -> None:
    put_batches(account, [(1, 1), (2, 2)], [(3, 3), (1, 4)])
    built = handler(GIVEN.model_dump(mode="json"), context)
    assert (built["products"], built["images"], built["unmatched_products"]) == (10, 4, 7)
    manifest = IndexManifest.model_validate_json(account.get(built["manifest_key"]))
    assert set(account.keys("catalogue", f"{PREFIX}/index/")) == {
        built["manifest_key"],
        *(f"{PREFIX}/index/{name}" for name in manifest.files),
    }
    found = [one.match for one in InstanceMatcher(opened(account, tmp_path)).match(any_picture(3, (300, 300)))]
    assert found[0].product_id == any_product(3).product_id
    assert account.get(f"{PREFIX}/products.jsonl") == account.get("imports/i-1/p")


def test_pictures_of_a_product_stay_in_its_order_and_count_once(account: Account, tmp_path: Path) -> None:
    put_batches(account, [(2, 5), (1, 9), (1, 2), (1, 9)])
    built = logic.build(GIVEN, AwsStore(account.s3, "catalogue", DIGEST), tmp_path)
    images = [ProductImage.model_validate_json(line) for line in account.get(built.images_key).splitlines()]
    of_one = [image.source for image in images if image.product_id == any_product(1).product_id]
    assert of_one == ["9.png", "2.png"]
    assert [image.product_id for image in images] == sorted(image.product_id for image in images)
    assert built.images == 3


def test_building_twice_gives_the_same_bytes(account: Account, tmp_path: Path) -> None:
    put_batches(account, [(number, number) for number in range(6)])
    stored: list[dict[str, bytes]] = []
    for attempt in ("first", "second"):
        (tmp_path / attempt).mkdir()
        logic.build(GIVEN, AwsStore(account.s3, "catalogue", DIGEST), tmp_path / attempt)
        stored.append({key: account.get(key) for key in account.keys("catalogue", PREFIX)})
    assert stored[0] == stored[1]


def test_no_file_of_the_index_stays_on_the_disk_and_the_manifest_is_stored_last(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_batches(account, [(1, 1), (2, 2)])
    put: list[str] = []
    store = AwsStore(account.s3, "catalogue", DIGEST)

    def keep(key: str, file: Path) -> None:
        assert key == f"{PREFIX}/index/{file.name}"
        put.append(file.name)

    monkeypatch.setattr(store, "put_index_file", keep)
    logic.build(GIVEN, store, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert put[-1] == "manifest.json"
    assert put[0] == "records-0000.bin"


def test_failed_upload_fails_the_step(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_batches(account, [(1, 1)])
    store = AwsStore(account.s3, "catalogue", DIGEST)

    def refuse(key: str, file: Path) -> None:
        raise Transient(f"put {key}")

    monkeypatch.setattr(store, "put_index_file", refuse)
    with pytest.raises(Transient, match=r"records-0000\.bin"):
        logic.build(GIVEN, store, tmp_path)


def test_catalogue_without_any_usable_picture_has_an_empty_index(account: Account, tmp_path: Path) -> None:
    put_batches(account, [], [])
    built = logic.build(GIVEN, AwsStore(account.s3, "catalogue", DIGEST), tmp_path)
    assert (built.images, built.unmatched_products) == (0, 10)
    assert InstanceMatcher(opened(account, tmp_path / "fetched")).match(any_picture(3, (300, 300))) == []


def test_batch_that_was_never_stored_is_a_permanent_error(account: Account, tmp_path: Path) -> None:
    put_batches(account, [(1, 1)], [(2, 2)])
    account.s3.delete_object(Bucket="catalogue", Key="imports/i-1/indexed-0001.json")
    with pytest.raises(Permanent, match=r"indexed-0001\.json does not exist"):
        logic.build(GIVEN, AwsStore(account.s3, "catalogue", DIGEST), tmp_path)


def test_index_knows_the_top_level_category_of_every_product(account: Account, tmp_path: Path) -> None:
    put_batches(account, [(1, 1), (2, 2), (3, 3)])
    logic.build(GIVEN, AwsStore(account.s3, "catalogue", DIGEST), tmp_path)
    index = opened(account, tmp_path / "fetched")
    assert dict(zip(index.product_ids, index.categories, strict=True)) == {
        any_product(1).product_id: "Home & Garden",
        any_product(2).product_id: "Food, Beverages & Tobacco",
        any_product(3).product_id: "",
    }


def test_products_with_too_little_print_are_counted(
    account: Account, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_batches(account, [(1, 1), (2, 2)])
    monkeypatch.setattr("functions.shoppable.texture.TEXTURED_FEATURES", 10_000)
    built = handler(GIVEN.model_dump(mode="json"), context)
    manifest = IndexManifest.model_validate_json(account.get(built["manifest_key"]))
    assert built["untextured_products"] == 2
    assert set(manifest.untextured) == {any_product(1).product_id, any_product(2).product_id}


def test_damaged_features_are_a_permanent_error(account: Account, tmp_path: Path) -> None:
    put_batches(account, [(1, 1)])
    account.put(account.keys("catalogue", "features/")[0], b"junk")
    with pytest.raises(Permanent, match="features"):
        logic.build(GIVEN, AwsStore(account.s3, "catalogue", DIGEST), tmp_path)
