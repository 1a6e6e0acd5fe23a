"""The four linters, by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from lint import asl, cfn, checkov, policies
from lint.findings import Finding
from tests.support.captured import Stack

LINTERS: Mapping[str, Callable[[Stack], Iterator[Finding]]] = {
    cfn.TOOL: cfn.findings,
    checkov.TOOL: checkov.findings,
    policies.TOOL: policies.findings,
    asl.TOOL: asl.findings,
}


def findings(stacks: Iterable[Stack]) -> Iterator[Finding]:
    """What all of them say; Checkov of all stacks at once."""
    given = {stack.name: stack for stack in stacks}
    for name, linter in LINTERS.items():
        if name != checkov.TOOL:
            for stack in given.values():
                yield from linter(stack)
    for found in checkov.findings_of(given).values():
        yield from found
