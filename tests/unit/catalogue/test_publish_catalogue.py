import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.catalogue.publish_catalogue import logic
from functions.catalogue.publish_catalogue.handler import handler
from functions.catalogue.publish_catalogue.logic import Marked
from functions.catalogue.publish_catalogue.store import AwsStore
from functions.contracts.catalogue import (
    CataloguePublished,
    FeedRead,
    IndexBuilt,
    Money,
    Product,
    ProductImage,
    PublishCatalogueInput,
)
from functions.contracts.offers import Offer
from functions.shared.errors import Permanent, Transient
from functions.shared.live import LiveCatalogue
from functions.shared.objects import json_lines
from functions.shoppable.texture import TEXTURED_FEATURES
from tests.unit.catalogue.builders import SHOP, any_import, any_product
from tests.unit.catalogue.conftest import Account


def any_publication(
    revision: str = "r-1", products: int = 1, version_id: str = "1", **source: Any
) -> PublishCatalogueInput:
    return PublishCatalogueInput(
        source=any_import(version_id, **source),
        feed=FeedRead(outcome="changed", revision=revision, added=products, rejected=2),
        index=IndexBuilt(
            revision=revision,
            products=products,
            images=products,
            descriptors=100,
            unmatched_products=0,
            untextured_products=1,
            manifest_key=f"revisions/{SHOP}/{revision}/index/manifest.json",
            images_key=f"revisions/{SHOP}/{revision}/images.jsonl",
        ),
    )


def put_revision(account: Account, revision: str, *products: Product) -> None:
    images = [
        ProductImage(product_id=product.product_id, source="x", image_sha256="a" * 64, width=9, height=9, keypoints=9)
        for product in products
        if product.feed_id != "sku-0"
    ]
    account.put(f"revisions/{SHOP}/{revision}/products.jsonl", json_lines(products))
    account.put(f"revisions/{SHOP}/{revision}/images.jsonl", json_lines(images))


def price(cents: int) -> Money:
    return Money(minor_units=cents, currency="EUR")


def publish(account: Account, context: Any, given: PublishCatalogueInput) -> CataloguePublished:
    return CataloguePublished.model_validate(handler(given.model_dump(mode="json"), context))


def offer(account: Account, number: int) -> Offer:
    key = f"offers/{SHOP}/{any_product(number).product_id}.json"
    return Offer.model_validate_json(account.get(key, "delivery"))


def test_revision_goes_live_with_rows_offers_pointer_and_status(account: Account, context: Any) -> None:
    put_revision(account, "r-1", *(any_product(number) for number in range(60)))
    done = publish(account, context, any_publication(products=60))
    assert (done.outcome, done.products, done.offers_written) == ("published", 60, 60)
    rows = account.rows()
    assert len(rows) == 60
    assert {row["revision"] for row in rows} == {"r-1"}
    live = account.record("live")
    assert (live["revision"], live["products"]) == ("r-1", 60)
    assert "offers_pending" not in live
    status = account.record(f"import#{any_import().import_id}")
    assert (status["state"], status["products"], status["rejected"]) == ("live", 60, 2)
    assert offer(account, 1).image == f"images/{SHOP}/{'a' * 64}.jpg"
    assert offer(account, 0).image is None
    head = account.s3.head_object(Bucket="delivery", Key=f"offers/{SHOP}/{any_product(1).product_id}.json")
    assert (head["CacheControl"], head["ContentType"]) == ("public, max-age=60", "application/json")


def test_row_says_how_its_product_can_be_found(account: Account, context: Any) -> None:
    put_revision(account, "r-1", *(any_product(number) for number in range(3)))
    found = {1: (3, TEXTURED_FEATURES), 2: (TEXTURED_FEATURES - 1, 0)}
    images = [
        ProductImage(
            product_id=any_product(number).product_id,
            source="x",
            image_sha256="a" * 64,
            width=9,
            height=9,
            keypoints=keypoints,
        )
        for number, counts in found.items()
        for keypoints in counts
    ]
    account.put(f"revisions/{SHOP}/r-1/images.jsonl", json_lines(images))
    publish(account, context, any_publication(products=3))
    assert {row["feed_id"]: row["matching"] for row in account.rows()} == {
        "sku-0": "no_picture",
        "sku-1": "instance",
        "sku-2": "needs_semantic_engine",
    }
    assert account.record(f"import#{any_import().import_id}")["untextured_products"] == 1


