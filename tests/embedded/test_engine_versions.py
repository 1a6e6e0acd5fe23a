"""Functions and state machines that are published: what a change changes, and that a rollback is a whole one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from embedded.engine import Event, Snapshot, Step, destroy, run, urns
from embedded.provider import AwsProvider
from tests.support.cloud import ACCOUNT, REGION, RunningCloud, unique
from tests.support.programs import write_program

_PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

def trust(service):
    allow = {{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"Service": service}}}}
    return json.dumps({{"Version": "2012-10-17", "Statement": [allow]}})

def function(name, **more):
    made = aws.lambda_.Function(
        name,
        package_type="Image",
        image_uri="{account}.dkr.ecr.{region}.amazonaws.com/api@sha256:{digest}",
        image_config={{"commands": ["cloud_functions.handlers.environment"]}},
        role=workers.arn,
        timeout=20,
        memory_size=256,
        publish=True,
        **more,
    )
    aws.lambda_.Alias(name, name="live", function_name=made.name, function_version=made.version)
    return made

workers = aws.iam.Role("workers", assume_role_policy=trust("lambda.amazonaws.com"))
machines = aws.iam.Role("machines", assume_role_policy=trust("states.amazonaws.com"))
paint = function("paint", environment={{"variables": {{"COLOUR": "{colour}"}}}}, {more})
function("other")
definition = pulumi.Output.json_dumps({{
    "StartAt": "Paint",
    "States": {{
        "Paint": {{
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {{"FunctionName": paint.qualified_arn}},
            "ResultSelector": {{"colour.$": "$.Payload.variables.COLOUR", "style": "{style}"}},
            "End": True,
        }},
    }},
}})
machine = aws.sfn.StateMachine("machine", definition=definition, role_arn=machines.arn, publish=True)
alias = aws.sfn.Alias(
    "machine",
    name="live",
    routing_configurations=[{{"state_machine_version_arn": machine.state_machine_version_arn, "weight": 100}}],
)
pulumi.export("live", alias.arn)
pulumi.export("version", machine.state_machine_version_arn)
"""


@dataclass
class Gallery:
    """One stack with a function in a state machine, in the embedded AWS."""

    cloud: RunningCloud
    directory: Path
    project: str = field(default_factory=lambda: unique("gallery"))
    state: Snapshot = field(default_factory=Snapshot)
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def provider(self) -> AwsProvider:
        facts = self.cloud.facts
        return AwsProvider(
            root=self.directory,
            endpoint_url=self.cloud.url,
            access_key_id=facts["access_key_id"],
            secret_access_key=facts["secret_access_key"],
        )

    def up(
        self, colour: str, style: str, *, more: str = "", digest: str = "a" * 64, preview: bool = False
    ) -> list[str]:
        """Deploy, or preview: what changed."""
        values = {"colour": colour, "style": style, "more": more, "digest": digest}
        source = _PROGRAM.format(account=ACCOUNT, region=REGION, **values)
        write_program(self.directory, source, project={"name": self.project})
        happened: list[str] = []

        def saw(event: Event) -> None:
            if event.kind in ("create", "update", "replace", "delete"):
                urn = urns.parse(event.urn)
                kind = urn.type.rpartition(":")[2]
                happened.append(f"{event.kind} {kind} {urn.name} {','.join(event.properties)}".strip())

        done = run(self.directory, "dev", preview=preview, provider=self.provider, state=self.state, on_event=saw)
        if not preview:
            self.state, self.outputs = done.snapshot, dict(done.outputs)
        return sorted(happened)

    def start(self, arn: str) -> str:
        return self.cloud.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]

    def result(self, execution: str) -> Any:
        states, deadline = self.cloud.client("stepfunctions"), time.monotonic() + 60
        while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert found["status"] == "SUCCEEDED", found.get("cause")
        return json.loads(found["output"])

    def painted(self, arn: str) -> Any:
        return self.result(self.start(arn))


@pytest.fixture
def gallery(cloud: RunningCloud, tmp_path: Path) -> Gallery:
    return Gallery(cloud, tmp_path)


