"""Runs the seeded mistakes through the layers, each in a process and a copy of its own."""

import contextlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lint import cfn, checkov, policies
from lint.findings import exemptions, judge
from lint.mutations import layers, overlay
from lint.mutations.layers import CHECKOV, Caught
from lint.mutations.seeds import Mutation
from tests.support.captured import Captured, Stack
from tests.support.recorder import ROOT

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

_UNMUTATED = "the program as it is"
_OF_THE_PROGRAM = ("infra", "functions")


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


def examine(
    mutations: Sequence[Mutation], *, first: bool, every_test: bool = False, processes: int = 2
) -> Iterator[Outcome]:
    """The unmutated program of every stack that is needed, then the mutations.

    Where the unmutated program is caught, nothing else is tried. With `first` a mistake goes no further than the first
    layer that catches it. The tests, the slowest layer by far, are asked about what no other caught; with `every_test`
    about all. Raises SeedError for a mutation that does not apply, or after which the program asks for the
    very same resources and outputs.
    """
    overlay.check(ROOT, mutations)
    names = overlay.files(ROOT)
    programs = dict.fromkeys((mutation.stack, mutation.addition) for mutation in mutations)
    baseline = [Mutation(name=_UNMUTATED, edits=(), stack=stack, addition=added) for stack, added in programs]

    def tried(all_of: Sequence[Mutation], what: Callable[[_Job], Outcome], *, tests: bool) -> list[Outcome]:
        jobs = [_Job(mutation, names, first=first and bool(mutation.edits), tests=tests) for mutation in all_of]
        return _in_processes(what, jobs, processes)

    unmutated = tried(baseline, _one, tests=False)
    if any(outcome.caught for outcome in unmutated):
        # Whatever else is tried would be caught for that.
        yield from unmutated
        return
    for outcome in unmutated:
        _prepare(outcome)
    # Once more where everything is prepared: that this changes nothing is to be seen, too.
    unmutated = tried(baseline, _one, tests=every_test)
    if any(outcome.caught for outcome in unmutated):
        yield from unmutated
        return
    found = tried(mutations, _one, tests=every_test)
    for outcome in found:
        if outcome.stack and not outcome.caught and not _differs(outcome.stack, _before(outcome.mutation)):
            message = f"{outcome.mutation.name}: the program asks for the same resources and outputs as without it"
            raise overlay.SeedError(message)
    found = _with_checkov([*unmutated, *found], first=first, processes=processes)
    if not every_test:
        left = [outcome.mutation for outcome in found if not outcome.caught and outcome.mutation.edits]
        added = {mutation.addition for mutation in left}
        once = {mutation.addition: mutation for mutation in baseline if mutation.addition in added}
        unmutated = tried(list(once.values()), _tested, tests=True)
        if any(outcome.caught for outcome in unmutated):
            yield from unmutated
            return
        again = {outcome.mutation: outcome for outcome in tried(left, _tested, tests=True)}
        found = [again.get(outcome.mutation, outcome) for outcome in found]
    yield from found


def _in_processes(make: Callable[[_Given], _Made], given: Sequence[_Given], processes: int) -> list[_Made]:
    """Each in a process of its own, which has what is known here by now."""
    made: list[_Made] = []
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for one in pool.imap(make, given, 1):
            made.append(one)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{len(made)} of {len(given)} ")
    if sys.stderr.isatty():
        sys.stderr.write("\r")
    return made


def _prepare(unmutated: Outcome) -> None:
    """Does here, once, what every process would do: reads schemas."""
    if unmutated.stack:
        _ASKED[unmutated.mutation.stack, unmutated.mutation.addition] = unmutated.stack
        list(cfn.findings(unmutated.stack))
        list(policies.findings(unmutated.stack))


def _one(job: _Job) -> Outcome:
    """In a process of its own: modules of the copy are imported, and go with it."""
    with _copied(job) as directory:
        stack, caught = layers.run(directory, job.mutation.stack)
        if stack and not (job.first and caught):
            caught |= layers.lint(stack, _changed(stack, _before(job.mutation)), stop=job.first)
        if job.tests:
            caught |= layers.tests(added=bool(job.mutation.addition))
    return Outcome(mutation=job.mutation, caught=caught, stack=stack)


def _tested(job: _Job) -> Outcome:
    with _copied(job):
        return Outcome(mutation=job.mutation, caught=layers.tests(added=bool(job.mutation.addition)))


@contextlib.contextmanager
def _copied(job: _Job) -> Generator[Path]:
    """A copy with the mistake, to work and import in. What is printed there is dropped."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        directory = Path(name)
        overlay.copy(ROOT, directory, job.names, job.mutation.addition)
        overlay.apply(job.mutation, directory)
        sys.path.insert(0, name)
        # Whoever asks may have imported the program as it is.
        for module in [module for module in sys.modules if module.partition(".")[0] in _OF_THE_PROGRAM]:
            del sys.modules[module]
        os.chdir(directory)
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
    steady = {one.urn for one in before.resources if one.type not in _FOLLOWS_THE_FILES} if before else set[str]()
    return {urn for urn, found in new.items() if found != old.get(urn)} | (steady - new.keys())


def _differs(stack: Stack, before: Stack | None) -> bool:
    return bool(_changed(stack, before)) or before is None or stack.outputs.keys() != before.outputs.keys()


# What changes with the copy's place is not the mistake.
_FOLLOWS_THE_FILES = ("docker-build:index:Image", "aws:s3/bucketObjectv2:BucketObjectv2")


def _with_checkov(outcomes: Sequence[Outcome], *, first: bool, processes: int) -> list[Outcome]:
    plans = {
        index: outcome.stack
        for index, outcome in enumerate(outcomes)
        if outcome.stack and not (first and outcome.caught)
    }
    said = {index: why for index, stack in plans.items() if (why := layers.plannable(stack))}
    named = [(f"plan-{index}", stack) for index, stack in plans.items() if index not in said]
    # Its start takes as long as two plans.
    shares = [dict(share) for part in range(processes) if (share := named[part::processes])]
    explained_by = exemptions()
    for share in _in_processes(checkov.findings_of, shares, processes) if shares else ():
        for name, found in share.items():
            for finding in judge(found, explained_by).unexplained[:1]:
                said[int(name.removeprefix("plan-"))] = str(finding)
    return [
        Outcome(
            mutation=outcome.mutation,
            caught=outcome.caught | ({CHECKOV: said[index]} if index in said else {}),
        )
        for index, outcome in enumerate(outcomes)
    ]
