"""What the embedded AWS remembers between two commands, as files in one directory.

`daemon.json` (written by the daemon), `stacks/<stack>.json` (every resource and output of a deployment), `stack.json`
(what `shop` reads), `logs/`. The directory is `.embedded` in the checkout, or `$EMBEDDED_HOME`.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from embedded.engine import Deployment, Resource
from embedded.engine.values import from_wire, reveal, to_wire

ROOT = Path(__file__).resolve().parents[1]
_TUPLES = ("dependencies", "aliases", "ignore_changes")


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """A running embedded AWS, as `daemon.json` describes it, and its operator's credentials."""

    pid: int
    port: int
    endpoint_url: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True)
class Home:
    """The directory. `of_environment` finds it."""

    directory: Path

    @classmethod
    def of_environment(cls) -> "Home":
        """`$EMBEDDED_HOME`, or `.embedded` in the checkout."""
        return cls(Path(os.environ.get("EMBEDDED_HOME", ROOT / ".embedded")).resolve())

    @property
    def daemon_log(self) -> Path:
        """Where the daemon writes what it has to say."""
        return self.directory / "logs" / "daemon.log"

    def daemon(self) -> Daemon | None:
        """What `daemon.json` says; whether that process still lives is another question."""
        try:
            facts = json.loads((self.directory / "daemon.json").read_text())
        except FileNotFoundError:
            return None
        return Daemon(**{name: facts[name] for name in Daemon.__dataclass_fields__})

    @contextmanager
    def locked(self) -> Generator[None]:
        """One deployment at a time. Raises `BlockingIOError` if another one is at it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def resources(self, stack: str) -> dict[str, Resource]:
        """The last deployment's resources by URN; empty if there was none."""
        return {entry["urn"]: _resource(entry) for entry in self._document(stack).get("resources", [])}

    def outputs(self, stack: str) -> dict[str, Any] | None:
        """The last deployment's outputs, or `None` if there was none."""
        document = self._document(stack)
        return cast("dict[str, Any]", from_wire(document["outputs"])) if document else None

    def project(self, stack: str) -> str:
        """The project that the stack belongs to."""
        return self._document(stack).get("project", "")

    def save(self, deployment: Deployment) -> None:
        """Remember a deployment."""
        document = {
            "project": deployment.project,
            "stack": deployment.stack,
            "outputs": to_wire(deployment.outputs),
            "resources": [_entry(resource) for resource in deployment.resources],
        }
        _write(self._stack_file(deployment.stack), document)

    def write_stack_file(self, deployment: Deployment, daemon: Daemon, region: str) -> None:
        """Write what `shop` needs to reach the stack."""
        document: dict[str, Any] = {
            "stack": deployment.stack,
            "outputs": reveal(deployment.outputs),
            "aws": {
                "region": region,
                "endpoint_url": daemon.endpoint_url,
                "aws_access_key_id": daemon.access_key_id,
                "aws_secret_access_key": daemon.secret_access_key,
            },
        }
        _write(self.directory / "stack.json", document)

    def forget(self) -> None:
        """Drop everything that only a running daemon gives a meaning."""
        shutil.rmtree(self.directory / "stacks", ignore_errors=True)
        for name in ("stack.json", "daemon.json"):
            (self.directory / name).unlink(missing_ok=True)

    def _stack_file(self, stack: str) -> Path:
        return self.directory / "stacks" / f"{stack}.json"

    def _document(self, stack: str) -> dict[str, Any]:
        try:
            return json.loads(self._stack_file(stack).read_text())
        except FileNotFoundError:
            return {}


def _entry(resource: Resource) -> dict[str, Any]:
    plain = replace(resource, inputs={}, outputs={})
    return {**asdict(plain), "inputs": to_wire(resource.inputs), "outputs": to_wire(resource.outputs)}


def _resource(entry: Mapping[str, Any]) -> Resource:
    facts = dict(entry)
    for name in _TUPLES:
        facts[name] = tuple(facts[name])
    facts["property_dependencies"] = {key: tuple(urns) for key, urns in facts["property_dependencies"].items()}
    return Resource(**{**facts, "inputs": from_wire(facts["inputs"]), "outputs": from_wire(facts["outputs"])})


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(document, indent=1) + "\n")
    draft.replace(path)
