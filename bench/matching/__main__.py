"""`python -m bench.matching [all | photographs | grid | speed | scale | films | shots | fit] …`."""

import sys

from bench.matching import fitting, report


def main() -> None:
    """The command line: all that is promised, a part of it, or the choice of weights and thresholds."""
    command, *rest = sys.argv[1:] or ["all"]
    sys.argv[1:] = rest
    if command == "fit":
        fitting.main()
    elif command == "all":
        report.main()
    elif command in report.PARTS:
        sys.argv[1:] = ["--only", command, *rest]
        report.main()
    else:
        sys.exit(f"no such report: {command}; there are all, {', '.join(report.PARTS)} and fit")


if __name__ == "__main__":
    main()
