"""`python -m lint.mutations`: every seeded mistake, and which layers catch it; exits 1 when one gets through.

Arguments are parts of names: only mistakes that contain one are tried. `--first` stops each at the first layer.
"""

import argparse
import sys
from collections.abc import Sequence

from lint.mutations.layers import LAYERS
from lint.mutations.overlay import SeedError
from lint.mutations.seeds import MUTATIONS
from lint.mutations.suite import Outcome, examine


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m lint.mutations", description=__doc__)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--say", action="store_true", help="what each layer says, too")
    arguments = parser.parse_args()
    names: list[str] = arguments.name
    chosen = [one for one in MUTATIONS if not names or any(name in one.name for name in names)]
    try:
        outcomes = list(examine(chosen, first=arguments.first))
    except SeedError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    _table(outcomes, say=arguments.say)
    wrong = [outcome for outcome in outcomes if not outcome.mutation.edits and outcome.caught]
    for outcome in wrong:
        for layer, said in outcome.caught.items():
            sys.stdout.write(f"without any mistake, {outcome.mutation.stack}: {layer}: {said}\n")
    seeded = [outcome for outcome in outcomes if outcome.mutation.edits]
    caught = sum(bool(outcome.caught) for outcome in seeded)
    sys.stdout.write(f"mutations: {len(seeded)} seeded, {caught} caught\n")
    return 1 if wrong or caught < len(seeded) else 0


def _table(outcomes: Sequence[Outcome], *, say: bool) -> None:
    width = max(len(outcome.mutation.name) for outcome in outcomes) + 2
    sys.stdout.write(" " * width + "  ".join(LAYERS) + "\n")
    for outcome in outcomes:
        marks = "  ".join(("×" if layer in outcome.caught else "·").center(len(layer)) for layer in LAYERS)
        sys.stdout.write(f"{outcome.mutation.name:<{width}}{marks}\n")
        for layer, said in outcome.caught.items() if say else ():
            sys.stdout.write(f"{'':<{width}}{layer}: {said[:200]}\n")


if __name__ == "__main__":
    sys.exit(main())
