"""What a request does not say of itself and its authorisation depends on: which key encrypts what, and what exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Encryption:
    """With a KMS key. `bucket_key`: S3 has one data key for the bucket, under the bucket's encryption context."""

    key_arn: str
    bucket_key: bool = False


class Facts(Protocol):
    """Answers about one account. None and an empty string say: nothing of the kind."""

    def default_encryption(self, bucket: str) -> Encryption | None:
        """What objects are encrypted with that do not say otherwise."""
        ...

    def object_encryption(self, bucket: str, key: str, version: str) -> Encryption | None:
        """What an object is encrypted with."""
        ...

    def upload_encryption(self, bucket: str, upload: str) -> Encryption | None:
        """What the parts of a multipart upload are encrypted with."""
        ...

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        """Whether a GetObject would find it."""
        ...

    def key_of(self, arn: str) -> str:
        """ARN of the customer-managed key of a table, queue, topic or state machine."""
        ...

    def key_arn(self, key: str, region: str) -> str:
        """ARN of a key given by id, ARN or alias."""
        ...

    def table_keys(self, arn: str) -> tuple[str, ...]:
        """The names of a table's key attributes, the partition key first."""
        ...
