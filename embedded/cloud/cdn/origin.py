"""Objects of the bucket behind the distribution, as CloudFront may read them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from embedded.cloud.cdn.access import allowed

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

Json = Any
_POLICY_SECONDS = 2.0
_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")


@dataclass(frozen=True, slots=True)
class Found:
    """What the origin answered. `headers` are those that go on to the viewer."""

    status: int
    headers: dict[str, str]
    body: bytes
    etag: str = ""
    modified: datetime | None = None


def failure(status: int, code: str, message: str) -> Found:
    """S3's error document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Found(status, {"content-type": "application/xml"}, body.encode())


_DENIED = failure(403, "AccessDenied", "Access Denied")


class S3Origin:
    """Reads for one distribution; policies are looked up again every two seconds."""

    def __init__(self, s3: S3Client, kms: KMSClient, distribution_arn: str) -> None:
        self._s3, self._kms, self._arn = s3, kms, distribution_arn
        self._policies: dict[str, tuple[float, str | None]] = {}

    def get(self, bucket: str, key: str) -> Found:
        """The whole object. 403 also for what is not there, unless the policy allows to list: as S3 does it."""
        if not self._may(bucket, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
            return _DENIED
        try:
            answer: Json = self._s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code == "AccessDenied":
                # The key lets in nobody of the account, the reader of this machine included.
                return _DENIED
            if code not in ("NoSuchKey", "NoSuchBucket", "404"):
                raise
            if code == "NoSuchKey" and not self._may(bucket, "s3:ListBucket", f"arn:aws:s3:::{bucket}"):
                return _DENIED
            return failure(404, code, "The specified resource does not exist.")
        if answer.get("ServerSideEncryption") == "aws:kms" and not self._may_decrypt(answer.get("SSEKMSKeyId")):
            return _DENIED
        headers = {_dashed(name): str(answer[name]) for name in _KEPT if answer.get(name)}
        return Found(200, headers, answer["Body"].read(), str(answer["ETag"]), answer["LastModified"])

    def cors(self, bucket: str) -> list[Json]:
        """The bucket's CORS rules."""
        try:
            return list(self._s3.get_bucket_cors(Bucket=bucket)["CORSRules"])
        except ClientError:
            return []

    def _may(self, bucket: str, action: str, resource: str) -> bool:
        policy = self._policy(f"s3:{bucket}", lambda: self._s3.get_bucket_policy(Bucket=bucket)["Policy"])
        return allowed(policy, action, resource, distribution_arn=self._arn)

    def _may_decrypt(self, key_arn: str | None) -> bool:
        if key_arn is None:
            return False
        read = lambda: self._kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]  # noqa: E731
        return allowed(self._policy(f"kms:{key_arn}", read), "kms:Decrypt", key_arn, distribution_arn=self._arn)

    def _policy(self, name: str, read: Any) -> str | None:  # noqa: ANN401 - a call without arguments
        moment, policy = self._policies.get(name, (float("-inf"), None))
        if time.monotonic() - moment > _POLICY_SECONDS:
            try:
                policy = str(read())
            except ClientError:
                policy = None
            self._policies[name] = (time.monotonic(), policy)
        return policy


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
