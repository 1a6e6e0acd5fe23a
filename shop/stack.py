"""A deployed stack: its outputs, and AWS sessions to reach it.

The file that describes it (`.embedded/stack.json`, or what `$SHOPPABLE_STACK` names) holds `outputs` (as
`pulumi stack output --json` prints them) and, optionally, `aws`: `region`, `endpoint_url` and credentials. Whatever it
does not say comes from the environment, as for every AWS tool.
"""

import json
import os
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.config import Config
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_FILE = ROOT / ".embedded" / "stack.json"


class StackError(Exception):
    """No stack can be reached; the message says what to do."""


class AwsAccess(BaseModel):
    """How to reach AWS. Empty: the usual environment variables, profiles and endpoints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str | None = None
    endpoint_url: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None


class Outputs(BaseModel):
    """The stack's outputs that the command line needs."""

    model_config = ConfigDict(frozen=True)

    region: str
    catalogue_bucket: str
    video_bucket: str
    analysis_bucket: str
    delivery_bucket: str
    imports_table: str
    videos_table: str
    unpublish_function: str


class Stack(BaseModel):
    """A stack: `outputs`, and `client(service)` for boto3 clients that reach it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    outputs: Outputs
    aws: AwsAccess = AwsAccess()

    _clients: dict[str, Any] = PrivateAttr(default_factory=dict[str, Any])

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
        """A boto3 client of the service, made once."""
        if service not in self._clients:
            config = Config(retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=32)
            self._clients[service] = cast("Any", boto3).client(
                service,
                region_name=self.aws.region or self.outputs.region,
                config=config,
                **self.aws.model_dump(exclude={"region"}, exclude_none=True),
            )
        return self._clients[service]


def load() -> Stack:
    """The stack that `$SHOPPABLE_STACK` or `.embedded/stack.json` describes.

    Raises:
        StackError: the file is absent or is not a stack's.

    """
    path = Path(os.environ.get("SHOPPABLE_STACK", DEFAULT_FILE))
    if not path.is_file():
        raise StackError(
            f"There is no stack file {path}. Run `python -m embedded up`, or, for a stack on AWS, write "
            '{"outputs": <what `pulumi stack output --json` prints>} to a file and name it in SHOPPABLE_STACK.'
        )
    try:
        return Stack.model_validate(json.loads(path.read_text()))
    except (ValueError, ValidationError) as error:
        raise StackError(f"{path} does not describe a stack: {error}") from error
