"""How a resource is called in findings."""

from tests.support.captured import Captured


def short(resource: Captured) -> str:
    """`s3/bucket:Bucket`"""
    return resource.type.partition(":")[2]


def label(resource: Captured) -> str:
    """`s3/bucket:Bucket::video`"""
    return f"{short(resource)}::{resource.name}"
