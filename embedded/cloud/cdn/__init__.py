"""The stack's CDN on this machine: what its CloudFront distribution would answer, over plain HTTP on loopback.

Not served: HTTPS and the redirection to it, HTTP/2, Brotli, functions at the edge, signed URLs, origins other than S3.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

from embedded.cloud.cdn.edge import Edge
from embedded.cloud.cdn.origin import S3Origin
from embedded.cloud.server import Server

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Access:
    """Where the cloud is and the credentials to read the distribution with."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's client
        """A client of the service."""
        session: Any = botocore.session.get_session()
        return session.create_client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(max_pool_connections=32, s3={"addressing_style": "path"}),
        )


class CdnServer:
    """Serves one distribution. `url` has no trailing slash."""

    def __init__(self, access: Access, distribution_id: str, port: int | None = None) -> None:
        client: CloudFrontClient = access.client("cloudfront")
        s3: S3Client = access.client("s3")
        kms: KMSClient = access.client("kms")
        edge = Edge(client, distribution_id, lambda arn: S3Origin(s3, kms, arn))
        self._server = Server(port or 0, edge)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def start(self) -> CdnServer:
        """Answer from a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="cdn", daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def serve(stack_file: Path, port: int | None = None) -> CdnServer:
    """Serve the distribution of the stack that a `stack.json` describes; already started."""
    stack = json.loads(stack_file.read_text())
    aws = stack["aws"]
    access = Access(aws["endpoint_url"], aws["region"], aws["aws_access_key_id"], aws["aws_secret_access_key"])
    return CdnServer(access, stack["outputs"]["distribution_id"], port).start()
