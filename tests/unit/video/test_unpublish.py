import json
from typing import Any

import boto3
import pytest

from functions.contracts.timeline import TimelinePointer
from functions.contracts.video import UnpublishInput
from functions.shared import aws
from functions.shared.errors import Transient
from functions.storefront.unpublish import store as unpublish_store
from functions.storefront.unpublish.handler import handler
from functions.storefront.unpublish.logic import UnknownVideo
from tests.unit.video.builders import EXECUTION, SHOP, VIDEO

ORDER = UnpublishInput(shop_id=SHOP, video_id=VIDEO).model_dump()


@pytest.fixture
def edge(account, monkeypatch) -> Any:
    """CloudFront, an event bus, and a queue that hears what is on the bus."""
    cloudfront, events, sqs = (boto3.client(name) for name in ("cloudfront", "events", "sqs"))
    origin = {"Id": "one", "DomainName": "delivery.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "one", "ViewerProtocolPolicy": "redirect-to-https"},
        }
    )["Distribution"]["Id"]
    monkeypatch.setenv("DISTRIBUTION_ID", distribution)
    events.create_event_bus(Name="shoppable")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="shoppable", EventPattern=json.dumps({"source": ["shoppable-video"]}))
    events.put_targets(Rule="all", EventBusName="shoppable", Targets=[{"Id": "one", "Arn": arn}])

    class Edge:
        def invalidated(self) -> list[list[str]]:
            listed = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
            return [
                cloudfront.get_invalidation(DistributionId=distribution, Id=item["Id"])["Invalidation"][
                    "InvalidationBatch"
                ]["Paths"]["Items"]
                for item in listed
            ]

        def heard(self) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                found += [json.loads(message["Body"]) for message in messages]
                for message in messages:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return found

    return Edge()


@pytest.fixture
def published(account):
    account.put_status(
        video_id=VIDEO,
        shop_id=SHOP,
        state="published",
        execution=EXECUTION,
        updated_at="2026-01-01T00:00:00.000Z",
        timeline_key="timelines/v-1/1/timeline.json",
        timeline_sha256="1" * 64,
        webvtt_key="products.vtt",
        json_ld_key="video.jsonld",
    )


def pointer(account):
    return TimelinePointer.model_validate_json(account.get("delivery", f"videos/{VIDEO}.json"))


def test_takes_record_pointer_and_caches_down_and_says_so(account, published, edge, context):
    answer = handler(ORDER, context)

    assert answer == {"video_id": VIDEO, "state": "unpublished"}
    record = account.records(VIDEO)["status"]
    assert record["state"] == "unpublished"
    assert "timeline_key" not in record
    assert pointer(account).state == "unpublished"
    assert pointer(account).timeline is None
    assert edge.invalidated() == [[f"/videos/{VIDEO}.json"]]
    heard = edge.heard()
    assert [(event["detail-type"], event["detail"]["video_id"]) for event in heard] == [("VideoUnpublished", VIDEO)]


def test_taking_down_twice_announces_once_and_keeps_the_time(account, published, edge, context):
    handler(ORDER, context)
    first = account.records(VIDEO)["status"]
    handler(ORDER, context)

    assert account.records(VIDEO)["status"] == first
    assert len(edge.heard()) == 1


def test_a_video_that_was_published_again_can_be_taken_down_again(account, published, edge, context):
    handler(ORDER, context)
    account.put_status(video_id=VIDEO, shop_id=SHOP, state="published", timeline_key="timelines/v-1/2/timeline.json")
    handler(ORDER, context)

    assert account.records(VIDEO)["status"]["state"] == "unpublished"
    assert len(edge.heard()) == 2


@pytest.mark.parametrize("order", [ORDER | {"video_id": "v-2"}, ORDER | {"shop_id": "other-shop"}])
def test_a_video_that_the_shop_does_not_have_is_an_error_and_changes_nothing(account, published, edge, context, order):
    before = account.records(VIDEO)
    with pytest.raises(UnknownVideo):
        handler(order, context)

    assert account.records(VIDEO) == before
    assert account.records("v-2") == {}
    assert edge.heard() == []


@pytest.mark.parametrize("step", ["take_down", "point", "invalidate"])
def test_a_crash_after_any_step_is_repaired_by_the_next_call(account, published, edge, context, monkeypatch, step):
    original = getattr(unpublish_store.Store, step)

    def crash(self, *arguments):
        original(self, *arguments)
        raise Transient("crashed")

    with monkeypatch.context() as patch:
        patch.setattr(unpublish_store.Store, step, crash)
        with pytest.raises(Transient):
            handler(ORDER, context)

    handler(ORDER, context)

    assert pointer(account).state == "unpublished"
    assert edge.invalidated()
    assert len(edge.heard()) == 1


def test_a_repeated_invalidation_carries_the_same_reference(account, published, edge, context, monkeypatch):
    references: list[str] = []
    monkeypatch.setattr(unpublish_store.Store, "invalidate", lambda self, reference: references.append(reference))
    handler(ORDER, context)
    handler(ORDER, context)

    assert len(references) == 2
    assert len(set(references)) == 1


def test_a_refused_event_is_transient_and_announced_by_the_next_call(account, published, edge, context, monkeypatch):
    with monkeypatch.context() as patch:
        refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        patch.setattr(aws.eventbridge(), "put_events", lambda **_: refused)
        with pytest.raises(Transient, match="refused"):
            handler(ORDER, context)

    handler(ORDER, context)

    assert len(edge.heard()) == 1
