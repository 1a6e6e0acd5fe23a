"""`python -m lint [stack …]`: the four linters over the stacks; exits 1 for a finding that nothing explains."""

import argparse
import sys

from lint.findings import exemptions, judge
from lint.linters import LINTERS, findings
from tests.support.captured import captured
from tests.support.recorder import STACKS


def main() -> int:
    """Print what is found."""
    parser = argparse.ArgumentParser(prog="python -m lint", description=__doc__)
    parser.add_argument("stack", nargs="*", choices=[*STACKS, []], help="default: all")
    stacks = parser.parse_args().stack or STACKS
    verdict = judge(findings(captured(stack) for stack in stacks), exemptions())
    for finding in verdict.unexplained:
        sys.stdout.write(f"{finding}\n")
    for exemption in verdict.idle if len(stacks) == len(STACKS) else ():
        sys.stdout.write(f"this exception explains nothing: {exemption}\n")
    unexplained, explained = len(verdict.unexplained), len(verdict.explained)
    sys.stdout.write(
        f"{', '.join(LINTERS)}: {unexplained} findings, and {explained} that lint/exceptions.toml explains\n"
    )
    return 1 if verdict.unexplained or (verdict.idle and len(stacks) == len(STACKS)) else 0


if __name__ == "__main__":
    sys.exit(main())
