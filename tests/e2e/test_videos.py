"""Uploads that are broken, repeated, oddly named, taken down or cut short."""

import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from functions.contracts import ids
from tests.support import clips
from tests.support.product import Product

pytestmark = pytest.mark.usefixtures("catalogue")
SHOP = "demo-shop"


@pytest.fixture(scope="module")
def film(demo_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds over one pack of the catalogue."""
    pack = cv2.imread(str(min((demo_set / "images").iterdir())))
    assert pack is not None
    path = tmp_path_factory.mktemp("film") / "short.mp4"
    return clips.write_film(path, clips.pan_and_zoom(np.asarray(pack, np.uint8)), silent=False)


def _truncated(film: Path, folder: Path) -> Path:
    path = folder / "truncated.mp4"
    body = film.read_bytes()
    path.write_bytes(body[: len(body) // 2])
    return path


def _broken(kind: str, film: Path, folder: Path) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("This is no film.\n" * 200)
    elif kind == "truncated":
        return _truncated(film, folder)
    else:
        clips.write_sound(path)
    return path


@pytest.mark.parametrize(
    ("kind", "code"),
    [("empty", "EmptyFile"), ("text", "NotAVideo"), ("truncated", "Truncated"), ("sound", "NoVideoStream")],
)
def test_broken_file_is_refused_with_its_own_typed_reason(
    product: Product, film: Path, tmp_path: Path, kind: str, code: str
) -> None:
    done = product.shop("analyse", str(_broken(kind, film, tmp_path)), timeout=120)
    assert done.code == 3, done.out + done.err
    assert f"refused: {code}: " in done.err
    status = json.loads(product.shop("status", "--json").out)
    states = {record["key"]: record for record in status["videos"]}
    record = states[f"videos/{SHOP}/{kind}.mp4"]
    assert record["state"] == "refused"
    assert record["reason"]["code"] == code


def _executions(product: Product) -> list[dict[str, Any]]:
    pages = (
        product.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=product.stack["outputs"]["video_state_machine_arn"])
    )
    return [execution for page in pages for execution in page["executions"]]


def _of_key(product: Product, key: str) -> list[dict[str, Any]]:
    states = product.client("stepfunctions")
    described = (states.describe_execution(executionArn=found["executionArn"]) for found in _executions(product))
    return [execution for execution in described if json.loads(execution["input"]).get("key") == key]


def test_same_film_twice_and_its_event_three_times_is_one_execution_a_version_and_one_timeline(
    product: Product, film: Path, tmp_path: Path
) -> None:
    path = tmp_path / "twice.mp4"
    path.write_bytes(film.read_bytes())
    documents: list[bytes] = []
    for number in range(2):
        done = product.shop("analyse", str(path), "--json", str(tmp_path / f"{number}.json"))
        assert done.code == 0, done.out + done.err
        documents.append((tmp_path / f"{number}.json").read_bytes())
    key = f"videos/{SHOP}/twice.mp4"
    before = _of_key(product, key)
    assert len(before) == 2, "one execution per version"
    newest = max((json.loads(execution["input"]) for execution in before), key=lambda found: found["sequencer"])
    event = {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-01T00:00:00Z",
        "region": product.stack["outputs"]["region"],
        "resources": [f"arn:aws:s3:::{newest['bucket']}"],
        "detail": {
            "version": "0",
            "bucket": {"name": newest["bucket"]},
            "object": {
                "key": key,
                "size": path.stat().st_size,
                "etag": "0",
                "version-id": newest["version_id"],
                "sequencer": newest["sequencer"].lstrip("0"),
            },
            "request-id": "0",
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }
    queue_client = product.client("sqs")
    queue = next(
        url
        for url in queue_client.list_queues()["QueueUrls"]
        if "video" in url and "dead" not in url and "dlq" not in url
    )
    for _ in range(3):
        queue_client.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        counts = queue_client.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        if counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0":
            break
        time.sleep(0.2)
    else:
        pytest.fail("the repeated events were not consumed")
    assert {found["executionArn"] for found in _of_key(product, key)} == {found["executionArn"] for found in before}
    assert documents[0] == documents[1]
    timelines = [
        name
        for name in product.keys("delivery_bucket", f"timelines/{ids.video_id(SHOP, key)}/")
        if name.endswith("timeline.json")
    ]
    assert len(timelines) == 1


def test_key_with_spaces_plus_percent_and_umlaut_is_taken_literally(
    product: Product, film: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a+b %2B ü.mp4"
    path.write_bytes(film.read_bytes())
    done = product.shop("analyse", str(path), "--json", str(tmp_path / "odd.json"))
    assert done.code == 0, done.out + done.err
    timeline = json.loads((tmp_path / "odd.json").read_text())
    assert timeline["appearances"], "the pack that fills the film is found"
    assert timeline["video_id"] == ids.video_id(SHOP, f"videos/{SHOP}/a+b %2B ü.mp4")


def test_unpublished_video_is_off_the_page_and_says_so(product: Product, film: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.mp4"
    path.write_bytes(film.read_bytes())
    assert product.shop("analyse", str(path)).code == 0
    done = product.shop("unpublish", str(path))
    assert done.code == 0, done.out + done.err
    video_id = ids.video_id(SHOP, f"videos/{SHOP}/gone.mp4")
    pointer = json.loads(product.document("delivery_bucket", f"videos/{video_id}.json"))
    assert pointer["state"] == "unpublished"
    assert pointer["timeline"] is None
    status = json.loads(product.shop("status", "--json").out)
    assert {record["video_id"]: record["state"] for record in status["videos"]}[video_id] == "unpublished"


def test_unpublishing_an_unknown_video_is_refused(product: Product) -> None:
    done = product.shop("unpublish", "never-uploaded.mp4")
    assert done.code == 3, done.out + done.err


def test_execution_that_is_aborted_leaves_a_failed_status_with_a_reason(product: Product, tmp_path: Path) -> None:
    # Long enough to be at work when it is aborted.
    film = clips.write_film(tmp_path / "long.mp4", clips.pan_and_zoom(clips.wall(7), frames=1000))
    outputs = product.stack["outputs"]
    key = f"videos/{SHOP}/aborted.mp4"
    video_id = ids.video_id(SHOP, key)
    table = product.client("dynamodb")

    def status() -> dict[str, Any] | None:
        found = table.get_item(
            TableName=outputs["videos_table"],
            Key={"video_id": {"S": video_id}, "record": {"S": "status"}},
            ConsistentRead=True,
        )
        return found.get("Item")

    product.client("s3").put_object(Bucket=outputs["video_bucket"], Key=key, Body=film.read_bytes())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (status() or {}).get("execution"):
        time.sleep(0.05)
    item = status()
    assert item, "the first state writes the record"
    product.client("stepfunctions").stop_execution(
        executionArn=item["execution"]["S"], error="Operator", cause="cut short"
    )
    while time.monotonic() < deadline:
        item = status()
        if item and item["state"]["S"] != "processing":
            break
        time.sleep(0.05)
    assert item
    assert item["state"]["S"] == "failed"
    assert item["reason"]["M"]["message"]["S"]