def test_only_changed_offers_are_written_and_removed_products_are_out_of_stock(account: Account, context: Any) -> None:
    put_revision(account, "r-1", any_product(1), any_product(2), any_product(3))
    publish(account, context, any_publication("r-1", 3))
    put_revision(account, "r-2", any_product(1), any_product(2, price=price(1)), any_product(4))
    done = publish(account, context, any_publication("r-2", 3, "2", sequencer=f"{2:032x}"))
    assert done.offers_written == 3
    assert offer(account, 2).price == price(1)
    assert offer(account, 4).availability == "in_stock"
    assert (offer(account, 3).availability, offer(account, 3).title) == ("out_of_stock", "Tea number 3")
    key = f"offers/{SHOP}/{any_product(1).product_id}.json"
    assert len(account.s3.list_object_versions(Bucket="delivery", Prefix=key)["Versions"]) == 1


def test_publishing_twice_changes_nothing(account: Account, context: Any) -> None:
    put_revision(account, "r-1", any_product(1), any_product(2))
    publish(account, context, any_publication("r-1", 2))
    before = account.record("live")
    again = publish(account, context, any_publication("r-1", 2))
    assert (again.outcome, again.offers_written) == ("published", 0)
    after = account.record("live")
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


def test_older_version_of_the_live_feed_is_superseded_and_writes_no_offer(account: Account, context: Any) -> None:
    put_revision(account, "r-2", any_product(1, price=price(2)))
    publish(account, context, any_publication("r-2", 1, "2", sequencer=f"{2:032x}"))
    put_revision(account, "r-1", any_product(1, price=price(1)))
    assert publish(account, context, any_publication("r-1", 1, "1")).outcome == "superseded"
    assert offer(account, 1).price == price(2)
    assert account.record("live")["revision"] == "r-2"


def test_other_feed_of_the_shop_is_not_compared_by_sequencer(account: Account, context: Any) -> None:
    put_revision(account, "r-1", any_product(1))
    publish(account, context, any_publication("r-1", 1, sequencer=f"{9:032x}"))
    put_revision(account, "r-2", any_product(2))
    other = any_publication("r-2", 1, "2", key=f"feeds/{SHOP}/other.tsv", sequencer=f"{1:032x}")
    assert publish(account, context, other).outcome == "published"
    assert account.record("live")["feed_key"] == f"feeds/{SHOP}/other.tsv"


