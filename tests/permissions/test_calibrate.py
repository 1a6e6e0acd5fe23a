"""The comparison with IAM's simulator, against a stand-in for it."""

from collections.abc import Sequence
from typing import Any

import pytest

from permissions import calibrate
from permissions.calls import Call
from permissions.policies import Environment


class Simulator:
    """Answers as it was told, and keeps what it was asked."""

    def __init__(self, *denied: str) -> None:
        self.denied, self.asked = denied, list[dict[str, Any]]()

    def simulate_custom_policy(self, **question: Any) -> dict[str, Any]:
        self.asked.append(question)
        decision = "implicitDeny" if question["ActionNames"][0] in self.denied else "allowed"
        return {"EvaluationResults": [{"EvalActionName": question["ActionNames"][0], "EvalDecision": decision}]}


def test_a_simulator_that_agrees_has_nothing_to_say(
    dev: Environment, recorded: Sequence[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = Simulator()
    compared = list(calibrate.compare(simulator, dev, recorded))
    assert calibrate.report(compared, calibrate.not_compared(recorded)) == 0
    assert f"calibrate: {len(simulator.asked)} calls compared, 0 disagreements" in capsys.readouterr().out


def test_a_disagreement_is_printed_with_the_call(
    dev: Environment, recorded: Sequence[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    compared = list(calibrate.compare(Simulator("cloudfront:CreateInvalidation"), dev, recorded))
    assert calibrate.report(compared, {}) == 1
    said = capsys.readouterr().out
    assert "${role:unpublish}: cloudfront:CreateInvalidation on " in said
    assert "allowed here, implicitDeny by IAM" in said


def test_the_simulator_gets_a_user_as_caller_and_the_keys_of_the_call(
    dev: Environment, recorded: Sequence[Call]
) -> None:
    simulator = Simulator()
    list(calibrate.compare(simulator, dev, recorded))
    decrypted = next(asked for asked in simulator.asked if asked["ActionNames"] == ["kms:Decrypt"])
    assert decrypted["CallerArn"].startswith("arn:aws:iam::123456789012:user/")
    names = {entry["ContextKeyName"] for entry in decrypted["ContextEntries"]}
    assert any(name.startswith("kms:encryptioncontext:") for name in names)
    assert not any(name.startswith("aws:principal") for name in names)


def test_calls_of_services_are_listed_as_not_compared(recorded: Sequence[Call]) -> None:
    left_out = calibrate.not_compared(recorded)
    assert any("service" in why for why in left_out)
    assert any("trust" in why for why in left_out)
