import csv
import io
import json
from typing import Any

import pytest

from functions.catalogue.read_feed.handler import handler
from functions.contracts.catalogue import FeedRead, IndexBatch, Product
from functions.shared import environment
from functions.shared.errors import Permanent
from tests.unit.catalogue.builders import SHOP, any_fields, any_import, tsv
from tests.unit.catalogue.conftest import Account


class Reader:
    def __init__(self, account: Account, context: Any) -> None:
        self.account = account
        self.context = context

    def read(self, body: bytes) -> FeedRead:
        version = self.account.put(f"feeds/{SHOP}/feed.tsv", body)
        return FeedRead.model_validate(handler(any_import(version).model_dump(mode="json"), self.context))

    def products(self, read: FeedRead) -> list[Product]:
        return [Product.model_validate_json(line) for line in self.account.get(read.products_key or "").splitlines()]

    def batches(self, read: FeedRead) -> list[IndexBatch]:
        return [IndexBatch.model_validate(batch) for batch in json.loads(self.account.get(read.batches_key or ""))]

    def go_live(self, read: FeedRead) -> None:
        """As publication does."""
        key = f"revisions/{SHOP}/{read.revision}/products.jsonl"
        self.account.put(key, self.account.get(read.products_key or ""))
        item = {
            "shop_id": SHOP,
            "record": "live",
            "revision": read.revision or "",
            "products_key": key,
            "manifest_key": "manifest",
            "sequencer": "0" * 32,
        }
        self.account.dynamodb.put_item(
            TableName="imports",
            Item={**{name: {"S": value} for name, value in item.items()}, "products": {"N": str(read.products)}},
        )


@pytest.fixture
def reader(account: Account, context: Any) -> Reader:
    return Reader(account, context)


def test_products_are_sorted_by_id_and_batches_cover_every_byte_once(account: Account, reader: Reader) -> None:
    read = reader.read(tsv(*(any_fields(number) for number in range(120))))
    products, batches = reader.products(read), reader.batches(read)
    assert [product.product_id for product in products] == sorted({product.product_id for product in products})
    assert [(batch.batch, batch.first, batch.count) for batch in batches] == [(0, 0, 50), (1, 50, 50), (2, 100, 20)]
    body = account.get(read.products_key or "")
    parts = [body[batch.start_byte : batch.end_byte] for batch in batches]
    assert b"".join(parts) == body
    assert [part.count(b"\n") for part in parts] == [50, 50, 20]


def test_order_of_rows_and_spelling_of_the_file_change_no_revision(reader: Reader) -> None:
    rows = [any_fields(number) for number in range(5)]
    first = reader.read(tsv(*rows))
    again = reader.read(b"\n".join(json.dumps(row).encode() for row in reversed(rows)))
    assert again.revision == first.revision


