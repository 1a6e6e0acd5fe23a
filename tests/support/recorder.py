"""Runs a Pulumi program against mocks and records everything that it registers: assert on the recording, after the run.

Not with `preview=True`: outputs would be unknown and policies could not be read. Not inside `apply`, where a failing
assertion passes silently.
"""

import asyncio
import functools
import json
import runpy
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks, rpc, set_all_config, set_mocks
from pulumi.runtime.settings import SETTINGS, get_root_resource, set_root_resource
from pulumi.runtime.stack import run_pulumi_func

from embedded.engine.project import load_project

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
REGION = "eu-central-1"
_TIMEOUT_SECONDS = 120
STACKS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Recorded:
    """A resource as registered: `inputs` are plain values, `state` adds what only AWS would know."""

    urn: str
    type: str
    name: str
    parent: str
    provider: str
    inputs: Mapping[str, Any]
    state: Mapping[str, Any]
    protect: bool
    ignore_changes: tuple[str, ...]
    dependencies: tuple[str, ...]
    custom: bool

    @property
    def arn(self) -> str:
        return self.state["arn"]

    def document(self, of: str) -> dict[str, Any]:
        """An input that is JSON text."""
        return json.loads(self.inputs[of])


@dataclass
class Recording:
    resources: list[Recorded] = field(default_factory=list)
    invokes: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, *types: str) -> list[Recorded]:
        """Resources whose type ends with one of the given (`s3/bucket:Bucket`)."""
        return [one for one in self.resources if one.type.endswith(tuple(f":{of}" for of in types))]

    def one(self, type_: str, name: str) -> Recorded:
        found = [one for one in self.of(type_) if one.name == name]
        assert len(found) == 1, f"{len(found)} of {type_} {name}"
        return found[0]


class _Account(mocks.Mocks):
    """AWS as far as a program can see it: ids, names and ARNs that differ from each other."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return None, dict(args.inputs)
        kind = args.typ.split("/")[-1].split(":")[-1]
        service = args.typ.split(":")[1].split("/")[0]
        name = next((args.inputs[key] for key in ("name", "bucket") if isinstance(args.inputs.get(key), str)), None)
        name = name or f"{args.name}-0abc123"
        identity = f"{kind}-{args.name}"
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}:{name}"
        if kind == "Alias" and service == "lambda":
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:Function:{args.inputs['functionName']}:{name}"
        if kind == "Alias" and service == "sfn":
            machine, _, _ = args.inputs["routingConfigurations"][0]["stateMachineVersionArn"].rpartition(":")
            arn = f"{machine}:{name}"
        state = {
            **args.inputs,
            "name": name,
            "bucket": args.inputs.get("bucket", name),
            "arn": arn,
            "version": "7",
            "qualifiedArn": f"{arn}:7",
            "stateMachineVersionArn": f"{arn}:7",
            "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}",
            "digest": "sha256:" + "0" * 64,
            "domainName": f"{args.name}.cloudfront.example",
            "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{identity}",
            "invokeUrl": f"https://{args.name}.api.example",
            "bucketRegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        }
        return identity, state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": ACCOUNT,
                "arn": f"arn:aws:iam::{ACCOUNT}:user/test",
                "userId": "U",
                "id": ACCOUNT,
            },
            "aws:index/getPartition:getPartition": {
                "partition": "aws",
                "dnsSuffix": "amazonaws.com",
                "reverseDnsPrefix": "com.amazonaws",
                "id": "aws",
            },
        }
        return answers[args.token], []


class _Monitor(mocks.MockMonitor):
    """Keeps what the mocks are not told: parents, providers, options. Refuses a second resource of the same URN."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(_Account())
        self._recording = recording
        self._urns: set[str] = set()

    def Invoke(self, request: Any) -> Any:  # noqa: N802 (the name in Pulumi's protocol)
        self._recording.invokes.append(request.tok)
        return super().Invoke(request)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return answer
        if answer.urn in self._urns:
            raise ValueError(f"two resources have the URN {answer.urn}")
        self._urns.add(answer.urn)
        self._recording.resources.append(
            Recorded(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                provider=request.provider,
                inputs=rpc.deserialize_properties(request.object),
                state=self.resources[answer.urn].state,
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
                dependencies=tuple(request.dependencies),
                custom=request.custom,
            )
        )
        return answer


def record(
    program: Callable[[], None],
    *,
    project: str = "shoppable-video",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    monitor: mocks.MockMonitor | None = None,
) -> Recording:
    """Runs a program to its end, all outputs resolved. Another `monitor` does its own recording."""
    recording = Recording()
    # The mocks' own stack resource binds its futures to the loop that is current when they are set.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        set_root_resource(None)  # pyright: ignore[reportArgumentType]  (the last run's stack)
        set_mocks(_Account(), project=project, stack=stack, preview=False, monitor=monitor or _Monitor(recording))
        set_all_config(dict(config or {"aws:region": REGION}))
        loop.run_until_complete(
            asyncio.wait_for(run_pulumi_func(lambda: _with_outputs(program, recording)), _TIMEOUT_SECONDS)
        )
    finally:
        # What a failed program left unfinished must not wait in the next one.
        SETTINGS.outputs.clear()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        asyncio.set_event_loop(None)
    return recording


def _with_outputs(program: Callable[[], None], recording: Recording) -> None:
    program()
    exported = cast("Any", get_root_resource()).outputs
    pulumi.Output.all(**exported).apply(recording.outputs.update)


def record_project(directory: Path, stack: str, **settings: str) -> Recording:
    """Runs a project's `__main__.py` under one of its stacks, with some settings replaced."""
    project = load_project(directory, stack, {})
    config = dict(project.config) | {f"{project.name}:{key}": value for key, value in settings.items()}
    return record(lambda: run_main(directory / "__main__.py"), project=project.name, stack=stack, config=config)


@functools.cache
def record_stack(stack: str) -> Recording:
    """The environment under one of its three stacks, with a player of two files."""
    with tempfile.TemporaryDirectory() as player:
        (Path(player) / "index.html").write_text("<!doctype html><title>player</title>")
        (Path(player) / "player.js").write_text("export {};")
        return record_project(ROOT, stack, playerDirectory=player)


def run_main(main: Path) -> None:
    """Runs a program's file."""
    # As Pulumi's language host does: a program finds the modules that lie beside it.
    if str(main.parent) not in sys.path:
        sys.path.insert(0, str(main.parent))
    runpy.run_path(str(main), run_name="__main__")
