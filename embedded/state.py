"""What the embedded AWS remembers between two commands, as files in one directory.

`daemon.json` (written by the daemon), `stacks/<stack>.json` (every resource and output of a deployment) and
`stacks/<stack>.journal` (what has happened since, a line per step), `shop/<stack>.json` (what `shop` needs to reach a
stack) and `stack.json` (the same of the stack that was deployed last), `logs/`. The directory is `.embedded` in the
checkout, or `$EMBEDDED_HOME`.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from embedded.engine import Deployment, Resource, Snapshot, Step
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

    def snapshot(self, stack: str) -> Snapshot:
        """What the stack consists of, up to the last step that was taken; empty if it was never deployed."""
        document = self._document(stack)
        base = Snapshot(
            resources={entry["urn"]: _resource(entry) for entry in document.get("resources", [])},
            replaced=tuple(_resource(entry) for entry in document.get("replaced", [])),
            begun=tuple(_resource(entry) for entry in document.get("begun", [])),
            outputs=cast("dict[str, Any]", from_wire(document.get("outputs", {}))),
        )
        return base.after(_steps(self._journal(stack)))

    def resources(self, stack: str) -> dict[str, Resource]:
        """The stack's resources by URN; empty if there are none."""
        return dict(self.snapshot(stack).resources)

    def outputs(self, stack: str) -> dict[str, Any] | None:
        """The last deployment's outputs, or `None` if there was none."""
        document = self._document(stack)
        return cast("dict[str, Any]", from_wire(document["outputs"])) if document.get("outputs") else None

    def project(self, stack: str) -> str:
        """The project that the stack belongs to."""
        return self._document(stack).get("project", "")

    def region(self, stack: str) -> str:
        """The region that the stack's default provider has."""
        return self._document(stack)["region"]

    def stacks(self) -> list[str]:
        """The stacks of which anything is left."""
        return sorted(path.stem for path in (self.directory / "stacks").glob("*.json"))

    def begin(self, stack: str, project: str, region: str) -> None:
        """Remember that a stack is about to be deployed."""
        if not self._document(stack):
            self._write_document(stack, {"project": project, "stack": stack, "region": region}, Snapshot())

    @contextmanager
    def journal(self, stack: str) -> Generator[Callable[[Step], None]]:
        """Takes steps; each is in the file when the call returns, so that whoever dies then leaves it to the next."""
        path = self._journal(stack)
        if path.exists():
            # Of a run that was cut short, perhaps in the middle of a line.
            self._write_document(stack, self._facts(stack), self.snapshot(stack))
            path.unlink()
        path.touch(mode=0o600)
        with path.open("a") as file:

            def take(step: Step) -> None:
                line = {"kind": step.kind, "former": step.former, "resource": _entry(step.resource)}
                file.write(json.dumps(line) + "\n")
                file.flush()

            yield take

    def save(self, deployment: Deployment) -> None:
        """Remember a deployment."""
        facts = {"project": deployment.project, "stack": deployment.stack}
        self.keep(deployment.stack, deployment.snapshot, facts)

    def keep(self, stack: str, snapshot: Snapshot, facts: dict[str, str] | None = None) -> None:
        """Remember what a stack consists of, or forget the stack if that is nothing."""
        if snapshot.resources or snapshot.replaced or snapshot.begun:
            self._write_document(stack, self._facts(stack) | (facts or {}), snapshot)
            self._journal(stack).unlink(missing_ok=True)
            return
        for path in (self._stack_file(stack), self._journal(stack), self._shop_file(stack)):
            path.unlink(missing_ok=True)
        current = self.directory / "stack.json"
        if current.exists() and json.loads(current.read_text())["stack"] == stack:
            current.unlink()

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
        _write(self._shop_file(deployment.stack), document)
        _write(self.directory / "stack.json", document)

    def forget(self) -> None:
        """Drop everything that only a running daemon gives a meaning."""
        for name in ("stacks", "shop"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in ("stack.json", "daemon.json"):
            (self.directory / name).unlink(missing_ok=True)

    def _stack_file(self, stack: str) -> Path:
        return self.directory / "stacks" / f"{stack}.json"

    def _journal(self, stack: str) -> Path:
        return self.directory / "stacks" / f"{stack}.journal"

    def _shop_file(self, stack: str) -> Path:
        return self.directory / "shop" / f"{stack}.json"

    def _facts(self, stack: str) -> dict[str, Any]:
        document = self._document(stack)
        return {"project": "", "stack": stack, "region": ""} | {
            key: document[key] for key in ("project", "region") if key in document
        }

    def _write_document(self, stack: str, facts: Mapping[str, Any], snapshot: Snapshot) -> None:
        document = {
            **facts,
            "outputs": to_wire(dict(snapshot.outputs)),
            "resources": [_entry(resource) for resource in snapshot.resources.values()],
            "replaced": [_entry(resource) for resource in snapshot.replaced],
            "begun": [_entry(resource) for resource in snapshot.begun],
        }
        _write(self._stack_file(stack), document)

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


def _steps(journal: Path) -> Generator[Step]:
    """The steps of a journal; a last line that was cut short never happened."""
    if not journal.exists():
        return
    for line in journal.read_text().splitlines():
        try:
            step = json.loads(line)
        except json.JSONDecodeError:
            return
        yield Step(kind=step["kind"], former=step["former"], resource=_resource(step["resource"]))


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(document, indent=1) + "\n")
    draft.replace(path)
