"""What roles may do for the days when something goes wrong: each branch once, under the role that takes it."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from embedded.cloud import cdn
from embedded.cloud.s3_archive import SMALLEST_BYTES
from functions.contracts import ids
from tests.support import clips
from tests.support.product import Product

SHOP = "seldom"
HEADER = "id\ttitle\tdescription\tlink\timage_link\tprice\tavailability\n"


def _row(number: int, price: str) -> str:
    link = f"https://shop.example/{number}"
    return f"sku-{number}\tThing {number}\tA thing\t{link}\tpack-{number}.png\t{price}\tin stock\n"


def _until(found: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        time.sleep(0.1)
    return pytest.fail("what was waited for did not happen")


def _resources(product: Product) -> list[dict[str, Any]]:
    return json.loads(product.run("embedded", "resources", "--stack", "dev", "--json").out)


def _named(product: Product, kind: str, name: str) -> dict[str, Any]:
    return next(one for one in _resources(product) if one["type"] == f"aws:{kind}" and one["name"] == name)


def _invoke(product: Product, function: str, payload: dict[str, Any], **options: Any) -> dict[str, Any]:
    name = _named(product, "lambda/function:Function", function)["id"]
    answer = product.client("lambda").invoke(
        FunctionName=name, Qualifier="live", Payload=json.dumps(payload).encode(), **options
    )
    return json.loads(answer["Payload"].read() or b"null")


def _messages(product: Product, queue: str) -> Callable[[], list[Any]]:
    url, sqs = _named(product, "sqs/queue:Queue", queue)["id"], product.client("sqs")
    return lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", [])


@pytest.fixture(scope="module")
def imported(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two feeds of one shop, one after the other; the pictures of their products."""
    folder = tmp_path_factory.mktemp("seldom")
    for number in range(2):
        cv2.imwrite(str(folder / f"pack-{number}.png"), clips.wall(number, (320, 480)))
    for price in ("9.99 EUR", "8.99 EUR"):
        (folder / "feed.tsv").write_text(HEADER + _row(0, price) + _row(1, price))
        done = product.shop("import", str(folder / "feed.tsv"), "--images", str(folder), "--shop", SHOP, timeout=120)
        assert done.code == 0, done.out + done.err
    return folder


def _publications(product: Product) -> list[dict[str, Any]]:
    """What `PublishCatalogue` was given for the shop, the newest feed first."""
    states, machine = product.client("stepfunctions"), product.stack["outputs"]["catalogue_state_machine_arn"]
    found: list[dict[str, Any]] = []
    for execution in states.list_executions(stateMachineArn=machine)["executions"]:
        history = states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)["events"]
        for event in history:
            asked = json.loads(event.get("taskScheduledEventDetails", {}).get("parameters", "{}"))
            payload = asked.get("Payload", {})
            if "index" in payload and payload["source"]["shop_id"] == SHOP:
                found.append(payload)
    return sorted(found, key=lambda payload: payload["source"]["sequencer"], reverse=True)


@pytest.mark.usefixtures("imported")
def test_an_older_feed_that_comes_late_is_superseded(product: Product) -> None:
    newest, older = _publications(product)[:2]
    assert newest["source"]["sequencer"] > older["source"]["sequencer"]
    assert _invoke(product, "publish-catalogue", older)["outcome"] == "superseded"


@pytest.mark.usefixtures("imported")
def test_an_attempt_that_died_before_its_offers_is_passed_over(product: Product) -> None:
    product.client("dynamodb").update_item(
        TableName=product.stack["outputs"]["imports_table"],
        Key={"shop_id": {"S": SHOP}, "record": {"S": "live"}},
        UpdateExpression="ADD offers_pending :died",
        ExpressionAttributeValues={":died": {"SS": ["r-000000000000"]}},
    )
    assert _invoke(product, "publish-catalogue", _publications(product)[0])["outcome"] == "published"