def test_moving_the_alias_back_brings_back_the_definition_with_its_functions(gallery: Gallery) -> None:
    gallery.up("red", "oil")
    live, first = gallery.outputs["live"], gallery.outputs["version"]
    assert gallery.painted(live) == {"colour": "red", "style": "oil"}

    gallery.up("blue", "watercolour")
    second = gallery.outputs["version"]
    assert gallery.outputs["live"] == live
    assert (first[-2:], second[-2:]) == (":1", ":2")
    assert gallery.painted(live) == {"colour": "blue", "style": "watercolour"}

    states = gallery.cloud.client("stepfunctions")
    states.update_state_machine_alias(
        stateMachineAliasArn=live, routingConfiguration=[{"stateMachineVersionArn": first, "weight": 100}]
    )
    execution = gallery.start(live)
    assert gallery.result(execution) == {"colour": "red", "style": "oil"}
    shown = states.describe_execution(executionArn=execution)
    assert (shown["stateMachineVersionArn"], shown["stateMachineAliasArn"]) == (first, live)
    # The newest is still there to go forward to.
    assert gallery.painted(second) == {"colour": "blue", "style": "watercolour"}


def test_a_change_of_one_function_changes_it_its_alias_and_the_machine_that_calls_it(gallery: Gallery) -> None:
    gallery.up("red", "oil")
    expected = [
        "update Alias machine routingConfigurations",
        "update Alias paint functionVersion",
        "update Function paint environment",
        "update StateMachine machine definition",
    ]
    assert gallery.up("blue", "oil", preview=True) == expected
    assert gallery.up("blue", "oil") == expected
    assert gallery.up("blue", "oil") == []


def test_a_change_of_the_definition_alone_leaves_functions_as_they_are(gallery: Gallery) -> None:
    gallery.up("red", "oil")
    expected = ["update Alias machine routingConfigurations", "update StateMachine machine definition"]
    assert gallery.up("red", "chalk", preview=True) == expected
    assert gallery.up("red", "chalk") == expected


def test_what_is_no_part_of_a_version_makes_none(gallery: Gallery) -> None:
    gallery.up("red", "oil")
    for more, changed in (
        ("reserved_concurrent_executions=5", "reservedConcurrentExecutions"),
        ("reserved_concurrent_executions=5, tags={'a': 'b'}", "tagsAll"),
    ):
        expected = [f"update Function paint {changed}"]
        assert gallery.up("red", "oil", more=more, preview=True) == expected
        assert gallery.up("red", "oil", more=more) == expected
    assert gallery.outputs["version"].endswith(":1")


def test_a_new_image_makes_a_new_version_of_everything(gallery: Gallery) -> None:
    gallery.up("red", "oil")
    first = gallery.outputs["version"]
    changed = gallery.up("red", "oil", digest="b" * 64)
    assert changed == [
        "update Alias machine routingConfigurations",
        "update Alias other functionVersion",
        "update Alias paint functionVersion",
        "update Function other imageUri",
        "update Function paint imageUri",
        "update StateMachine machine definition",
    ]
    assert gallery.painted(first) == gallery.painted(gallery.outputs["live"])


def test_aliases_go_before_what_they_point_at_and_nothing_is_left(gallery: Gallery) -> None:
    gallery.up("red", "oil")
    machine = gallery.outputs["version"].removesuffix(":1")
    gone: list[str] = []
    gone_for_good: list[Step] = []

    def saw(event: Event) -> None:
        if event.kind == "delete":
            urn = urns.parse(event.urn)
            gone.append(f"{urn.type.rpartition(':')[2]} {urn.name}")

    done = destroy(gallery.state, provider=gallery.provider, region=REGION, on_event=saw, on_step=gone_for_good.append)
    assert not done.left.resources
    assert gone.index("Alias machine") < gone.index("StateMachine machine")
    assert gone.index("Alias paint") < gone.index("Function paint")
    states = gallery.cloud.client("stepfunctions")
    with pytest.raises(states.exceptions.StateMachineDoesNotExist):
        states.describe_state_machine(stateMachineArn=machine)
