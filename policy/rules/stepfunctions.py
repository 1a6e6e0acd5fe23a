"""State machines: https://docs.aws.amazon.com/step-functions/latest/dg/security.html"""

import re
from collections.abc import Iterator

from policy.model import Resource, ResourceRule, Stack, StackRule, every_has, unless

_MACHINE = "sfn/stateMachine:StateMachine"
_UNQUALIFIED = re.compile(r'arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:([A-Za-z0-9_-]+)(?=["*])')


def _logged(machine: Resource) -> Iterator[str]:
    yield from unless(machine.get("loggingConfiguration.level") == "ALL", "not every event is logged")
    yield from unless(machine.get("loggingConfiguration.logDestination"), "its log goes nowhere")


def _own_group(machine: Resource, stack: Stack) -> Iterator[str]:
    groups = machine.sources.get("loggingConfiguration", frozenset[str]())
    made = [group for group in stack.of("cloudwatch/logGroup:LogGroup") if group.urn in groups]
    yield from unless(made, "its log group is not made with the stack")
    for group in made:
        prefix = str(group.get("namePrefix") or group.get("name"))
        yield from unless(prefix.startswith("/aws/vendedlogs/"), f"{prefix} counts against the log resource policy")


def _traced(machine: Resource) -> Iterator[str]:
    yield from unless(machine.get("tracingConfiguration.enabled") is True, "its executions are not traced")


def _encrypted(machine: Resource) -> Iterator[str]:
    yield from unless(
        machine.get("encryptionConfiguration.type") == "CUSTOMER_MANAGED_KMS_KEY"
        and machine.get("encryptionConfiguration.kmsKeyId"),
        "its definition and history are not under a key of ours",
    )


def _published(machine: Resource) -> Iterator[str]:
    yield from unless(machine.get("publish") is True, "no version of it is published: it cannot be rolled back")


def _pinned(machine: Resource) -> Iterator[str]:
    for name in dict.fromkeys(_UNQUALIFIED.findall(str(machine.get("definition")))):
        yield f"it calls {name} without a version: a rollback of it would not be whole"


RULES = (
    ResourceRule(
        name="sfn-logged",
        demands="Every event of an execution is logged",
        types=(_MACHINE,),
        severity="medium",
        check=_logged,
    ),
    StackRule(
        name="sfn-log-group",
        demands="A state machine's log group is made with the stack, under the prefix for vended logs",
        types=(_MACHINE,),
        severity="medium",
        check=_own_group,
    ),
    ResourceRule(
        name="sfn-traced",
        demands="Executions are traced",
        types=(_MACHINE,),
        severity="low",
        check=_traced,
    ),
    ResourceRule(
        name="sfn-encrypted",
        demands="Definition and history are encrypted under a key of ours",
        types=(_MACHINE,),
        severity="medium",
        check=_encrypted,
    ),
    ResourceRule(
        name="sfn-published",
        demands="Each change of a state machine is a version",
        types=(_MACHINE,),
        severity="medium",
        check=_published,
    ),
    every_has(
        name="sfn-alias",
        subject=_MACHINE,
        attachment="sfn/alias:Alias",
        by="routingConfigurations",
        severity="medium",
        demands="Executions start a published version: every state machine has an alias",
    ),
    ResourceRule(
        name="sfn-pinned-functions",
        demands="A version pins the versions of the functions that it calls",
        types=(_MACHINE,),
        severity="medium",
        check=_pinned,
    ),
)
