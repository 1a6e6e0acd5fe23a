"""Asks the policy pack as Pulumi's engine does: starts it, reads its port, calls its Analyzer service.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/analyzer.proto
"""

import os
import subprocess
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from embedded.engine.values import to_struct
from tests.support.captured import Captured

PACK = Path(__file__).parents[2] / "policy"
_CALL_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Given:
    """A resource as the engine tells of it."""

    urn: str
    type: str
    name: str
    parent: str = ""
    protect: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class Violation:
    """What a policy reported."""

    policy: str
    urn: str
    message: str
    mandatory: bool


def known(resource: Captured) -> Given:
    """What a capture knows of a resource."""
    return Given(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        parent=resource.parent,
        protect=resource.protect,
        inputs=resource.inputs,
        outputs=resource.outputs,
        dependencies=resource.dependencies,
        property_dependencies=resource.property_dependencies,
    )


class Host:
    """A pack that runs."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._analyzer = analyzer_pb2_grpc.AnalyzerStub(channel)
        self.info = self._analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=_CALL_SECONDS)

    def enforce(self, only: str | None = None) -> None:
        """Make every policy mandatory, or disable all but one."""
        levels = {
            policy.name: analyzer_pb2.MANDATORY if only in (None, policy.name) else analyzer_pb2.DISABLED
            for policy in self.info.policies
        }
        self._analyzer.Configure(
            analyzer_pb2.ConfigureAnalyzerRequest(
                policyConfig={name: analyzer_pb2.PolicyConfig(enforcementLevel=level) for name, level in levels.items()}
            ),
            timeout=_CALL_SECONDS,
        )

    def analyze(self, resource: Given) -> analyzer_pb2.AnalyzeResponse:
        """What the per-resource policies say of a registration."""
        return self._analyzer.Analyze(
            analyzer_pb2.AnalyzeRequest(
                type=resource.type,
                urn=resource.urn,
                name=resource.name,
                properties=to_struct(resource.inputs),
                options=analyzer_pb2.AnalyzerResourceOptions(protect=resource.protect),
            ),
            timeout=_CALL_SECONDS,
        )

    def analyze_stack(self, resources: Iterable[Given]) -> analyzer_pb2.AnalyzeResponse:
        """What the stack policies say of a whole deployment."""
        return self._analyzer.AnalyzeStack(
            analyzer_pb2.AnalyzeStackRequest(resources=[_entry(resource) for resource in resources]),
            timeout=_CALL_SECONDS,
        )

    def violations(self, resources: Iterable[Given]) -> list[Violation]:
        """What all policies say of a deployment."""
        found = list(resources)
        answers = [(one.urn, self.analyze(one)) for one in found] + [("", self.analyze_stack(found))]
        return [
            Violation(
                policy=one.policyName,
                urn=one.urn or urn,
                message=one.message,
                mandatory=one.enforcementLevel == analyzer_pb2.MANDATORY,
            )
            for urn, answer in answers
            for one in answer.diagnostics
        ]


@contextmanager
def running_pack() -> Generator[Host]:
    """Start the pack as the Python language host starts a policy pack: `python -m pulumi.policy <engine> <folder>`."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)],
        cwd=PACK,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
            yield Host(channel)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _entry(resource: Given) -> analyzer_pb2.AnalyzerResource:
    return analyzer_pb2.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        parent=resource.parent,
        properties=to_struct(resource.outputs),
        options=analyzer_pb2.AnalyzerResourceOptions(protect=resource.protect, parent=resource.parent),
        dependencies=resource.dependencies,
        propertyDependencies={
            key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
            for key, urns in resource.property_dependencies.items()
        },
    )
