"""Runs the seeded mistakes through the layers, each in a process and a copy of its own."""

import contextlib
import importlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lint import cfn, checkov
from lint.findings import exemptions, judge
from lint.mutations import layers, overlay
from lint.mutations.layers import CHECKOV, Caught
from lint.mutations.seeds import Mutation
from tests.support.captured import Captured, Stack
from tests.support.recorder import ROOT

_EVERY_RUN_IMPORTS = (
    *(
        f"pulumi_aws.{service}"
        for service in (
            "apigatewayv2", "budgets", "cloudfront", "cloudwatch", "dynamodb", "iam", "kms", "lambda_", "s3", "sfn",
            "sns", "sqs", "wafv2",
        )
    ),
    "pulumi_docker_build",
    "pydantic",
)  # fmt: skip
"""Once here, instead of in every process."""

_UNMUTATED = "the program as it is"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a mistake. `stack`: what the program asks for in spite of it."""

    mutation: Mutation
    caught: Caught
    stack: Stack | None = None


@dataclass(frozen=True)
class _Job:
    mutation: Mutation
    names: Sequence[str]
    first: bool
    tests: bool


def examine(mutations: Sequence[Mutation], *, first: bool, processes: int = 2) -> Iterator[Outcome]:
    """The unmutated program of every stack that is needed, then the mutations.

    With `first` a mistake goes no further than the first layer that catches it. Raises SeedError for a mutation that
    does not apply, or after which the program asks for the very same resources.
    """
    overlay.check(ROOT, mutations)
    for module in _EVERY_RUN_IMPORTS:
        importlib.import_module(module)
    names = overlay.files(ROOT)
    programs = dict.fromkeys((mutation.stack, mutation.addition) for mutation in mutations)
    baseline = [Mutation(name=_UNMUTATED, edits=(), stack=stack, addition=added) for stack, added in programs]
    context = multiprocessing.get_context("fork")
    with context.Pool(processes, maxtasksperchild=1) as pool:
        unmutated = pool.map(_one, [_Job(mutation, names, first=False, tests=not first) for mutation in baseline], 1)
    for outcome in unmutated:
        if outcome.stack:
            _ASKED[outcome.mutation.stack, outcome.mutation.addition] = outcome.stack
            # The schemas are read here, once, and every process has them.
            list(cfn.findings(outcome.stack))
    with context.Pool(processes, maxtasksperchild=1) as pool:
        found = pool.map(_one, [_Job(mutation, names, first=first, tests=not first) for mutation in mutations], 1)
        for outcome in found:
            if outcome.stack and not outcome.caught and not _changed(outcome.stack, _before(outcome.mutation)):
                message = f"{outcome.mutation.name}: the program asks for the same resources as without it"
                raise overlay.SeedError(message)
        found = _with_checkov([*unmutated, *found], first=first)
        if first:
            left = [outcome.mutation for outcome in found if not outcome.caught and outcome.mutation.edits]
            tested = pool.map(_tested, [_Job(mutation, names, first=True, tests=True) for mutation in left], 1)
            again = {outcome.mutation: outcome for outcome in tested}
            found = [again.get(outcome.mutation, outcome) for outcome in found]
    yield from found


def _one(job: _Job) -> Outcome:
    """In a process of its own: modules of the copy are imported, and go with it. What the program logs is dropped."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    with _copied(job) as directory:
        sys.path.insert(0, str(directory))
        os.chdir(directory)
        stack, caught = layers.run(directory, job.mutation.stack)
        if stack and not (job.first and caught):
            caught |= layers.lint(stack, _changed(stack, _before(job.mutation)), stop=job.first)
        if job.tests:
            caught |= layers.tests(directory, added=bool(job.mutation.addition))
    return Outcome(mutation=job.mutation, caught=caught, stack=stack)


def _tested(job: _Job) -> Outcome:
    with _copied(job) as directory:
        return Outcome(mutation=job.mutation, caught=layers.tests(directory, added=bool(job.mutation.addition)))


@contextlib.contextmanager
def _copied(job: _Job) -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        directory = Path(name)
        overlay.copy(ROOT, directory, job.names, job.mutation.addition)
        overlay.apply(job.mutation, directory)
        yield directory
        os.chdir(ROOT)


_ASKED: dict[tuple[str, str], Stack] = {}
"""What the program as it is asks for, by stack and addition; every process has it from where it was forked."""


def _before(mutation: Mutation) -> Stack | None:
    return _ASKED.get((mutation.stack, mutation.addition))


def _changed(stack: Stack, before: Stack | None) -> set[str]:
    """URNs of the resources that are others than before; all of them where nothing is known of before."""

    def facts(one: Captured) -> tuple[object, ...]:
        return one.inputs, one.dependencies, one.property_dependencies, one.protect, one.region

    old = {one.urn: facts(one) for one in before.resources} if before else {}
    new = {one.urn: facts(one) for one in stack.resources if one.type not in _FOLLOWS_THE_FILES}
    gone = {one.urn for one in before.resources if one.type not in _FOLLOWS_THE_FILES} - new.keys() if before else set()
    return {urn for urn, found in new.items() if found != old.get(urn)} | gone


# What changes with the copy's place is not the mistake.
_FOLLOWS_THE_FILES = ("docker-build:index:Image", "aws:s3/bucketObjectv2:BucketObjectv2")


def _with_checkov(outcomes: Sequence[Outcome], *, first: bool) -> list[Outcome]:
    plans = {
        f"plan-{index}": outcome.stack
        for index, outcome in enumerate(outcomes)
        if outcome.stack and not (first and outcome.caught)
    }
    unmapped: dict[str, str] = {}
    for name, stack in list(plans.items()):
        said = layers.plannable(stack)
        if said:
            unmapped[name] = said
            del plans[name]
    found = checkov.findings_of(plans) if plans else {}
    explained_by = exemptions()
    made: list[Outcome] = []
    for index, outcome in enumerate(outcomes):
        name = f"plan-{index}"
        unexplained = judge(found.get(name, []), explained_by).unexplained
        said = unmapped.get(name) or (str(unexplained[0]) if unexplained else "")
        caught = outcome.caught | ({CHECKOV: said} if said else {})
        made.append(Outcome(mutation=outcome.mutation, caught=caught))
    return made
