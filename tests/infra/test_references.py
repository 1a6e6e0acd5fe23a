"""What a stack names by ARN is in the stack, or is meant to lie outside it."""

import json
import re

import pytest

from embedded.engine.values import Archive, Asset
from tests.support.captured import ACCOUNT, captured
from tests.support.recorder import STACKS

_NAMED = re.compile(rf"arn:aws:[a-z0-9-]+:[a-z0-9-]*:{ACCOUNT}:[^\"\\ ,*$]+|arn:aws:s3:::[^\"\\ ,*$/]+")
_OUTSIDE = (
    # The account itself, in policies of keys.
    re.compile(rf"arn:aws:iam::{ACCOUNT}:root"),
    # A setting.
    re.compile(rf"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/.+"),
    # Step Functions makes it: https://docs.aws.amazon.com/step-functions/latest/dg/mediaconvert-iam.html
    re.compile(rf"arn:aws:events:[a-z0-9-]+:{ACCOUNT}:rule/StepFunctionsGetEventsForMediaConvertJobRule"),
)
_PATTERN_OF_A_SERVICE = re.compile(rf"arn:aws:[a-z0-9-]+:[a-z0-9-]*:{ACCOUNT}:[a-z-]+[/:]?")
"""As `rule/` before a `*`."""


def _text(value: object) -> str:
    return json.dumps(value, default=lambda item: "" if isinstance(item, Asset | Archive) else str(item))


def _known(arn: str, stack: str, exist: set[str]) -> bool:
    if any(outside.fullmatch(arn) for outside in _OUTSIDE) or _PATTERN_OF_A_SERVICE.fullmatch(arn):
        return True
    # An execution or a map run is named as its state machine is; what follows an ARN is a part of it.
    machine = re.sub(r":(execution|express):", ":stateMachine:", arn)
    named = {arn, machine}
    return any(name.startswith(one) or one.startswith(name) for name in named for one in exist) or arn.endswith(
        f"shoppable-video-{stack}-"
    )


@pytest.mark.parametrize("stack", STACKS)
def test_every_arn_that_a_stack_names_is_of_a_resource_in_it(stack: str) -> None:
    resources = captured(stack).resources
    exist = {
        str(value)
        for one in resources
        for key, value in one.outputs.items()
        if key not in one.inputs and str(value).startswith("arn:aws:")
    }
    strangers = {
        (one.name, arn)
        for one in resources
        if one.custom and not one.type.startswith("pulumi:")
        for arn in _NAMED.findall(_text(dict(one.inputs)))
        if not _known(arn, stack, exist)
    }
    assert strangers == set()
