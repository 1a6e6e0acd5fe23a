"""The state machine's definition over the real handlers; only AWS itself is moto's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.exceptions import ClientError

from embedded.cloud.stepfunctions.integrations import CallError
from functions.catalogue.build_index.handler import handler as build_index
from functions.catalogue.index_products.handler import handler as index_products
from functions.catalogue.publish_catalogue.handler import handler as publish_catalogue
from functions.catalogue.read_feed.handler import handler as read_feed
from functions.contracts.catalogue import CatalogueImport
from functions.contracts.offers import Offer
from tests.embedded.stepfunctions_support import Service
from tests.unit.catalogue.builders import SHOP, any_fields, any_import, any_picture, encoded, tsv
from tests.unit.catalogue.conftest import Account

DEFINITION = Path(__file__).parents[3] / "infra" / "workflows" / "catalogue-import.asl.json"
FUNCTIONS: dict[str, Any] = {
    "ReadFeed": read_feed,
    "IndexProducts": index_products,
    "BuildIndex": build_index,
    "PublishCatalogue": publish_catalogue,
}


class Pipeline:
    """Runs executions over an account."""

    def __init__(self, account: Account, context: Any) -> None:
        self.account = account
        self.context = context
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.failing: dict[str, Exception] = {}
        self.bus_fault: CallError | None = None
        self.invoked: list[str] = []
        self.service = Service(self._answer)
        definition = DEFINITION.read_text()
        values = {"ImportsTable": "imports", "CatalogueBucket": "catalogue", "EventBusName": "shoppable"}
        for name in FUNCTIONS:
            values[f"{name}Arn"] = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        for name, value in values.items():
            definition = definition.replace(f"${{{name}}}", value)
        assert "${" not in definition
        self.machine = self.service.create(definition)
        self._runs = 0

    def run(self, given: CatalogueImport) -> Any:
        self._runs += 1
        started = self.service.api.start_execution(
            {"stateMachineArn": self.machine, "name": f"run-{self._runs}", "input": given.model_dump_json()}
        )
        return self.service.finish(started["executionArn"], 60)

    def upload(self, *rows: dict[str, object], sequencer: int = 1) -> CatalogueImport:
        """A new version of the feed."""
        version = self.account.put(f"feeds/{SHOP}/feed.tsv", tsv(*rows))
        return any_import(version, sequencer=f"{sequencer:032x}")

    def status(self, given: CatalogueImport) -> dict[str, Any]:
        return self.account.record(f"import#{given.import_id}")

    def offer(self, product_id: str) -> Offer:
        return Offer.model_validate_json(self.account.get(f"offers/{SHOP}/{product_id}.json", "delivery"))

    def _answer(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if service == "lambda":
            return self._invoke(params["FunctionName"].rpartition(":")[2], json.loads(params["Payload"]))
        if service == "events":
            if self.bus_fault:
                raise self.bus_fault
            self.events += [(entry["DetailType"], json.loads(entry["Detail"])) for entry in params["Entries"]]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in params["Entries"]]}
        client = {"dynamodb": self.account.dynamodb, "s3": self.account.s3}[service]
        try:
            answer = getattr(client, botocore.xform_name(operation))(**params)
        except ClientError as error:
            raise CallError(error.response["Error"]["Code"], str(error)) from error
        return {name: value.read() if name == "Body" else value for name, value in answer.items()}

    def _invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.invoked.append(name)
        try:
            if name in self.failing:
                raise self.failing[name]
            answer, failed = FUNCTIONS[name](payload, self.context), {}
        except Exception as error:  # noqa: BLE001 (as the runtime does)
            answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": ["line"]}
            failed = {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": json.dumps(answer).encode(), "ExecutedVersion": "$LATEST", **failed}


@pytest.fixture
def pipeline(account: Account, context: Any) -> Pipeline:
    for number in range(4):
        account.put(f"images/{SHOP}/tea-{number}.png", encoded(any_picture(number, (240, 200))))
    return Pipeline(account, context)


def test_first_feed_becomes_the_live_catalogue_with_index_products_and_offers(
    account: Account, pipeline: Pipeline
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


def test_same_feed_uploaded_again_is_recorded_as_unchanged(account: Account, pipeline: Pipeline) -> None:
    assert pipeline.run(pipeline.upload(any_fields(1))).status == "SUCCEEDED"
    live = account.record("live")
    pipeline.invoked.clear()
    again = pipeline.upload(any_fields(1), sequencer=2)
    assert pipeline.run(again).status == "SUCCEEDED"
    assert pipeline.status(again)["state"] == "unchanged"
    assert pipeline.invoked == ["ReadFeed"]
    assert account.record("live") == live


def test_feed_that_drops_too_much_is_held_and_the_old_catalogue_stays(account: Account, pipeline: Pipeline) -> None:
    assert pipeline.run(pipeline.upload(*(any_fields(number) for number in range(4)))).status == "SUCCEEDED"
    live = account.record("live")
    dropping = pipeline.upload(any_fields(0), sequencer=2)
    assert pipeline.run(dropping).status == "SUCCEEDED"
    status = pipeline.status(dropping)
    assert (status["state"], status["reason"]["code"], status["removed"]) == ("held", "SuspiciousDrop", 3)
    assert account.record("live") == live


def test_feed_that_cannot_be_read_is_refused_with_reason_and_event(account: Account, pipeline: Pipeline) -> None:
    version = account.put(f"feeds/{SHOP}/feed.tsv", b"id\ttitle\n1\tTea\n")
    given = any_import(version)
    assert pipeline.run(given).status == "SUCCEEDED"
    status = pipeline.status(given)
    assert (status["state"], status["reason"]["code"]) == ("refused", "MissingColumns")
    assert [kind for kind, _ in pipeline.events] == ["CatalogueImportFailed"]
    assert pipeline.events[0][1]["reason"] == status["reason"]


def test_failing_function_leaves_a_readable_reason_and_the_old_catalogue(account: Account, pipeline: Pipeline) -> None:
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


def test_event_that_the_bus_refuses_leaves_a_live_catalogue_live(account: Account, pipeline: Pipeline) -> None:
    pipeline.bus_fault = CallError("AccessDeniedException", "not authorised to perform events:PutEvents")
    given = pipeline.upload(any_fields(1))
    execution = pipeline.run(given)
    assert (execution.status, execution.error) == ("FAILED", "NotNotified")
    assert pipeline.status(given)["state"] == "live"
    assert account.record("live")["revision"] == pipeline.status(given)["revision"]
    assert pipeline.events == []


def test_failing_batch_fails_the_import(account: Account, pipeline: Pipeline) -> None:
    pipeline.failing["IndexProducts"] = RuntimeError("no memory")
    given = pipeline.upload(any_fields(1))
    assert pipeline.run(given).status == "FAILED"
    status = pipeline.status(given)
    assert (status["state"], status["reason"]["code"]) == ("failed", "States.ExceedToleratedFailureThreshold")
    assert account.record("live") == {}


def test_older_version_of_the_feed_does_not_replace_a_newer_one(account: Account, pipeline: Pipeline) -> None:
    older = pipeline.upload(any_fields(1), any_fields(2), sequencer=1)
    newer = pipeline.upload(any_fields(1), any_fields(3), sequencer=2)
    assert pipeline.run(newer).status == "SUCCEEDED"
    live = account.record("live")
    assert pipeline.run(older).status == "SUCCEEDED"
    status = pipeline.status(older)
    assert (status["state"], status["reason"]["code"]) == ("unchanged", "Superseded")
    assert account.record("live") == live


def test_event_of_an_execution_that_is_not_the_first_ends_superseded(account: Account, pipeline: Pipeline) -> None:
    given = pipeline.upload(any_fields(1), sequencer=5)
    assert pipeline.run(given).status == "SUCCEEDED"
    before = pipeline.status(given)
    pipeline.invoked.clear()
    assert pipeline.run(given.model_copy(update={"sequencer": f"{4:032x}"})).status == "SUCCEEDED"
    assert pipeline.invoked == []
    assert pipeline.status(given) == before
