"""The layers of checks that a mistake must pass to reach an account, from the cheapest to the dearest."""

import dataclasses
import functools
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from lint import asl, cfn, policies
from lint.cloudformation import MappingError
from lint.cloudformation_types import TYPES
from lint.documents import UnknownHolderError
from lint.findings import Finding, exemptions, judge
from lint.naming import short
from lint.terraform import MappingError as PlanError
from lint.terraform import plan
from policy import model
from policy.rules import RULES
from tests.support.captured import Captured, Stack, capture

SETTINGS = "settings"
COMPONENT = "component"
PROGRAM = "program"
ENGINE = "engine"
PACK = "policy pack"
CHECKOV = "checkov"
TESTS = "tests"

LAYERS: Sequence[str] = (
    SETTINGS, COMPONENT, PROGRAM, ENGINE, PACK, policies.TOOL, asl.TOOL, cfn.TOOL, CHECKOV, TESTS,
)  # fmt: skip

Caught = dict[str, str]
"""Layer → the first thing that it says."""


def run(directory: Path, stack: str) -> tuple[Stack | None, Caught]:
    """Run the program of a copy, in this process: what stops it, or what it asks for and what the engine refuses."""
    try:
        made = capture(directory, stack)
    except TimeoutError:
        # A slow machine is no check.
        raise
    except Exception as error:  # noqa: BLE001  (whatever stops the program has caught the mistake)
        return None, {_layer(error): f"{type(error).__name__}: {error}".splitlines()[0]}
    refused = [f"{urn.rpartition('::')[2]}: {why}" for urn, why in made.refused.items()]
    return made, ({ENGINE: refused[0]} if refused else {})


def _layer(error: Exception) -> str:
    if type(error).__name__ == "SettingsError":
        return SETTINGS
    if "Duplicate resource URN" in str(error):
        return ENGINE
    where = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
    return COMPONENT if "__post_init__" in where or isinstance(error, ValueError) else PROGRAM


def unexplained(linter: Callable[[Stack], Iterator[Finding]], stack: Stack) -> Sequence[str]:
    """What a linter finds and nothing explains. A resource that it has no name for is a finding too."""
    try:
        return [str(finding) for finding in judge(linter(stack), exemptions()).unexplained]
    except (MappingError, PlanError, UnknownHolderError, ValueError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]


def _pack(stack: Stack) -> Sequence[str]:
    """What the rules of the policy pack say, as they would be asked about the deployed resources."""
    asked = model.Stack(
        tuple(
            model.Resource(
                urn=one.urn,
                type=one.type,
                name=one.name,
                props=one.outputs,
                protect=one.protect,
                sources={key: frozenset(urns) for key, urns in one.property_dependencies.items()},
            )
            for one in stack.resources
            if one.custom
        )
    )
    return [
        f"{rule.name} {one.name}: {said}"
        for rule in RULES
        for one in asked.of(*rule.types)
        for said in (rule.check(one) if isinstance(rule, model.ResourceRule) else rule.check(one, asked))
    ]


LINTERS: Mapping[str, Callable[[Stack], Iterator[Finding]]] = {
    policies.TOOL: policies.findings,
    asl.TOOL: asl.findings,
    cfn.TOOL: cfn.findings,
}
"""Those that run in this process; Checkov takes all copies at once."""


def lint(stack: Stack, changed: AbstractSet[str], *, stop: bool) -> Caught:
    """What the linters and the policy pack say of a run in which these URNs are others than without the mistake.

    The linters read resources one by one, so that what surrounds a change is enough; the pack gets the whole.
    """
    caught: Caught = {}
    around = _around(stack, changed)
    asked: Mapping[str, Callable[[], Sequence[str]]] = {
        PACK: lambda: _pack(stack),
        **{name: functools.partial(unexplained, linter, around) for name, linter in LINTERS.items()},
    }
    for layer, ask in asked.items():
        said = ask()
        if said:
            caught[layer] = said[0]
            if stop:
                break
    return caught


def _around(stack: Stack, changed: AbstractSet[str]) -> Stack:
    """The changed resources, what they name, what names them, and all that CloudFormation makes one with these."""
    near = changed | {urn for one in stack.resources if one.urn in changed for urn in _names(one)}
    near |= {one.urn for one in stack.resources if not changed.isdisjoint(_names(one))}
    near |= {urn for one in stack.resources if one.urn in near for urn in _hosts(one)}
    near |= {one.urn for one in stack.resources if not near.isdisjoint(_hosts(one))}
    return dataclasses.replace(stack, resources=tuple(one for one in stack.resources if one.urn in near))


def _names(one: Captured) -> set[str]:
    return {urn for urns in one.property_dependencies.values() for urn in urns}


def _hosts(one: Captured) -> set[str]:
    """What this is a part of in CloudFormation: there it would not be whole without."""
    row = TYPES.get(short(one))
    return set(one.property_dependencies.get(row.host, ())) if row and row.host else set()


def tests(directory: Path, *, added: bool) -> Caught:
    """What the infrastructure's own tests say of a copy: the name of the first that fails.

    Of an added component only its own: the others count what there is.
    """
    chosen = ["tests/infra/test_http_api.py"] if added else ["tests/infra", "tests/contract/test_stacks.py"]
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider",
            "--no-header", *chosen,
            # The engine is a layer of its own here.
            "-k", "not the_engine_accepts",
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return {}
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return {TESTS: failed[0] if failed else (done.stdout or done.stderr)[-400:]}


def plannable(stack: Stack) -> str:
    """Why no plan can be made of a run; empty where one can."""
    try:
        plan(stack)
    except PlanError as error:
        return str(error)
    return ""
