"""The state machine's definition over the real handlers; only AWS itself is moto's."""

import json
from typing import Any

import pytest

from embedded.cloud.stepfunctions.integrations import CallError
from functions.catalogue.build_index.handler import handler as build_index
from functions.catalogue.index_products.handler import handler as index_products
from functions.catalogue.publish_catalogue.handler import handler as publish_catalogue
from functions.catalogue.read_feed.handler import handler as read_feed
from functions.contracts.catalogue import CatalogueImport
from functions.contracts.offers import Offer
from tests.support.pipeline import Pipeline
from tests.unit.catalogue.builders import SHOP, any_fields, any_import, any_picture, encoded, tsv
from tests.unit.catalogue.conftest import Account

FUNCTIONS: dict[str, Any] = {
    "ReadFeed": read_feed,
    "IndexProducts": index_products,
    "BuildIndex": build_index,
    "PublishCatalogue": publish_catalogue,
}


class Imports(Pipeline):
    def __init__(self, account: Account) -> None:
        values = {"ImportsTable": "imports", "CatalogueBucket": "catalogue", "EventBusName": "shoppable"}
        super().__init__("catalogue-import", dict(FUNCTIONS), values, account)

    def upload(self, *rows: dict[str, object], sequencer: int = 1) -> CatalogueImport:
        """A new version of the feed."""
        version = self.account.put(f"feeds/{SHOP}/feed.tsv", tsv(*rows))
        return any_import(version, sequencer=f"{sequencer:032x}")

    def status(self, given: CatalogueImport) -> dict[str, Any]:
        return self.account.record(f"import#{given.import_id}")

    def offer(self, product_id: str) -> Offer:
        return Offer.model_validate_json(self.account.get(f"offers/{SHOP}/{product_id}.json", "delivery"))


@pytest.fixture
def pipeline(account: Account) -> Imports:
    for number in range(4):
        account.put(f"images/{SHOP}/tea-{number}.png", encoded(any_picture(number, (240, 200))))
    return Imports(account)


def test_first_feed_becomes_the_live_catalogue_with_index_products_and_offers(
    account: Account, pipeline: Imports
) -> None:
    given = pipeline.upload(*(any_fields(number) for number in range(3)), any_fields(9, price="cheap"))
    execution = pipeline.run(given)
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    live = account.record("live")
    status = pipeline.status(given)
    assert (status["state"], status["revision"], status["products"], status["rejected"]) == (
        "live",
        live["revision"],
        3,
        1,
    )
    assert "step" not in status
    prefix = f"revisions/{SHOP}/{live['revision']}"
    manifest = json.loads(account.get(live["manifest_key"]))
    assert (manifest["products"], manifest["images"]) == (3, 3)
    assert {f"{prefix}/index/{name}" for name in manifest["files"]} < set(account.keys("catalogue", prefix))
    rows = account.rows()
    assert {row["feed_id"] for row in rows} == {"sku-0", "sku-1", "sku-2"}
    offer = pipeline.offer(rows[0]["product_id"])
    assert offer.image is not None
    assert account.get(offer.image, "delivery").startswith(b"\xff\xd8\xff")
    assert pipeline.events == [
        (
            "CatalogueImported",
            {"shop_id": SHOP, "import_id": given.import_id, "revision": live["revision"], "products": 3},
        )
    ]
    assert b"9,sku-9" not in account.get(status["quarantine_key"])
    assert b"4,sku-9,price," in account.get(status["quarantine_key"])


def test_same_feed_uploaded_again_is_recorded_as_unchanged(account: Account, pipeline: Imports) -> None:
    assert pipeline.run(pipeline.upload(any_fields(1))).status == "SUCCEEDED"
    live = account.record("live")
    pipeline.invoked.clear()
    again = pipeline.upload(any_fields(1), sequencer=2)
    assert pipeline.run(again).status == "SUCCEEDED"
    assert pipeline.status(again)["state"] == "unchanged"
    assert pipeline.invoked == ["ReadFeed"]
    assert account.record("live") == live


