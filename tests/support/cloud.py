"""A real embedded cloud in a process of its own, and short ways to make what tests need in it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).parents[2]
FUNCTIONS_ROOT = Path(__file__).parent / "cloud_root"
REGION = "eu-west-1"
ACCOUNT = "123456789012"


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def from_event_bridge(action: str) -> dict[str, Any]:
    """The statement of a resource's policy that lets EventBridge in."""
    return {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": action, "Resource": "*"}


@dataclass(frozen=True)
class RunningCloud:
    """The process and where it answers."""

    process: subprocess.Popen[bytes]
    state: Path
    facts: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.facts["endpoint_url"])

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the operator's; nothing is tried twice."""
        options.setdefault("config", Config(read_timeout=30, retries={"max_attempts": 0}))
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.facts["access_key_id"],
            aws_secret_access_key=self.facts["secret_access_key"],
            **options,
        )

    def role(self, service: str = "lambda.amazonaws.com") -> str:
        """A new role that `service` and the operator may assume, and that may do everything."""
        who = {"Service": service, "AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        allow = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam, name = self.client("iam"), unique("role")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=policy)
        return str(role["Role"]["Arn"])

    def function(self, handler: str, **options: Any) -> str:
        """A new function from `cloud_functions.handlers`, which EventBridge may invoke; its name."""
        name = unique(handler.replace("_", "-"))
        api = self.client("lambda")
        api.create_function(
            FunctionName=name,
            Role=options.pop("role", None) or self.role(),
            PackageType="Image",
            Code={"ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/api@sha256:{'a' * 64}"},
            ImageConfig={"Command": [f"cloud_functions.handlers.{handler}"]},
            **({"Timeout": 20, "MemorySize": 256} | options),
        )
        invoke, events = "lambda:InvokeFunction", "events.amazonaws.com"
        api.add_permission(FunctionName=name, StatementId="events", Action=invoke, Principal=events)
        return name

    def queue(self, **attributes: str) -> tuple[str, str]:
        """A new queue's URL and ARN; EventBridge may send to it."""
        sqs = self.client("sqs")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [from_event_bridge("sqs:SendMessage")]})
        created = sqs.create_queue(QueueName=unique("queue"), Attributes={"Policy": policy, **attributes})
        url = str(created["QueueUrl"])
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"

    def receive(self, url: str, seconds: int = 15) -> dict[str, Any] | None:
        """The next message of a queue, taken off it; None if none comes in time."""
        sqs = self.client("sqs")
        names = ["All"]
        found = sqs.receive_message(
            QueueUrl=url, WaitTimeSeconds=seconds, MessageAttributeNames=names, AttributeNames=names
        ).get("Messages")
        if not found:
            return None
        sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
        return dict(found[0])

    def bucket(self, *, events: bool = False) -> str:
        """A new versioned bucket, with its events on EventBridge if wanted."""
        s3, name = self.client("s3"), unique("bucket")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if events:
            s3.put_bucket_notification_configuration(
                Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )
        return name


def start_cloud(state: Path, *, workers: int = 4, root: Path = FUNCTIONS_ROOT) -> RunningCloud:
    """Start the daemon and wait until it says where it is."""
    arguments = ["--port", "0", "--state", str(state), "--region", REGION, "--root", str(root)]
    state.mkdir(parents=True, exist_ok=True)
    with (state / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded.cloud", *arguments, "--workers", str(workers)],
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
        )
    where = state / "daemon.json"
    deadline = time.monotonic() + 60
    while not where.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((state / "daemon.log").read_text())
        time.sleep(0.05)
    return RunningCloud(process, state, json.loads(where.read_text()))
