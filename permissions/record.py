"""`python -m permissions.record`: run the end-to-end tests in the embedded AWS and keep what had to be allowed.

With arguments (tests), only these run, and what they need is added to the recording.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedded.authorisation.recording import VARIABLE
from permissions import calls
from permissions.calls import Call
from permissions.names import Deployed, Names

ROOT = Path(__file__).parents[1]
TESTS = ("tests/e2e",)


def main() -> int:
    """Record; what was denied is printed: a test may mean it."""
    chosen = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        raw = Path(directory) / "judged.jsonl"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:randomly", *(chosen or TESTS)],
            cwd=ROOT,
            env={**os.environ, VARIABLE: str(raw)},
            check=False,
        )
        if done.returncode and not chosen:
            return done.returncode
        # What was allowed is worth keeping even where another of the chosen tests failed.
        allowed, denied = read(raw)
    kept = merged([*calls.read(), *allowed]) if chosen else allowed
    calls.write(kept)
    for call in denied:
        sys.stdout.write(f"denied: {call.text()} ({call.by})\n")
    sys.stdout.write(f"{len(allowed)} calls recorded, {len(kept)} in {calls.RECORDING.relative_to(ROOT)}\n")
    return done.returncode


def read(raw: Path) -> tuple[list[Call], list[Call]]:
    """What the recorder wrote, in logical names: allowed, denied."""
    entries: list[dict[str, Any]] = json.loads(Path(f"{raw}.stack").read_text())
    bucket = next(entry["outputs"] for entry in entries if entry["type"].endswith("s3/bucket:Bucket"))
    queue = next(entry["outputs"] for entry in entries if entry["type"].endswith("sqs/queue:Queue"))
    names = Names.of(map(Deployed.read, entries), queue["arn"].split(":")[4], bucket["region"])
    return calls.from_raw(raw.read_text().splitlines(), names)


def merged(made: Sequence[Call]) -> list[Call]:
    """Each call once."""
    return list({call: call for call in reversed(made)}.values())


if __name__ == "__main__":
    sys.exit(main())
