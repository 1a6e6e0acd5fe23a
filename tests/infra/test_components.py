"""What a component refuses while the program runs, before anything is deployed."""

import json
from typing import Any

import pulumi
import pytest
from pydantic import BaseModel, Field

from infra.access import Access, Statement, policy
from infra.components.access_logs import AccessLogs, AccessLogsArgs
from infra.components.bucket import Bucket, BucketArgs
from infra.components.distribution import DistributionArgs, Ttl
from infra.components.function import Consumer, ConsumerArgs, Function, FunctionArgs
from infra.components.image import Image, ImageArgs
from infra.components.key import Key, KeyArgs
from infra.components.queue import Queue, QueueArgs
from infra.components.state_machine import StateMachine, StateMachineArgs
from infra.naming import Scope
from tests.infra.policies import allows
from tests.support.recorder import ACCOUNT, REGION, Recording, record

_DEFINITION = {
    "StartAt": "Do",
    "States": {
        "Do": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"F": "${DoArn}"},
            "End": True,
        }
    },
}


class Environment(BaseModel):
    table: str = Field(alias="TABLE")


def _scope(**changes: Any) -> Scope:
    given = {"project": "shoppable-video", "environment": "dev", "region": REGION}
    if not changes:  # outputs exist only while a program runs
        changes = {"account_id": pulumi.Output.from_input(ACCOUNT), "partition": pulumi.Output.from_input("aws")}
    return Scope(**(given | changes))


def _key(scope: Scope, name: str = "data") -> Key:
    return Key(name, KeyArgs(scope=scope, description=name))


def _function(scope: Scope, **changes: Any) -> Function:
    given: dict[str, Any] = {
        "scope": scope,
        "description": "does it",
        "image": Image("api", ImageArgs(repository="r/api", target="api", source="sha256:" + "0" * 64)),
        "command": "functions.part.step.handler.handler",
        "memory_mb": 256,
        "timeout_seconds": 30,
        "environment": Environment,
        "values": {"TABLE": "t"},
        "common_values": {},
        "logs_key": _key(scope, "logs"),
        "log_retention_days": 7,
    }
    return Function("do", FunctionArgs(**(given | changes)))


def _machine(scope: Scope, definition: str, **values: str) -> StateMachine:
    args = StateMachineArgs(
        scope=scope,
        definition=definition,
        values=values,
        access=(),
        key=_key(scope),
        logs_key=_key(scope, "logs"),
        log_retention_days=7,
    )
    return StateMachine("do", args)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": {}}, r"missing variables \['TABLE'\]"),
        ({"values": {"TABLE": "t", "TABEL": "t"}}, r"unknown variables \['TABEL'\]"),
        ({"memory_mb": 64}, "memory_mb is 64; Lambda takes 128 to 10240"),
        ({"timeout_seconds": 901}, "timeout_seconds is 901; Lambda takes 1 to 900"),
        ({"ephemeral_storage_mb": 100}, "ephemeral_storage_mb is 100"),
        ({"reserved_concurrency": -1}, "reserved_concurrency is -1; Lambda takes 0 and more"),
    ],
)
def test_a_function_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record(lambda: _function(_scope(), **changes) and None)


