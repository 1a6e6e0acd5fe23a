import threading
from typing import Any

import pytest

from functions.catalogue.index_products import logic
from functions.catalogue.index_products.handler import handler
from functions.catalogue.index_products.store import AwsStore
from functions.contracts.catalogue import ImageLink, IndexBatch, IndexedBatch, IndexProductsInput, Product
from functions.shared.errors import Permanent
from functions.shared.objects import json_lines
from functions.shoppable.matching.features import ImageFeatures, describe_image
from functions.shoppable.pictures import Image, PictureRefused, decode_picture
from tests.unit.catalogue.builders import SHOP, any_picture, any_product, encoded
from tests.unit.catalogue.conftest import Account

KEY = "imports/i-1/products.jsonl"
DIGEST = "2" * 64


def put_products(account: Account, *products: Product) -> IndexProductsInput:
    body = json_lines(products)
    account.put(KEY, body)
    batch = IndexBatch(batch=0, first=0, count=len(products), start_byte=0, end_byte=len(body))
    return IndexProductsInput(shop_id=SHOP, import_id="i-1", revision="r-1", products_key=KEY, batch=batch)


def result(account: Account, number: int = 0) -> IndexedBatch:
    return IndexedBatch.model_validate_json(account.get(f"imports/i-1/indexed-{number:04d}.json"))


def links(*sources: str) -> tuple[ImageLink, ...]:
    return tuple(ImageLink(source=source) for source in sources)


def no_fetch(url: str) -> bytes:
    raise PictureRefused("Unreachable", url)


def store(account: Account) -> AwsStore:
    return AwsStore(account.s3, "catalogue", "delivery", DIGEST)


def test_uploaded_picture_is_delivered_described_and_named_by_its_pixels(account: Account, context: Any) -> None:
    account.put(f"images/{SHOP}/tea-1.png", encoded(any_picture(1, (240, 200))))
    given = put_products(account, any_product(1))
    assert handler(given.model_dump(mode="json"), context) == {"batch": 0, "images": 1, "failures": 0}
    image = result(account).images[0]
    assert (image.width, image.height, image.source) == (240, 200, "tea-1.png")
    assert decode_picture(account.get(f"images/{SHOP}/{image.image_sha256}.jpg", "delivery")).shape == (200, 240, 3)
    features = ImageFeatures.from_bytes(account.get(f"features/{SHOP}/{image.image_sha256}-{DIGEST}.npz"))
    assert len(features.points) == image.keypoints > 0


def test_each_unusable_picture_gets_its_typed_reason_and_the_others_are_described(account: Account) -> None:
    account.put(f"images/{SHOP}/good.png", encoded(any_picture()))
    account.put(f"images/{SHOP}/text.png", b"hello")
    account.put(f"images/{SHOP}/cut.png", encoded(any_picture())[:-40])
    account.put(f"images/{SHOP}/huge.png", b"\0" * (16 * 1024 * 1024 + 1))
    sources = ("good.png", "text.png", "cut.png", "huge.png", "absent.png", "https://x.example/a.png")
    given = put_products(account, any_product(1, image_links=links(*sources)))
    done = logic.index_batch(given, store(account), no_fetch, describe_image)
    assert [image.source for image in done.images] == ["good.png"]
    assert {failure.source: failure.reason.code for failure in done.failures} == {
        "text.png": "NotAPicture",
        "cut.png": "DamagedPicture",
        "huge.png": "PictureTooLarge",
        "absent.png": "MissingPicture",
        "https://x.example/a.png": "Unreachable",
    }
    assert result(account) == done


def test_picture_that_is_known_is_neither_described_nor_written_again(account: Account) -> None:
    account.put(f"images/{SHOP}/tea-1.png", encoded(any_picture()))
    given = put_products(account, any_product(1))
    first = logic.index_batch(given, store(account), no_fetch, describe_image)

    def describe(image: Image) -> ImageFeatures:
        raise AssertionError("described again")

    assert logic.index_batch(given, store(account), no_fetch, describe) == first
    versions = account.s3.list_object_versions(Bucket="delivery")["Versions"]
    assert len(versions) == 1


def test_other_code_describes_again(account: Account) -> None:
    account.put(f"images/{SHOP}/tea-1.png", encoded(any_picture()))
    given = put_products(account, any_product(1))
    for digest in ("2" * 64, "3" * 64):
        logic.index_batch(given, AwsStore(account.s3, "catalogue", "delivery", digest), no_fetch, describe_image)
    assert len(account.keys("catalogue", f"features/{SHOP}/")) == 2


def test_source_that_several_products_share_is_fetched_once(account: Account) -> None:
    fetched: list[str] = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return encoded(any_picture())

    shared = links("https://x.example/a.png")
    given = put_products(account, any_product(1, image_links=shared), any_product(2, image_links=shared))
    done = logic.index_batch(given, store(account), fetch, describe_image)
    assert fetched == ["https://x.example/a.png"]
    assert len({image.product_id for image in done.images}) == 2
    assert len({image.image_sha256 for image in done.images}) == 1


def test_batch_reads_its_own_lines_of_the_products_file(account: Account) -> None:
    first, second = json_lines([any_product(1)]), json_lines([any_product(2), any_product(3)])
    account.put(KEY, first + second)
    batch = IndexBatch(batch=7, first=1, count=2, start_byte=len(first), end_byte=len(first + second))
    given = IndexProductsInput(shop_id=SHOP, import_id="i-1", revision="r-1", products_key=KEY, batch=batch)
    done = logic.index_batch(given, store(account), no_fetch, describe_image)
    assert [failure.product_id for failure in done.failures] == [any_product(2).product_id, any_product(3).product_id]
    assert result(account, 7) == done


def test_pictures_are_fetched_at_the_same_time(account: Account) -> None:
    # Each fetch waits for another one: one after the other they would never meet.
    meeting = threading.Barrier(2, timeout=20)

    def fetch(url: str) -> bytes:
        meeting.wait()
        return encoded(any_picture())

    given = put_products(account, any_product(1, image_links=links("https://x.example/a", "https://x.example/b")))
    assert len(logic.index_batch(given, store(account), fetch, describe_image).images) == 2


def test_hosts_that_take_all_the_time_cost_their_own_pictures_only(account: Account) -> None:
    account.put(f"images/{SHOP}/good.png", encoded(any_picture()))
    sources = ("https://slow.example/1.png", "https://slow.example/2.png", "good.png")
    given = put_products(account, any_product(1, image_links=links(*sources)))
    now = iter((0.0, logic.FETCH_SECONDS - 1, logic.FETCH_SECONDS + 1))
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return encoded(any_picture(2))

    done = logic.index_batch(given, store(account), fetch, describe_image, clock=lambda: next(now))
    assert len(asked) == 1
    assert {image.source for image in done.images} == {"good.png", *asked}
    assert [failure.reason.code for failure in done.failures] == ["OutOfTime"]


def test_missing_products_file_is_a_permanent_error(account: Account) -> None:
    given = put_products(account, any_product(1)).model_copy(update={"products_key": "imports/i-2/products.jsonl"})
    with pytest.raises(Permanent):
        logic.index_batch(given, store(account), no_fetch, describe_image)
