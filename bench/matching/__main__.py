"""`python -m bench.matching photographs | films DIRECTORY…`: what finding products costs and yields, in one run."""

import sys

from bench.matching import films, report_photographs


def main() -> None:
    """The command line."""
    command, *rest = sys.argv[1:] or ["photographs"]
    sys.argv[1:] = rest
    if command == "photographs":
        report_photographs.main()
    elif command == "films":
        films.main()
    else:
        sys.exit(f"no such report: {command}; there are photographs and films")


if __name__ == "__main__":
    main()