def test_other_code_makes_another_revision(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    first = reader.read(tsv(any_fields()))
    monkeypatch.setenv("CODE_DIGEST", "3" * 64)
    environment.forget()
    assert reader.read(tsv(any_fields())).revision != first.revision


def test_changed_picture_makes_another_revision_and_an_unused_one_does_not(account: Account, reader: Reader) -> None:
    account.put(f"images/{SHOP}/tea-1.png", b"one")
    first = reader.read(tsv(any_fields(1)))
    account.put(f"images/{SHOP}/unused.png", b"unused")
    account.put("images/another-shop/tea-1.png", b"another")
    assert reader.read(tsv(any_fields(1))).revision == first.revision
    account.put(f"images/{SHOP}/tea-1.png", b"two")
    assert reader.read(tsv(any_fields(1))).revision != first.revision


def test_rejected_rows_are_in_the_quarantine_with_row_field_and_reason(account: Account, reader: Reader) -> None:
    read = reader.read(
        tsv(
            any_fields(1),
            any_fields(2, price="cheap"),
            any_fields(1, title="Twice"),
            any_fields(4, additional_image_link="http://x.example/a.png"),
        )
    )
    written = list(csv.DictReader(io.StringIO(account.get(read.quarantine_key or "").decode())))
    assert [(row["row"], row["id"], row["field"]) for row in written] == [
        ("2", "sku-2", "price"),
        ("3", "sku-1", "id"),
        ("4", "sku-4", "additional_image_link"),
    ]
    assert (read.products, read.rejected) == (2, 2)
    assert {product.title for product in reader.products(read)} == {"Tea number 1", "Tea number 4"}


def test_products_of_one_item_group_are_each_other_s_alternates(reader: Reader) -> None:
    read = reader.read(
        tsv(
            any_fields(1, item_group_id="tea"),
            any_fields(2, item_group_id="tea"),
            any_fields(3, item_group_id="tea"),
            any_fields(4, item_group_id="alone"),
            any_fields(5),
        )
    )
    by_id = {product.feed_id: product for product in reader.products(read)}
    group = {by_id[f"sku-{number}"].product_id for number in (1, 2, 3)}
    for number in (1, 2, 3):
        product = by_id[f"sku-{number}"]
        assert list(product.alternates) == sorted(group - {product.product_id})
    assert by_id["sku-4"].alternates == by_id["sku-5"].alternates == ()


def test_large_item_group_gives_each_member_a_bounded_number_of_others(reader: Reader) -> None:
    read = reader.read(tsv(*(any_fields(number, item_group_id="g") for number in range(60))))
    for product in reader.products(read):
        assert len(product.alternates) == 20
        assert product.product_id not in product.alternates


def test_differences_from_the_live_catalogue_are_counted(reader: Reader) -> None:
    reader.go_live(reader.read(tsv(*(any_fields(number) for number in range(1, 6)))))
    read = reader.read(tsv(any_fields(1), any_fields(2), any_fields(3, price="1 EUR"), any_fields(4), any_fields(9)))
    assert (read.outcome, read.added, read.changed, read.removed) == ("changed", 1, 1, 1)


def test_live_revision_read_again_is_unchanged(reader: Reader) -> None:
    reader.go_live(reader.read(tsv(any_fields(1), any_fields(2))))
    read = reader.read(tsv(any_fields(2), any_fields(1)))
    assert (read.outcome, read.added, read.changed, read.removed) == ("unchanged", 0, 0, 0)


def test_live_revision_read_again_by_other_code_is_changed_so_that_its_index_is_built_anew(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = tsv(any_fields(1), any_fields(2))
    reader.go_live(first := reader.read(body))
    monkeypatch.setenv("CODE_DIGEST", "3" * 64)
    environment.forget()
    read = reader.read(body)
    assert (read.outcome, read.added, read.changed, read.removed) == ("changed", 0, 0, 0)
    assert read.revision != first.revision
    assert read.batches_key


def test_live_revision_is_published_again_when_an_import_died_while_it_wrote_offers(
    account: Account, reader: Reader
) -> None:
    body = tsv(any_fields(1), any_fields(2))
    reader.go_live(first := reader.read(body))
    pending = {"TableName": "imports", "Key": {"shop_id": {"S": SHOP}, "record": {"S": "live"}}}
    pending |= {"UpdateExpression": "ADD offers_pending :revisions"}
    account.dynamodb.update_item(**pending, ExpressionAttributeValues={":revisions": {"SS": [first.revision]}})
    assert reader.read(body).outcome == "unchanged"
    account.dynamodb.update_item(**pending, ExpressionAttributeValues={":revisions": {"SS": ["r-dead"]}})
    again = reader.read(body)
    assert (again.outcome, again.revision, again.changed) == ("changed", first.revision, 0)


@pytest.mark.parametrize(("kept", "outcome"), [(5, "changed"), (4, "suspicious")])
def test_drop_of_more_than_the_allowed_share_is_suspicious(reader: Reader, kept: int, outcome: str) -> None:
    reader.go_live(reader.read(tsv(*(any_fields(number) for number in range(10)))))
    assert reader.read(tsv(*(any_fields(number) for number in range(kept)))).outcome == outcome


def test_feed_of_rejected_rows_only_is_refused_and_quarantined(account: Account, reader: Reader) -> None:
    read = reader.read(tsv(any_fields(1, price="cheap"), any_fields(2, link="nowhere")))
    assert (read.outcome, read.rejected) == ("refused", 2)
    assert read.reason is not None
    assert read.reason.code == "NoUsableRows"
    assert account.get(read.quarantine_key or "").count(b"\r\n") == 3


def test_feed_that_was_deleted_before_it_was_read_is_a_permanent_error(account: Account, context: Any) -> None:
    account.put(f"feeds/{SHOP}/feed.tsv", b"x")
    with pytest.raises(Permanent, match="deleted"):
        handler(any_import("00000000-0000-0000-0000-000000000000").model_dump(mode="json"), context)


def test_older_version_is_read_although_a_newer_one_is_there(account: Account, reader: Reader, context: Any) -> None:
    version = account.put(f"feeds/{SHOP}/feed.tsv", tsv(any_fields(1)))
    account.put(f"feeds/{SHOP}/feed.tsv", tsv(any_fields(2)))
    read = FeedRead.model_validate(handler(any_import(version).model_dump(mode="json"), context))
    assert [product.feed_id for product in reader.products(read)] == ["sku-1"]
