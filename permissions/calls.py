"""Recorded calls: what a role or a service had to be allowed, and which test needed it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from embedded.authorisation.recording import PASSING
from permissions.names import Names

RECORDING = Path(__file__).parent / "calls.jsonl"

Keys = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Call:
    """`caller` is `${role:publish}`, or a service's name; all names are logical, all context keys in lower case."""

    caller: str
    action: str
    resource: str
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by: str = field(default="", compare=False)
    """The test or step that needed it, or the page of AWS that says that it is needed."""
    documented: bool = field(default=False, compare=False)

    def text(self) -> str:
        """For a person."""
        about = ", ".join(f"{name}={' '.join(held)}" for name, held in self.keys)
        return f"{self.caller}: {self.action} on {self.resource}" + (f" ({about})" if about else "")

    def with_key(self, name: str, value: str | None) -> "Call":
        """The call with another value of one key, or without it."""
        keys = {key: held for key, held in self.keys if key != name}
        if value is not None:
            keys[name] = (value,)
        return replace(self, keys=tuple(sorted(keys.items())))


_HEX = re.compile(r"[0-9a-f]{6,}(?:-[0-9a-f]{4,}){0,4}")


def canonical(resource: str) -> str:
    """A resource without what differs from run to run: of an object only the first part of its key is kept."""
    if resource.startswith("arn:aws:s3:::"):
        bucket, slash, key = resource.partition("/")
        first, more, _ = key.partition("/")
        return bucket + slash + _short(first) + ("/x" if more else "")
    head, _, tail = resource.rpartition("}")
    if resource.startswith(("arn:aws:states:", "arn:aws:logs:", "arn:aws:lambda:")):
        return f"{head}}}{_run(tail)}" if head else resource
    if resource.startswith("arn:aws:mediaconvert:"):
        return re.sub(r"(jobs/)[^*]+$", r"\1x", resource)
    return resource


def _short(text: str) -> str:
    return _HEX.sub("0", text)


def _run(tail: str) -> str:
    """What follows the name in an ARN of an execution, of a map run, of a log stream, of a version."""
    if tail.startswith(":log-stream:"):
        return ":log-stream:x"
    if tail.startswith("/"):
        return re.sub(r":.*", ":x", tail)
    return re.sub(r"^:(?!\*$)(?!live$).+", ":1", tail) if tail else tail


def read(path: Path = RECORDING) -> list[Call]:
    """The calls of a recording."""
    return [_read(json.loads(line)) for line in path.read_text().splitlines()]


def _read(entry: Mapping[str, Any]) -> Call:
    keys = tuple(sorted((name, tuple(held)) for name, held in entry.get("keys", {}).items()))
    return Call(entry["caller"], entry["action"], entry["resource"], keys, entry["by"])


def write(calls: Iterable[Call], path: Path = RECORDING) -> None:
    """A line per call, sorted."""
    lines = [
        json.dumps(
            {
                "caller": call.caller,
                "action": call.action,
                "resource": call.resource,
                **({"keys": {name: list(held) for name, held in call.keys}} if call.keys else {}),
                "by": call.by,
            },
            ensure_ascii=False,
        )
        for call in sorted(calls, key=lambda call: (call.caller, call.action, call.resource, call.keys))
    ]
    path.write_text("".join(f"{line}\n" for line in lines))


def from_raw(lines: Iterable[str], names: Names) -> tuple[list[Call], list[Call]]:
    """Calls of a deployment's roles and of AWS services: those allowed, and those denied. Each with its first step."""
    allowed: dict[Call, Call] = {}
    denied: dict[Call, Call] = {}
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        caller = entry["caller"]
        if ":role/" in caller:
            caller = names.logical(caller.rpartition("/")[2])
            if not caller.startswith("${role:"):
                continue
        elif not caller.endswith(".amazonaws.com"):
            continue
        resource = canonical(names.logical(entry["resource"]))
        keys = {
            name: tuple(map(names.logical, held))
            for name, held in entry["keys"].items()
            if name not in PASSING and not name.startswith("aws:resourcetag/")
        }
        call = Call(
            names.logical(caller),
            entry["action"],
            resource,
            tuple(sorted(keys.items())),
            entry["step"].removeprefix("tests/"),
        )
        kept = allowed if entry["allowed"] else denied
        known = kept.get(call)
        if known is None or call.by < known.by:
            kept[call] = call
    return list(allowed.values()), list(denied.values())
