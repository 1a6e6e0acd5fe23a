"""`python -m permissions.calibrate STACK`: do IAM's own simulator and our evaluator agree on the recorded calls?

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html

The simulator takes a user as caller and no role, and knows no key policies, no grants and no trust policies: what a
role's own policies say is compared, with a user in its place. It needs an account and has not been run here.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from embedded.authorisation.documents import Policy
from permissions import calls
from permissions.calls import Call
from permissions.documented import documented
from permissions.judge import Asked, Judge
from permissions.policies import Environment, Holder, load

_BY_CALLER = ("aws:principal", "aws:resourceaccount", "aws:sourceowner", "aws:viaawsservice")


@dataclass(frozen=True)
class Comparison:
    """A call of a role: what our evaluator says of the role's own policies, and the simulator."""

    call: Call
    ours: bool
    theirs: str

    @property
    def agrees(self) -> bool:
        return self.ours == (self.theirs == "allowed")


def not_compared(made: Sequence[Call]) -> dict[str, int]:
    """Why calls are left out, and how many."""
    found = {
        "made by a service, which has no policies of its own": 0,
        "assuming a role: the simulator knows no trust policies": 0,
    }
    for call in made:
        for why in _left_out(call):
            found[why] += 1
    return {why: number for why, number in found.items() if number}


def _left_out(call: Call) -> list[str]:
    if call.action == "sts:AssumeRole":
        return ["assuming a role: the simulator knows no trust policies"]
    if not call.caller.startswith("${role:"):
        return ["made by a service, which has no policies of its own"]
    return []


def compare(iam: Any, environment: Environment, made: Sequence[Call]) -> Iterator[Comparison]:  # noqa: ANN401 - a boto3 client
    """Ask the simulator about each call of a role."""
    judge = Judge(environment)
    for call in made:
        if _left_out(call):
            continue
        holder = environment.holders[call.caller[2:-1]]
        asked = judge.ask(call)
        answer: dict[str, Any] = iam.simulate_custom_policy(**_question(holder, asked, environment))
        results: list[dict[str, Any]] = answer["EvaluationResults"]
        yield Comparison(call, _own(holder.policy, asked), str(results[0]["EvalDecision"]))


def _own(policy: Policy, asked: Asked) -> bool:
    """Whether the role's own policies allow it."""
    check = asked.check
    met = [one for one in policy.statements if one.applies(check.action, check.resource, check.context)]
    return bool(met) and all(one.allows for one in met)


def _question(holder: Holder, asked: Asked, environment: Environment) -> dict[str, Any]:
    entries = [
        {
            "ContextKeyName": name,
            "ContextKeyValues": list(held),
            "ContextKeyType": "boolean" if held[0] in ("true", "false") else "string",
        }
        for name, held in sorted(asked.check.context.items())
        if not name.startswith(_BY_CALLER)
    ]
    return {
        "PolicyInputList": [holder.text],
        "ActionNames": [asked.check.action],
        "ResourceArns": [asked.check.resource],
        "CallerArn": f"arn:aws:iam::{environment.names.account}:user/simulated",
        "ContextEntries": entries,
    }


def main() -> int:
    """Print every disagreement, and what could not be compared."""
    environment = load(sys.argv[1] if len(sys.argv) > 1 else "dev")
    made = [*calls.read(), *documented(environment)]
    # A client without types: the stubs know fewer kinds of context than the API.
    iam: Any = boto3.client("iam")  # pyright: ignore[reportUnknownMemberType]
    compared = list(compare(iam, environment, made))
    return report(compared, not_compared(made))


def report(compared: Sequence[Comparison], left_out: Mapping[str, int]) -> int:
    """Print; 1 if there is a disagreement."""
    apart = [one for one in compared if not one.agrees]
    for one in apart:
        sys.stdout.write(f"{one.call.text()}: {'allowed' if one.ours else 'denied'} here, {one.theirs} by IAM\n")
    for why, number in left_out.items():
        sys.stdout.write(f"not compared: {number} calls, {why}\n")
    sys.stdout.write("not compared: policies of keys; of all other resources: a role cannot be their caller\n")
    sys.stdout.write(f"calibrate: {len(compared)} calls compared, {len(apart)} disagreements\n")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