def test_offers_of_an_import_that_died_are_put_right_by_the_next(
    account: Account, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_revision(account, "r-1", any_product(1, price=price(1)), any_product(2, price=price(1)))
    publish(account, context, any_publication("r-1", 2))
    put_revision(account, "r-2", any_product(1, price=price(2)), any_product(2, price=price(1)), any_product(3))

    def die(*given: object) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(AwsStore, "go_live", die)
        with pytest.raises(RuntimeError, match="killed"):
            publish(account, context, any_publication("r-2", 3, "2", sequencer=f"{2:032x}"))
    assert account.record("live")["revision"] == "r-1"
    assert account.record("live")["offers_pending"] == {"r-2"}
    # The next feed says of product 1 what is live: without the mark its offer would stay as the dead import wrote it.
    put_revision(account, "r-3", any_product(1, price=price(1)), any_product(2, price=price(3)))
    publish(account, context, any_publication("r-3", 2, "3", sequencer=f"{3:032x}"))
    assert [offer(account, number).price.minor_units for number in (1, 2)] == [1, 3]
    assert offer(account, 3).availability == "out_of_stock"
    assert "offers_pending" not in account.record("live")


class Newer(AwsStore):
    """While it writes offers, another import goes live."""

    other: LiveCatalogue
    products: Any

    def go_live(self, catalogue: LiveCatalogue, marked: Marked, import_id: str, counts: dict[str, int]) -> bool:
        if catalogue.revision != self.other.revision:
            super().go_live(self.other, marked, "i-other", counts)
        return super().go_live(catalogue, marked, import_id, counts)


def newer(account: Account, other: LiveCatalogue, kind: type["Newer"] = Newer) -> AwsStore:
    store = kind(
        account.s3,
        account.dynamodb,
        catalogue_bucket="catalogue",
        delivery_bucket="delivery",
        imports_table="imports",
        products_table="products",
        now="2026-11-21T00:00:00Z",
        wait=lambda _: None,
    )
    store.other = other
    return store


def live(given: PublishCatalogueInput) -> LiveCatalogue:
    return LiveCatalogue(
        shop_id=SHOP,
        revision=given.index.revision,
        products_key=f"revisions/{SHOP}/{given.index.revision}/products.jsonl",
        manifest_key="m",
        sequencer=given.source.sequencer,
        feed_key=given.source.key,
        products=1,
    )


def test_import_overtaken_by_a_newer_version_takes_its_offers_back(account: Account, context: Any) -> None:
    put_revision(account, "r-2", any_product(1, price=price(2)))
    second = any_publication("r-2", 1, "2", sequencer=f"{2:032x}")
    publish(account, context, second)
    account.dynamodb.delete_item(TableName="imports", Key={"shop_id": {"S": SHOP}, "record": {"S": "live"}})
    put_revision(account, "r-1", any_product(1, price=price(1)), any_product(5))
    done = logic.publish(any_publication("r-1", 2), newer(account, live(second)))
    assert done.outcome == "superseded"
    assert offer(account, 1).price == price(2)
    assert offer(account, 5).availability == "out_of_stock"
    assert account.record("live")["revision"] == "r-2"
    assert "offers_pending" not in account.record("live")


def test_import_that_died_and_is_tried_again_after_a_newer_version_takes_its_offers_back(
    account: Account, context: Any
) -> None:
    put_revision(account, "r-2", any_product(1, price=price(2)), any_product(2))
    publish(account, context, any_publication("r-2", 2, "2", sequencer=f"{2:032x}"))
    put_revision(account, "r-1", any_product(1, price=price(1)), any_product(5))
    given = any_publication("r-1", 2)

    class Dying(Newer):
        def mark(self, catalogue: LiveCatalogue) -> Marked | None:
            """Just before the newer version went live."""
            self._dynamodb.update_item(
                TableName="imports",
                Key={"shop_id": {"S": SHOP}, "record": {"S": "live"}},
                UpdateExpression="ADD offers_pending :own",
                ExpressionAttributeValues={":own": {"SS": [catalogue.revision]}},
            )
            return Marked(None, frozenset())

        def go_live(self, *given: object) -> bool:
            raise RuntimeError("killed")

    dying = newer(account, live(given), Dying)
    with pytest.raises(RuntimeError, match="killed"):
        logic.publish(given, dying)
    assert offer(account, 1).price == price(1)
    assert publish(account, context, given).outcome == "superseded"
    assert offer(account, 1).price == price(2)
    assert offer(account, 5).availability == "out_of_stock"
    assert "offers_pending" not in account.record("live")


def test_import_overtaken_by_another_feed_tries_again_and_goes_live(account: Account, context: Any) -> None:
    other = any_publication("r-2", 1, "2", key=f"feeds/{SHOP}/other.tsv")
    put_revision(account, "r-2", any_product(1, price=price(2)), any_product(2))
    put_revision(account, "r-1", any_product(1, price=price(1)))
    given = any_publication("r-1")
    with pytest.raises(Transient, match="meanwhile"):
        logic.publish(given, newer(account, live(other)))
    assert publish(account, context, given).outcome == "published"
    assert account.record("live")["revision"] == "r-1"
    assert offer(account, 1).price == price(1)


def test_rows_that_the_table_did_not_take_are_written_again(
    account: Account, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_revision(account, "r-1", *(any_product(number) for number in range(5)))
    waits: list[float] = []

    class Throttled:
        def __init__(self) -> None:
            self.calls = 0

        def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            self.calls += 1
            rows = RequestItems["products"]
            account.dynamodb.batch_write_item(RequestItems={"products": rows[:2]})
            return {"UnprocessedItems": {"products": rows[2:]} if rows[2:] else {}}

        def __getattr__(self, name: str) -> Any:
            return getattr(account.dynamodb, name)

    throttled: Any = Throttled()
    store = AwsStore(
        account.s3,
        throttled,
        catalogue_bucket="catalogue",
        delivery_bucket="delivery",
        imports_table="imports",
        products_table="products",
        now="2026-11-21T00:00:00Z",
        wait=waits.append,
    )
    logic.publish(any_publication("r-1", 5), store)
    assert len(account.rows()) == 5
    assert waits == [0.05, 0.1]


@pytest.mark.parametrize(("code", "kind"), [("TransactionConflict", Transient), ("ValidationError", Permanent)])
def test_cancelled_transaction_is_retried_unless_it_can_never_succeed(
    account: Account, context: Any, monkeypatch: pytest.MonkeyPatch, code: str, kind: type[Exception]
) -> None:
    put_revision(account, "r-1", any_product(1))

    class Conflicting:
        exceptions = account.dynamodb.exceptions

        def transact_write_items(self, **given: Any) -> None:
            raise account.dynamodb.exceptions.TransactionCanceledException(
                {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": code}]},
                "TransactWriteItems",
            )

        def __getattr__(self, name: str) -> Any:
            return getattr(account.dynamodb, name)

    with monkeypatch.context() as patched:
        patched.setattr("functions.shared.aws.dynamodb", Conflicting)
        with pytest.raises(kind):
            publish(account, context, any_publication())
    assert "revision" not in account.record("live")


class Shelf:
    """A store in memory whose process may die before any single write."""

    def __init__(self) -> None:
        self.revisions: dict[str, list[Product]] = {}
        self.written: dict[str, dict[str, bytes]] = {}
        self.bucket: dict[str, bytes] = {}
        self.pointer: LiveCatalogue | None = None
        self.pending: set[str] = set()
        self.lives = 10**9

    def _write(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise ClientError({"Error": {"Code": "Killed"}}, "Write")

    def products(self, key: str) -> Any:
        return iter(self.revisions[key.split("/")[2]])

    def images(self, key: str) -> Any:
        return iter(())

    def put_products(self, products: Any, revision: str) -> None:
        self._write()

    def offers(self, shop_id: str, revision: str) -> dict[str, bytes]:
        return self.written.get(revision, {})

    def put_offers(self, shop_id: str, revision: str, offers: dict[str, bytes]) -> None:
        self._write()
        self.written[revision] = dict(offers)

    def put_offer(self, shop_id: str, product_id: str, offer: bytes) -> None:
        self._write()
        self.bucket[product_id] = offer

    def live(self, shop_id: str) -> LiveCatalogue | None:
        return self.pointer

    def mark(self, catalogue: LiveCatalogue) -> Marked | None:
        self._write()
        before = Marked(self.pointer.revision if self.pointer else None, frozenset(self.pending))
        self.pending.add(catalogue.revision)
        return before

    def unmark(self, shop_id: str, revision: str) -> None:
        self._write()
        self.pending.discard(revision)

    def go_live(self, catalogue: LiveCatalogue, marked: Marked, import_id: str, counts: dict[str, int]) -> bool:
        self._write()
        self.pointer = catalogue
        self.pending -= {catalogue.revision, *marked.pending}
        return True


_CATALOGUES = st.dictionaries(st.integers(0, 5), st.integers(1, 3), min_size=1)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(_CATALOGUES, st.integers(0, 14)), max_size=5), _CATALOGUES)
def test_after_any_imports_that_died_anywhere_a_whole_one_leaves_every_offer_right(
    died: list[tuple[dict[int, int], int]], last: dict[int, int]
) -> None:
    shelf = Shelf()
    for number, (catalogue, lives) in enumerate([*died, (last, 10**9)]):
        # As from content: the same catalogue again is the same revision.
        revision = "r-" + "-".join(f"{product}{cents}" for product, cents in sorted(catalogue.items()))
        made = [any_product(product, price=price(cents)) for product, cents in sorted(catalogue.items())]
        shelf.revisions[revision] = made
        shelf.lives = lives
        try:
            logic.publish(any_publication(revision, len(made), str(number), sequencer=f"{number:032x}"), shelf)
        except ClientError:
            assert number < len(died)
    for_sale = {
        product_id: json.loads(body)["price"]["minor_units"]
        for product_id, body in shelf.bucket.items()
        if json.loads(body)["availability"] == "in_stock"
    }
    assert for_sale == {any_product(product).product_id: cents for product, cents in last.items()}
    assert shelf.pending == set()
