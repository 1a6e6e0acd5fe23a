"""`python -m bench.matching photographs | films DIRECTORY… | scale [SIZE…]`: what finding products costs and yields."""

import sys

from bench.matching import films, report_photographs, scale


def main() -> None:
    """The command line."""
    command, *rest = sys.argv[1:] or ["photographs"]
    sys.argv[1:] = rest
    if command == "photographs":
        report_photographs.main()
    elif command == "films":
        films.main()
    elif command == "scale":
        scale.main()
    else:
        sys.exit(f"no such report: {command}; there are photographs, films and scale")


if __name__ == "__main__":
    main()
