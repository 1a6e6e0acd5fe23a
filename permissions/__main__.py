"""`python -m permissions`: is every grant needed, and none wider than it must be? Exits 1 where one is not."""

import sys
import time

from permissions.matrix import unreviewed
from permissions.policies import load
from permissions.report import STACK, examine


def main() -> int:
    """Print what is wrong, and the numbers."""
    began = time.monotonic()
    report = examine()
    wrong = [*report.wrong, *unreviewed(load(STACK))]
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    for line in report.lines(time.monotonic() - began):
        sys.stdout.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