@pytest.mark.parametrize(
    ("definition", "values", "message"),
    [
        (json.dumps(_DEFINITION), {}, r"placeholders without a value: \['DoArn'\]"),
        (json.dumps(_DEFINITION), {"DoArn": "a", "DoItArn": "b"}, r"values without a placeholder: \['DoItArn'\]"),
        ("{", {}, "the definition is not JSON"),
        ('{"States": {}}', {}, "no StartAt"),
    ],
)
def test_a_state_machine_refuses(definition: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record(lambda: _machine(_scope(), definition, **values) and None)


def test_a_placeholder_is_filled_as_text_inside_json() -> None:
    recording = record(lambda: _machine(_scope(), json.dumps(_DEFINITION), DoArn='a"b\\c') and None)
    definition = recording.one("sfn/stateMachine:StateMachine", "do").document("definition")
    assert definition["States"]["Do"]["Parameters"]["F"] == 'a"b\\c'


def test_a_machine_without_a_distributed_map_starts_no_executions() -> None:
    recording = record(lambda: _machine(_scope(), json.dumps(_DEFINITION), DoArn="a") and None)
    assert allows(recording, "do", "states:StartExecution") == []


def test_a_queue_that_hides_messages_for_too_short_a_time_cannot_feed_a_function() -> None:
    def program() -> None:
        scope = _scope()
        queue = Queue("work", QueueArgs(key=_key(scope), visibility_timeout_seconds=60))
        function = _function(scope)
        Consumer("work", ConsumerArgs(queue=queue, function=function, max_concurrency=2))

    with pytest.raises(ValueError, match="it must be at least 180 s"):
        record(program)


def test_an_image_by_tag_is_refused() -> None:
    with pytest.raises(ValueError, match="must start with sha256:"):
        ImageArgs(repository="r/api", target="api", source="latest")


@pytest.mark.parametrize(
    ("domain", "certificate", "message"),
    [
        ("v.example.com", None, "give both or neither"),
        (None, "arn:aws:acm:us-east-1:1:certificate/a", "give both or neither"),
        ("v.example.com", "arn:aws:acm:eu-central-1:1:certificate/a", "us-east-1 only"),
    ],
)
def test_a_distribution_refuses(domain: str | None, certificate: str | None, message: str) -> None:
    bucket: Any = None
    with pytest.raises(ValueError, match=message):
        DistributionArgs(
            comment="c",
            bucket=bucket,
            site_path="/site",
            root_object="index.html",
            site_ttl=Ttl(name="short", default_seconds=1, max_seconds=1),
            behaviours=(),
            content_security_policy="default-src 'self'",
            allowed_origins=(),
            domain=domain,
            certificate_arn=certificate,
            price_class="PriceClass_100",
        )


def test_an_action_on_everything_needs_a_written_reason() -> None:
    with pytest.raises(ValueError, match="give a reason in UNSCOPED"):
        Statement(sid="Read", actions=("s3:GetObject",), resources=("*",))


@pytest.mark.parametrize(
    "change",
    [
        {"actions": ("s3:PutObject",)},
        {"resources": ("b",)},
        {"conditions": {}},
        {"conditions": {"StringEquals": {"aws:PrincipalTag/a": "c"}}},
    ],
)
def test_two_statements_of_one_name_must_be_the_same(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        "sid": "Use",
        "actions": ("s3:GetObject",),
        "resources": ("a",),
        "conditions": {"StringEquals": {"aws:PrincipalTag/a": "b"}},
    }
    first, same, other = (Access((Statement(**values),)) for values in (given, given, given | change))
    record(lambda: policy([first, same]) and None)
    with pytest.raises(ValueError, match="two different statements are called Use"):
        record(lambda: policy([first, other]) and None)


def test_a_statement_about_another_resource_is_not_the_same_though_both_are_not_known_yet() -> None:
    def program() -> None:
        scope = _scope()
        policy([Access((_key(scope, name).via("s3", ("kms:Decrypt",), purpose="Read"),)) for name in ("a", "a-")])

    with pytest.raises(ValueError, match="two different statements are called ReadWithA"):
        record(program)


def test_writing_to_a_bucket_brings_the_abort_of_uploads_and_the_key_along() -> None:
    found: list[Access] = []

    def program() -> None:
        scope = _scope()
        bucket = Bucket(
            "films",
            BucketArgs(
                scope=scope,
                key=_key(scope),
                access_logs=AccessLogs("logs", AccessLogsArgs(scope=scope, days=1, deletion_protection=False)),
                deletion_protection=False,
                noncurrent_days=1,
            ),
        )
        found.extend((bucket.access("PutObject", prefix="a/"), bucket.access("GetObject", prefix="a/")))

    _: Recording = record(program)
    write, read = ({statement.sid: statement.actions for statement in access.statements} for access in found)
    assert write == {
        "PutobjectInFilmsA": ("s3:PutObject", "s3:AbortMultipartUpload"),
        "WriteFilmsWithData": ("kms:Decrypt", "kms:GenerateDataKey"),
    }
    assert read == {"GetobjectInFilmsA": ("s3:GetObject",), "ReadFilmsWithData": ("kms:Decrypt",)}


def test_a_bucket_that_forgets_at_once_is_refused() -> None:
    nothing: Any = None
    with pytest.raises(ValueError, match="S3 takes 1 or more"):
        BucketArgs(scope=nothing, key=nothing, access_logs=nothing, deletion_protection=False, noncurrent_days=0)
