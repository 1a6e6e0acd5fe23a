"""Keeps what is judged: a line of JSON for each different need, in the file that `EMBEDDED_RECORD` names.

Lines hold physical names; whoever knows the deployment makes a recording of them that others can replay. Several
processes may write to one file. What `<file>.step` says when a need is first judged is the step that needed it.
"""

from __future__ import annotations

import json
import os
import threading
from functools import lru_cache
from pathlib import Path

from embedded.authorisation.decisions import Allowed
from embedded.authorisation.enforcement import Judged

VARIABLE = "EMBEDDED_RECORD"

PASSING = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:useragent",
        "aws:viaawsservice",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:username",
        "dynamodb:leadingkeys",
        "events:detail-type",
        "kms:encryptioncontextkeys",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:versionid",
        "s3:x-amz-copy-source",
    }
)
"""Keys that are not kept: they differ from run to run, or follow from the caller and the resource."""


def step_file(recording: Path) -> Path:
    """Where the name of the running step is written."""
    return recording.with_name(recording.name + ".step")


class Recorder:
    """A listener of `Enforcement`."""

    def __init__(self, path: Path) -> None:
        self._path, self._step = path, step_file(path)
        self._seen: set[str] = set()
        self._guard = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, judged: Judged) -> None:
        """Write the need down unless its step has had it."""
        caller, check = judged.caller, judged.check
        line = json.dumps(
            {
                "step": self._step.read_text().strip() if self._step.exists() else "",
                "call": judged.operation,
                "caller": caller.role_arn or caller.service or caller.arn,
                "action": check.action,
                "resource": check.resource,
                "keys": {name: list(held) for name, held in sorted(check.context.items()) if name not in PASSING},
                "allowed": isinstance(judged.decision, Allowed),
            },
            ensure_ascii=False,
        )
        with self._guard:
            if line in self._seen:
                return
            self._seen.add(line)
            # One write in append mode: lines of several processes do not mix.
            with self._path.open("ab", buffering=0) as file:
                file.write(f"{line}\n".encode())


@lru_cache(maxsize=1)
def of_environment() -> Recorder | None:
    """The recorder that `EMBEDDED_RECORD` asks for, one per process."""
    name = os.environ.get(VARIABLE)
    return Recorder(Path(name)) if name else None