def test_appearances_that_are_gone_are_deleted(product: Product, imported: Path) -> None:
    pack = cv2.imread(str(imported / "pack-0.png"))
    assert pack is not None
    film, counts = imported / "twice.mp4", list[int]()
    for picture in (pack, clips.wall(9)):
        clips.write_film(film, clips.pan_and_zoom(picture))  # pyright: ignore[reportArgumentType]
        done = product.shop("analyse", str(film), "--shop", SHOP, "--json", str(imported / "out.json"), timeout=300)
        assert done.code == 0, done.out + done.err
        counts.append(len(json.loads((imported / "out.json").read_text())["appearances"]))
    assert counts[0] > 0
    assert counts[1] == 0
    rows = product.client("dynamodb").query(
        TableName=product.stack["outputs"]["videos_table"],
        KeyConditionExpression="video_id = :video",
        ExpressionAttributeValues={":video": {"S": ids.video_id(SHOP, f"videos/{SHOP}/twice.mp4")}},
    )["Items"]
    assert not [row for row in rows if row["record"]["S"].startswith("appearance")]


def _probe(product: Product, key: str, version: str) -> dict[str, Any]:
    order = {"shop_id": SHOP, "video_id": ids.video_id(SHOP, key), "bucket": product.stack["outputs"]["video_bucket"]}
    given = {"key": key, "version_id": version, "sequencer": "0" * 32, "analysis_revision": "a-1"}
    return _invoke(product, "probe-video", {**order, **given})


@pytest.mark.usefixtures("imported")
def test_a_film_that_was_deleted_meanwhile_is_refused(product: Product) -> None:
    assert _probe(product, f"videos/{SHOP}/never.mp4", "0" * 32)["outcome"] == "refused"


@pytest.mark.usefixtures("imported")
def test_a_film_in_an_archive_tier_is_restored(product: Product) -> None:
    bucket, s3, key = product.stack["outputs"]["video_bucket"], product.client("s3"), f"videos/{SHOP}/old/old.mp4"
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket=bucket,
        Id="seldom",
        IntelligentTieringConfiguration={
            "Id": "seldom",
            "Status": "Enabled",
            "Filter": {"Prefix": f"videos/{SHOP}/old/"},
            "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 180}],
        },
    )
    try:
        version = s3.put_object(Bucket=bucket, Key=key, Body=bytes(SMALLEST_BYTES))["VersionId"]
        _age(product, bucket)
        assert _probe(product, key, version)["outcome"] == "restoring"
    finally:
        s3.delete_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="seldom")


def _age(product: Product, bucket: str) -> None:
    aws = product.stack["aws"]
    request = AWSRequest("PUT", f"{aws['endpoint_url']}/{bucket}", params={"embedded-age": "180"}, data=b"")
    credentials = Credentials(aws["aws_access_key_id"], aws["aws_secret_access_key"])
    S3SigV4Auth(credentials, "s3", aws["region"]).add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code == 200, answer.text


def test_an_import_that_is_aborted_does_not_stay_at_work(product: Product) -> None:
    states, outputs = product.client("stepfunctions"), product.stack["outputs"]
    given = {"shop_id": SHOP, "import_id": "i-aborted", "bucket": outputs["catalogue_bucket"], "key": f"feeds/{SHOP}/x"}
    started = states.start_execution(
        stateMachineArn=f"{outputs['catalogue_state_machine_arn']}:live",
        name="aborted",
        input=json.dumps({**given, "version_id": "0" * 32, "sequencer": "0" * 32}),
    )
    key = {"shop_id": {"S": SHOP}, "record": {"S": "import#i-aborted"}}
    table = product.client("dynamodb")

    def state() -> str:
        found = table.get_item(TableName=outputs["imports_table"], Key=key, ConsistentRead=True)
        return found.get("Item", {}).get("state", {}).get("S", "")

    _until(state)
    states.stop_execution(executionArn=started["executionArn"], error="Operator", cause="cut short")
    assert _until(lambda: state() in ("failed", "refused"))


def test_an_event_that_the_failure_recorder_cannot_read_is_a_dead_letter(product: Product) -> None:
    _invoke(product, "record-failure", {}, InvocationType="Event")
    assert _until(_messages(product, "record-failure-dead"))


def test_the_distribution_reads_what_is_delivered_and_nothing_else(product: Product) -> None:
    server = cdn.serve(product.home / "stack.json")
    try:
        with urllib.request.urlopen(f"{server.url}/index.html", timeout=30) as answer:
            assert answer.status == 200
    finally:
        server.stop()
