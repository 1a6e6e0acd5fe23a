"""The matrix: who may do what on what, under which conditions, and why; as a snapshot and as a page.

`python -m permissions.matrix` writes both.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from permissions import calls
from permissions.documented import documented
from permissions.necessity import Grant, Run
from permissions.policies import Environment
from permissions.report import BESIDE, STACK, load

MATRIX = Path(__file__).parent / "matrix.txt"
PAGE = Path(__file__).parents[1] / "docs" / "permissions.md"


def lines(environment: Environment) -> list[str]:
    """A line per grant of every policy, sorted: holder, action, resource, conditions. Denials stand with a `!`."""
    return sorted({line for holder in environment.holders.values() for line in _of(environment, holder.label)})


def _of(environment: Environment, label: str) -> Iterator[str]:
    holder, logical = environment.holders[label], environment.names.logical
    for body in holder.statements:
        effect = "" if body["Effect"] == "Allow" else "!"
        who = f" <- {_principal(body['Principal'])}" if "Principal" in body else ""
        conditions = _conditions(body.get("Condition", {}))
        for action in body["Action"]:
            for resource in body.get("Resource", ["-"]):
                yield logical(f"{effect}{label}{who} | {action} | {resource} | {conditions}".rstrip(" |"))


def _principal(principal: str | Mapping[str, str | Sequence[str]]) -> str:
    if isinstance(principal, str):
        return "everyone"
    return " ".join(" ".join([held] if isinstance(held, str) else held) for held in principal.values())


def _conditions(block: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    said = [f"{operator} {key} {' or '.join(held)}" for operator, keys in block.items() for key, held in keys.items()]
    return "; ".join(sorted(said))


def text(environment: Environment) -> str:
    """The snapshot."""
    return "".join(f"{line}\n" for line in lines(environment))


def unreviewed(environment: Environment) -> list[str]:
    """Lines in which the program and the snapshot differ: what somebody has yet to look at."""
    now, reviewed = set(lines(environment)), set(MATRIX.read_text(encoding="utf-8").splitlines())
    return [
        f"not in permissions/matrix.txt: {line}; review it, then make permissions-matrix"
        for line in sorted(now - reviewed)
    ] + [f"no longer granted: {line}; make permissions-matrix" for line in sorted(reviewed - now)]


def page(grants: Sequence[Grant]) -> str:
    """`docs/permissions.md`."""
    made = [
        "# Who may do what",
        "",
        "Written by `make permissions-matrix` from the policies that the program makes and the calls that were",
        "recorded (`permissions/calls.jsonl`) or are documented (`permissions/documented.toml`). `make permissions`",
        "proves that each grant is needed and that none is wider: it changes one part of a policy at a time, and a",
        "recorded call must break or a probe must get through. A test stands for all that need a grant.",
        "",
    ]
    for label in dict.fromkeys(grant.holder for grant in grants):
        made += [f"## {label}", "", "| may | on | needed by |", "|---|---|---|"]
        for grant in grants:
            if grant.holder == label:
                made.append(f"| `{grant.action}` | `{grant.resource}`{_when(grant)} | {_why(grant)} |")
        made.append("")
    return "\n".join(made)


def _when(grant: Grant) -> str:
    return f"<br>{_conditions(grant.conditions)}" if grant.conditions else ""


def _why(grant: Grant) -> str:
    recorded = sorted(call.by for call in grant.calls if not call.documented)
    if recorded:
        return recorded[0].partition("::")[2] or recorded[0]
    return next((call.by for call in grant.calls), "nothing")


def main() -> int:
    """Write the snapshot and the page."""
    environment = load(STACK)
    recorded = calls.read()
    known = [call for call in documented(environment) if call not in set(recorded)]
    run = Run(environment, load(BESIDE), [*recorded, *known])
    MATRIX.write_text(text(environment))
    PAGE.write_text(page(run.grants()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
