"""`shop analyse` and `shop unpublish`: a video in, its published timeline out; and off again."""

import json
from pathlib import Path
from typing import Any

from functions.contracts import ids
from functions.contracts.offers import Offer
from functions.contracts.timeline import Timeline
from shop import records
from shop.progress import RUNNING, Follower, Record, say, wait_for
from shop.stack import Stack


class UnpublishError(Exception):
    """The video could not be taken down; the message is the function's own."""


def key_of(shop_id: str, name: str) -> str:
    """The key under which a video file of that name is uploaded. S3 takes any Unicode name as it is."""
    return f"videos/{shop_id}/{name}"


def analyse(stack: Stack, shop_id: str, video: Path, timeout_seconds: float) -> Record:
    """Upload the video and wait; returns the final status record of this version.

    A version that a newer upload has overtaken gets `state: superseded`.

    Raises:
        progress.TimedOutError: it was not final in time.

    """
    client, bucket, key = stack.client("s3"), stack.outputs.video_bucket, key_of(shop_id, video.name)
    client.upload_file(str(video), bucket, key)
    version = client.head_object(Bucket=bucket, Key=key)["VersionId"]
    video_id = ids.video_id(shop_id, key)
    say(f"video {video.name} uploaded, id {video_id}")
    follower = Follower(stack)

    def look() -> Record | None:
        record = status(stack, video_id)
        if record is None:
            return None
        if record["version_id"] != version:
            overtaken = client.head_object(Bucket=bucket, Key=key)["VersionId"] != version
            return {**record, "state": "superseded"} if overtaken else None
        follower.show(record)
        return record if record["state"] not in RUNNING else None

    return wait_for(look, timeout_seconds, f"the analysis of {video.name}")


def status(stack: Stack, video_id: str) -> Record | None:
    """The video's status record."""
    return records.get(stack, stack.outputs.videos_table, {"video_id": video_id, "record": "status"})


def published(stack: Stack, record: Record) -> dict[str, Any]:
    """The published timeline (`timeline.v1`) with each `product_id` replaced by the feed's own id."""
    client, bucket = stack.client("s3"), stack.outputs.delivery_bucket
    body = client.get_object(Bucket=bucket, Key=record["timeline_key"])["Body"].read()
    timeline = Timeline.model_validate_json(body)
    feed_ids: dict[str, str] = {}
    for product_id in {appearance.product_id for appearance in timeline.appearances}:
        offer = client.get_object(Bucket=bucket, Key=f"offers/{timeline.shop_id}/{product_id}.json")["Body"].read()
        feed_ids[product_id] = Offer.model_validate_json(offer).feed_id
    document = timeline.model_dump(mode="json")
    for appearance in document["appearances"]:
        appearance["product_id"] = feed_ids[appearance["product_id"]]
    return document


def analysis(stack: Stack, record: Record) -> bytes:
    """The private record of the analysis, `analysis.v1`, byte for byte."""
    found = stack.client("s3").get_object(Bucket=stack.outputs.analysis_bucket, Key=record["analysis_key"])
    return found["Body"].read()


def unpublish(stack: Stack, shop_id: str, video: str) -> str:
    """Take a video down; `video` is its id, or the name of the file that was uploaded. Returns its id.

    Raises:
        UnpublishError: there is no such video, or the function failed.

    """
    video_id = video if status(stack, video) else ids.video_id(shop_id, key_of(shop_id, Path(video).name))
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs.unpublish_function,
        Payload=json.dumps({"shop_id": shop_id, "video_id": video_id}).encode(),
    )
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise UnpublishError(f"{payload.get('errorType')}: {payload.get('errorMessage')}")
    return video_id
