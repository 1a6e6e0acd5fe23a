"""The AWS API as states call it: boto3 over HTTP, each call under the credentials of the state machine's role."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ParamValidationError
from botocore.httpchecksum import StreamingChecksumBody
from botocore.response import StreamingBody

from embedded.cloud.stepfunctions.integrations import CallError, service_model

Json = Any
# A function may run for 15 minutes.
_READ_TIMEOUT_SECONDS = 910


class Credentials(Protocol):
    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...
    @property
    def session_token(self) -> str: ...


class RoleCalls:
    """Calls under roles. A client is kept per service and role session."""

    def __init__(self, endpoint_url: str, region: str, credentials: Callable[[str], Credentials]) -> None:
        self._endpoint_url = endpoint_url
        self._region = region
        self._credentials = credentials
        self._session = botocore.session.get_session()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def call(self, role_arn: str, service: str, operation: str, params: Mapping[str, Json]) -> dict[str, Json]:
        """One API call; a streamed body comes as bytes. Errors: CallError."""
        client = self._client(role_arn, service)
        method = getattr(client, botocore.xform_name(operation))
        try:
            try:
                answer = method(**params)
            except ConnectionClosedError:
                # A kept connection that the server closed in the meantime: nothing was answered.
                answer = method(**params)
        except ClientError as error:
            raise self._failure(service, error) from error
        except ParamValidationError as error:
            raise CallError("SdkClientException", str(error)) from error
        except BotoCoreError as error:
            raise CallError("SdkClientException", str(error), status=0) from error
        bodies = (StreamingBody, StreamingChecksumBody)
        return {name: value.read() if isinstance(value, bodies) else value for name, value in answer.items()}

    def _failure(self, service: str, error: ClientError) -> CallError:
        about: dict[str, Json] = dict(error.response.get("Error", {}))
        meta: dict[str, Json] = dict(error.response.get("ResponseMetadata", {}))
        code = str(about.get("Code", "Unknown")).rpartition("#")[2]
        named: set[str] = set()
        for shape in service_model(service).error_shapes:
            named |= {shape.name, str(shape.metadata.get("error", {}).get("code", shape.name))}
        status = int(meta.get("HTTPStatusCode", 0))
        request_id = str(meta.get("RequestId", ""))
        return CallError(code, str(about.get("Message", "")), status, request_id, modeled=code in named)

    def _client(self, role_arn: str, service: str) -> Any:  # noqa: ANN401 - any service's client
        credentials = self._credentials(role_arn)
        key = (service, credentials.access_key_id)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.create_client(
                    service,
                    region_name=self._region,
                    endpoint_url=self._endpoint_url,
                    aws_access_key_id=credentials.access_key_id,
                    aws_secret_access_key=credentials.secret_access_key,
                    aws_session_token=credentials.session_token,
                    # Retrying is the state machine's decision.
                    config=Config(
                        retries={"total_max_attempts": 1},
                        read_timeout=_READ_TIMEOUT_SECONDS,
                        max_pool_connections=64,
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._clients[key]
