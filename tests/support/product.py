"""The product as its operator sees it: a stack in an embedded AWS of its own, and the `shop` command line."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Product:
    """One embedded AWS with the `dev` stack deployed; it keeps its state in `home` and runs the code of `checkout`."""

    home: Path
    checkout: Path = ROOT

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "EMBEDDED_HOME": str(self.home), "SHOPPABLE_STACK": str(self.home / "stack.json")}

    def run(self, *command: str, timeout: float = 900) -> Outcome:
        """Run `python -m COMMAND…` from the checkout."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.checkout,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def shop(self, *arguments: str, timeout: float = 900) -> Outcome:
        return self.run("shop", *arguments, timeout=timeout)

    @property
    def stack(self) -> dict[str, Any]:
        """The stack file: `outputs`, `aws`."""
        return json.loads((self.home / "stack.json").read_text())

    def client(self, service: str) -> Any:
        """A boto3 client with the operator's credentials."""
        import boto3

        aws = self.stack["aws"]
        return boto3.client(
            service,
            endpoint_url=aws["endpoint_url"],
            region_name=aws["region"],
            aws_access_key_id=aws["aws_access_key_id"],
            aws_secret_access_key=aws["aws_secret_access_key"],
        )

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Keys of the bucket with that output name below the prefix."""
        pages = (
            self.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.stack["outputs"][bucket], Prefix=prefix)
        )
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def document(self, bucket: str, key: str) -> bytes:
        """The bytes of one object."""
        return self.client("s3").get_object(Bucket=self.stack["outputs"][bucket], Key=key)["Body"].read()
