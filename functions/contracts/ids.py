"""Identifiers: ASCII, at most 64 characters, made from what a thing is, never from a clock or a counter.

A user's key or file name is data: it goes into the hash and never into an identifier, a path or an ARN.
"""

import hashlib

_LENGTH = 24
"""96 bits: no collision is to be expected below 10^14 ids."""


def digest(*parts: str) -> str:
    """Lower-case hex of a SHA-256 over the parts, each with its length, so that no two splits collide."""
    hasher = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hasher.update(len(encoded).to_bytes(8, "big"))
        hasher.update(encoded)
    return hasher.hexdigest()


def product_id(shop_id: str, feed_id: str) -> str:
    """The product that the shop's feed calls `feed_id`."""
    return f"p-{digest('product', shop_id, feed_id)[:_LENGTH]}"


def video_id(shop_id: str, key: str) -> str:
    """The video whose source is uploaded under `key`, whatever its version."""
    return f"v-{digest('video', shop_id, key)[:_LENGTH]}"


def import_id(shop_id: str, key: str, version_id: str) -> str:
    """One import: one version of one feed."""
    return f"i-{digest('import', shop_id, key, version_id)[:_LENGTH]}"


def asset_id(owner_video_id: str, source_sha256: str, profile: str) -> str:
    """The renditions of one source content under one transcoding profile: equal content, equal asset."""
    return f"a-{digest('asset', owner_video_id, source_sha256, profile)[:_LENGTH]}"


def revision_id(shop_id: str, content_sha256: str, code_digest: str) -> str:
    """One state of a shop's catalogue, as read by one version of the code."""
    return f"r-{digest('revision', shop_id, content_sha256, code_digest)[:_LENGTH]}"


def appearance_id(of_product_id: str, start_ms: int, ordinal: int) -> str:
    """One appearance; stable under re-analysis: the time is rounded to whole seconds, `ordinal` tells equals apart."""
    return f"x-{digest('appearance', of_product_id, str(round(start_ms / 1000)), str(ordinal))[:_LENGTH]}"


def execution_name(bucket: str, key: str, version_id: str, analysis_revision: str) -> str:
    """The name of the one execution that an object version gets under one engine.

    At most 80 characters, as StartExecution demands:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    return digest("execution", bucket, key, version_id, analysis_revision)
