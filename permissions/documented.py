"""Calls that are known from AWS's documentation and cannot be recorded here, and widths that are meant."""

import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from permissions.calls import Call
from permissions.policies import Environment
from permissions.probes import Probe

DOCUMENTED = Path(__file__).parent / "documented.toml"
_ROLES_OF = "roles of "


@dataclass(frozen=True, kw_only=True)
class Width:
    """Probes that a policy lets through on purpose: their kinds, the caller and actions (a pattern of `fnmatch`)."""

    why: str
    page: str
    kinds: tuple[str, ...]
    caller: str
    actions: str

    def explains(self, probe: Probe) -> bool:
        """Whether the probe is meant."""
        call = probe.call
        kind = probe.change.kind
        return kind in self.kinds and call.caller == self.caller and fnmatchcase(call.action, self.actions)


def documented(environment: Environment, path: Path = DOCUMENTED) -> list[Call]:
    """Every call of the file. Raises KeyError where an entry lacks a part."""
    return [call for entry in _entries(path, "call") for call in _calls(entry, environment)]


def widths(path: Path = DOCUMENTED) -> list[Width]:
    """Every width of the file."""
    return [
        Width(
            why=entry["why"],
            page=entry["page"],
            kinds=tuple(entry["kinds"]),
            caller=entry["caller"],
            actions=entry["actions"],
        )
        for entry in _entries(path, "width")
    ]


def _entries(path: Path, kind: str) -> Sequence[Mapping[str, Any]]:
    return tomllib.loads(path.read_text()).get(kind, [])


def _calls(entry: Mapping[str, Any], environment: Environment) -> Iterator[Call]:
    for caller in (one for given in entry["callers"] for one in _callers(given, environment)):
        own = caller.partition(":")[2].removesuffix("}")
        for action in entry["actions"]:
            for resource in entry["resources"]:
                by = f"{entry['why']}: {entry['page']}"
                for keys in _keys(entry.get("keys", {}), own):
                    yield Call(caller, action, _of(resource, own), keys, by, documented=True)


def _keys(given: Mapping[str, Any], own: str) -> Iterator[tuple[tuple[str, tuple[str, ...]], ...]]:
    """Every combination of the keys' values."""
    values: list[list[str]] = [value if isinstance(value, list) else [value] for value in given.values()]
    for one in itertools.product(*values):
        yield tuple(sorted((name, (_of(value, own),)) for name, value in zip(given, one, strict=True)))


def _of(text: str, own: str) -> str:
    return text.replace("${caller}", own)


def _callers(given: str, environment: Environment) -> Iterator[str]:
    if not given.startswith(_ROLES_OF):
        yield given
        return
    for holder in sorted(environment.holders.values(), key=lambda one: one.label):
        if holder.kind == "trust" and holder.statements[0]["Principal"] == {"Service": given.removeprefix(_ROLES_OF)}:
            yield f"${{{holder.subject}}}"
