"""`shop import`: uploads product images and a feed, and waits for the catalogue to be live."""

import base64
import hashlib
import json
import mimetypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from functions.contracts import ids
from shop import records
from shop.progress import Follower, Record, say, wait_for
from shop.stack import Stack

UPLOADS_AT_ONCE = 16
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def upload_images(stack: Stack, shop_id: str, directory: Path) -> int:
    """Upload each image that the bucket lacks or holds in another content; returns how many it uploaded.

    What is equal is left alone: a new version of the same picture would look like a changed catalogue.
    """
    bucket, prefix, client = stack.outputs.catalogue_bucket, f"images/{shop_id}/", stack.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    sizes = {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}
    paths = sorted(path for path in directory.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    done = 0

    def upload(path: Path) -> bool:
        body, key = path.read_bytes(), prefix + path.name
        checksum = _sha256(body)
        if sizes.get(key) == len(body):
            there = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
            if there.get("ChecksumSHA256") == checksum:
                return False
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=kind,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
        return True

    uploaded = 0
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        for sent in pool.map(upload, paths):
            done += 1
            uploaded += sent
            if done % 1000 == 0 or done == len(paths):
                say(f"images {done} of {len(paths)}")
    return uploaded


def import_feed(stack: Stack, shop_id: str, feed: Path, images: Path | None, timeout_seconds: float) -> Record:
    """Upload the images, then the feed, and wait; returns the import's final status record.

    Raises:
        progress.TimedOutError: it was not final in time.

    """
    if images is not None:
        upload_images(stack, shop_id, images)
    bucket, key = stack.outputs.catalogue_bucket, f"feeds/{shop_id}/{feed.name}"
    answer = stack.client("s3").put_object(Bucket=bucket, Key=key, Body=feed.read_bytes())
    import_id = ids.import_id(shop_id, key, answer["VersionId"])
    say(f"feed {feed.name} uploaded, import {import_id}")
    follower = Follower(stack)

    def look() -> Record | None:
        record = records.get(stack, stack.outputs.imports_table, {"shop_id": shop_id, "record": f"import#{import_id}"})
        if record is None:
            return None
        follower.show(record)
        return record if record["state"] != "processing" else None

    return wait_for(look, timeout_seconds, f"the import of {feed.name}")


def quarantine(stack: Stack, record: Record) -> str:
    """The CSV of the rows that this import refused: row, id, field, reason."""
    found = stack.client("s3").get_object(Bucket=stack.outputs.catalogue_bucket, Key=record["quarantine_key"])
    return found["Body"].read().decode()


def untextured(stack: Stack, record: Record) -> list[str]:
    """Feed ids of the live import's products that need a semantic engine: too little is printed on them."""
    client, bucket = stack.client("s3"), stack.outputs.catalogue_bucket
    revision = f"revisions/{record['shop_id']}/{record['revision']}"
    manifest = json.loads(client.get_object(Bucket=bucket, Key=f"{revision}/index/manifest.json")["Body"].read())
    wanted = set(manifest["untextured"])
    lines = client.get_object(Bucket=bucket, Key=f"{revision}/products.jsonl")["Body"].iter_lines(1 << 20)
    return sorted(product["feed_id"] for product in map(json.loads, lines) if product["product_id"] in wanted)