def test_feed_that_drops_too_much_is_held_and_the_old_catalogue_stays(account: Account, pipeline: Imports) -> None:
    assert pipeline.run(pipeline.upload(*(any_fields(number) for number in range(4)))).status == "SUCCEEDED"
    live = account.record("live")
    dropping = pipeline.upload(any_fields(0), sequencer=2)
    assert pipeline.run(dropping).status == "SUCCEEDED"
    status = pipeline.status(dropping)
    assert (status["state"], status["reason"]["code"], status["removed"]) == ("held", "SuspiciousDrop", 3)
    assert account.record("live") == live


def test_feed_that_cannot_be_read_is_refused_with_reason_and_event(account: Account, pipeline: Imports) -> None:
    version = account.put(f"feeds/{SHOP}/feed.tsv", b"id\ttitle\n1\tTea\n")
    given = any_import(version)
    assert pipeline.run(given).status == "SUCCEEDED"
    status = pipeline.status(given)
    assert (status["state"], status["reason"]["code"]) == ("refused", "MissingColumns")
    assert [kind for kind, _ in pipeline.events] == ["CatalogueImportFailed"]
    assert pipeline.events[0][1]["reason"] == status["reason"]


def test_failing_function_leaves_a_readable_reason_and_the_old_catalogue(account: Account, pipeline: Imports) -> None:
    assert pipeline.run(pipeline.upload(any_fields(1))).status == "SUCCEEDED"
    live = account.record("live")
    pipeline.failing["BuildIndex"] = RuntimeError("the disk is full")
    given = pipeline.upload(any_fields(1), any_fields(2), sequencer=2)
    execution = pipeline.run(given)
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "RuntimeError", "the disk is full")
    status = pipeline.status(given)
    assert status["state"] == "failed"
    assert status["reason"] == {"code": "RuntimeError", "message": "The import failed. the disk is full"}
    assert pipeline.events[-1][0] == "CatalogueImportFailed"
    assert account.record("live") == live


def test_event_that_the_bus_refuses_leaves_a_live_catalogue_live(account: Account, pipeline: Imports) -> None:
    pipeline.bus_fault = CallError("AccessDeniedException", "not authorised to perform events:PutEvents")
    given = pipeline.upload(any_fields(1))
    execution = pipeline.run(given)
    assert (execution.status, execution.error) == ("FAILED", "NotNotified")
    assert pipeline.status(given)["state"] == "live"
    assert account.record("live")["revision"] == pipeline.status(given)["revision"]
    assert pipeline.events == []


def test_failing_batch_fails_the_import(account: Account, pipeline: Imports) -> None:
    pipeline.failing["IndexProducts"] = RuntimeError("no memory")
    given = pipeline.upload(any_fields(1))
    assert pipeline.run(given).status == "FAILED"
    status = pipeline.status(given)
    assert (status["state"], status["reason"]["code"]) == ("failed", "States.ExceedToleratedFailureThreshold")
    assert account.record("live") == {}


def test_older_version_of_the_feed_does_not_replace_a_newer_one(account: Account, pipeline: Imports) -> None:
    older = pipeline.upload(any_fields(1), any_fields(2), sequencer=1)
    newer = pipeline.upload(any_fields(1), any_fields(3), sequencer=2)
    assert pipeline.run(newer).status == "SUCCEEDED"
    live = account.record("live")
    assert pipeline.run(older).status == "SUCCEEDED"
    status = pipeline.status(older)
    assert (status["state"], status["reason"]["code"]) == ("unchanged", "Superseded")
    assert account.record("live") == live


def test_event_of_an_execution_that_is_not_the_first_ends_superseded(account: Account, pipeline: Imports) -> None:
    given = pipeline.upload(any_fields(1), sequencer=5)
    assert pipeline.run(given).status == "SUCCEEDED"
    before = pipeline.status(given)
    pipeline.invoked.clear()
    assert pipeline.run(given.model_copy(update={"sequencer": f"{4:032x}"})).status == "SUCCEEDED"
    assert pipeline.invoked == []
    assert pipeline.status(given) == before
