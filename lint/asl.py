"""An ASL validator (npm's `asl-validator`) over every state machine, its placeholders filled."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lint.findings import Finding
from lint.naming import label
from tests.support.captured import Stack

TOOL = "asl-validator"
_INTEGRATION = re.compile(r'"arn:aws:states:::([^"]+)"')
_SUFFIX = re.compile(r"\.(sync(:2)?|waitForTaskToken)$")
_INTEGRATIONS = {
    # The validator takes any ARN. https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
    *(f"dynamodb:{action}Item" for action in ("get", "put", "update", "delete")),
    "events:putEvents",
    "lambda:invoke",
    "mediaconvert:createJob",
    "s3:getObject",
    "s3:listObjectsV2",
    "sns:publish",
    "sqs:sendMessage",
    "states:startExecution",
}
_SCRIPT = Path(__file__).with_name("asl.mjs")


def findings(stack: Stack) -> Iterator[Finding]:
    """What it says of each machine. Needs node, and `npm ci` done in lint/."""
    machines = {label(machine): machine.inputs["definition"] for machine in stack.of("sfn/stateMachine:StateMachine")}
    for name, messages in _validate(machines).items() if machines else ():
        for message in messages:
            rule, _, text = message.partition(": ")
            yield Finding(TOOL, rule, stack.name, name, text)
        for resource in _INTEGRATION.findall(machines[name]):
            if not resource.startswith("aws-sdk:") and _SUFFIX.sub("", resource) not in _INTEGRATIONS:
                yield Finding(TOOL, "UNKNOWN_INTEGRATION", stack.name, name, resource)


def _validate(machines: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    script = subprocess.run(
        ["node", str(_SCRIPT)], input=json.dumps(machines), capture_output=True, text=True, check=False
    )
    if script.returncode:
        message = f"{_SCRIPT.name}: {script.stderr.strip()}"
        raise RuntimeError(message)
    return json.loads(script.stdout)
