"""An account that is a table, and requests as botocore writes them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from embedded.authorisation.calls import Call, read_call
from embedded.authorisation.requests import needs_of
from embedded.authorisation.requests.facts import Encryption
from embedded.authorisation.requests.rows import Need
from embedded.cloud.messages import Caller, Request

ACCOUNT, REGION = "123456789012", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"


@dataclass
class Table:
    """What `Facts` asks, answered from attributes."""

    bucket: Encryption | None = None
    stored: Encryption | None = None
    missing: bool = False
    keys: dict[str, str] = field(default_factory=dict[str, str])

    def default_encryption(self, bucket: str) -> Encryption | None:
        return self.bucket

    def object_encryption(self, bucket: str, key: str, version: str) -> Encryption | None:
        return self.stored or self.bucket

    def upload_encryption(self, bucket: str, upload: str) -> Encryption | None:
        return self.bucket

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        return not self.missing

    def key_of(self, arn: str) -> str:
        return self.keys.get(arn, "")

    def key_arn(self, key: str, region: str) -> str:
        return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{ACCOUNT}:key/{key}"

    def table_keys(self, arn: str) -> tuple[str, ...]:
        return ("id", "record")


class _StopError(Exception):
    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__("written, and not sent")
        self.request = request


@lru_cache(maxsize=32)
def _client(service: str) -> Any:
    session: Any = botocore.session.get_session()
    client = session.create_client(
        service,
        region_name=REGION,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}),
    )

    def stop(request: AWSPreparedRequest, **_rest: Any) -> None:
        raise _StopError(request)

    client.meta.events.register("before-send", stop)
    return client


def raw(service: str, operation: str, **params: Any) -> Request:
    """The HTTP request that a client of botocore sends."""
    client = _client(service)
    try:
        getattr(client, botocore.xform_name(operation))(**params)
    except _StopError as stopped:
        return received(stopped.request, client.meta.service_model.signing_name)
    raise AssertionError("nothing was sent")


def received(sent: AWSPreparedRequest, signing_name: str) -> Request:
    """The request as the cloud's server hands it on."""
    url = urlsplit(str(sent.url))
    body = sent.body or b""
    content = body.read() if hasattr(body, "read") else body
    content = content.encode() if isinstance(content, str) else bytes(content)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in sent.headers.items()
    }
    caller = Caller(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one", ACCOUNT, "ASIA")
    return Request(
        str(sent.method),
        url.path,
        url.query,
        headers,
        io.BytesIO(content),
        len(content),
        service=signing_name,
        region=REGION,
        caller=caller,
    )


def call(service: str, operation: str, **params: Any) -> Call:
    """The call, read back from its raw request."""
    made = read_call(raw(service, operation, **params))
    assert (made.service, made.operation) == (service, operation)
    return made


def needs(service: str, operation: str, facts: Table | None = None, **params: Any) -> list[Need]:
    """What the call needs."""
    return needs_of(call(service, operation, **params), facts or Table())


def pairs(service: str, operation: str, facts: Table | None = None, **params: Any) -> list[tuple[str, str]]:
    """The same as (action, resource)."""
    return [(need.action, need.resource) for need in needs(service, operation, facts, **params)]
