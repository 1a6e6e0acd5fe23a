"""The four linters, by name."""

from collections.abc import Callable, Iterator, Mapping

from lint import asl, cfn, checkov, policies
from lint.findings import Finding
from tests.support.captured import Stack

LINTERS: Mapping[str, Callable[[Stack], Iterator[Finding]]] = {
    cfn.TOOL: cfn.findings,
    checkov.TOOL: checkov.findings,
    policies.TOOL: policies.findings,
    asl.TOOL: asl.findings,
}


def findings(stack: Stack) -> Iterator[Finding]:
    """What all of them say."""
    for linter in LINTERS.values():
        yield from linter(stack)
