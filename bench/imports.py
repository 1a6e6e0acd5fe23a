"""What a cold start imports: each handler, in a process of its own, against the least that its image needs.

    python -m bench.imports            inside the built images (python -m images build)
    python -m bench.imports --venv     in this environment: another Python, no image needed

`api` is measured against a bare Powertools handler (logger, metrics, tracer), `vision` against bare OpenCV and PyAV. No
handler of ours can do without Powertools, so `vision` is also measured against both together. What is measured is the
process's own CPU time for the import, the least of some rounds in which all take turns: that holds still on a machine
that does other work too.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from images import sandbox
from images.store import Target, read, why_not
from tests.support.functions import deployed

LIMITS: dict[Target, float] = {"api": 1.5, "vision": 1.3}
_POWERTOOLS = """
from aws_lambda_powertools import Logger, Metrics, Tracer
logger, metrics, tracer = Logger(service="bare"), Metrics(namespace="bare", service="bare"), Tracer(service="bare")
@tracer.capture_lambda_handler
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event, context):
    return {}
"""
_DECODERS = "import av, cv2"
# What every contract is made of: no handler of `vision` can be below it.
_MODELS = "import pydantic; pydantic.BaseModel, pydantic.Field, pydantic.TypeAdapter"
_TIMED = "import time\nstart = time.process_time()\n{code}\nprint(time.process_time() - start)"
# Lambda gives the daemon's address, without which Powertools traces nothing.
_VARIABLES = {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000", "AWS_DEFAULT_REGION": "eu-central-1"}

Run = Callable[[Target, str], str]


def main() -> int:
    """The table; 1 when a handler misses its limit and `--strict` is given."""
    parser = argparse.ArgumentParser(prog="bench.imports", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--venv", action="store_true", help="measure in this environment")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is missed")
    arguments = parser.parse_args()
    if arguments.venv:
        where, run = f"this environment, Python {sys.version_info[0]}.{sys.version_info[1]}", _here
    else:
        targets: tuple[Target, ...] = ("api", "vision")
        for target in targets:
            if why := why_not(target):
                print(f"{why} (or --venv)", file=sys.stderr)
                return 2
        where, run = "the images, files read-only", _inside
    programs = _programs()
    best = _measure(programs, run, arguments.rounds)
    return _show(where, best, programs) and arguments.strict


def _programs() -> dict[tuple[Target, str], str]:
    """(image, name) → what is timed. Names of baselines are in brackets."""
    handlers: set[tuple[Target, str]] = {(one.target, one.command.removesuffix(".handler")) for one in deployed()}
    programs: dict[tuple[Target, str], str] = {
        ("api", "[Powertools]"): _POWERTOOLS,
        ("vision", "[OpenCV, PyAV]"): _DECODERS,
        ("vision", "[OpenCV, PyAV, Powertools]"): _DECODERS + _POWERTOOLS,
        ("vision", "[OpenCV, PyAV, pydantic]"): f"{_DECODERS}\n{_MODELS}",
    }
    for target, module in sorted(handlers):
        programs[target, module] = f"import {module}"
    return programs


def _measure(programs: dict[tuple[Target, str], str], run: Run, rounds: int) -> dict[tuple[Target, str], float]:
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(rounds + 1):  # the first also reads the files into memory, and is never the least
        for (target, name), code in programs.items():
            best[target, name] = min(best[target, name], float(run(target, _TIMED.format(code=code)).split()[-1]))
    return best


def _show(where: str, best: dict[tuple[Target, str], float], programs: dict[tuple[Target, str], str]) -> int:
    bare: dict[Target, float] = {"api": best["api", "[Powertools]"], "vision": best["vision", "[OpenCV, PyAV]"]}
    both = best["vision", "[OpenCV, PyAV, Powertools]"]
    print(f"Import time (CPU) in {where}\n")
    print(f"{'image':8}{'what is imported':46}{'ms':>6}{'ratio':>8}{'limit':>7}{'with Powertools':>17}")
    missed = 0
    for target, name in programs:
        took = best[target, name]
        ratio = took / bare[target]
        own = not name.startswith("[")
        over = own and ratio > LIMITS[target]
        missed += over
        limit = f"{LIMITS[target]:.1f}" if own else ""
        with_both = f"{took / both:.2f}" if target == "vision" else ""
        print(f"{target:8}{name:46}{took * 1000:6.0f}{ratio:8.2f}{limit:>7}{with_both:>17}{'  over' if over else ''}")
    print(f"\nimports: {missed} of {sum(not name.startswith('[') for _, name in programs)} handlers over the limit")
    return missed > 0


def _inside(target: Target, code: str) -> str:
    image = read(target)
    assert image is not None
    with sandbox.popen(image, [image.entrypoint[0], "-c", code], _VARIABLES) as process:
        return _said(process, process.communicate()[0])


def _here(target: Target, code: str) -> str:  # noqa: ARG001 (one environment holds what both images do)
    environment = {"PATH": os.environ["PATH"], **_VARIABLES}
    root = Path(__file__).resolve().parents[1]
    command: Sequence[str] = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment, cwd=root, stdout=-1, stderr=-2) as process:
        return _said(process, process.communicate()[0])


def _said(process: subprocess.Popen[bytes], output: bytes) -> str:
    if process.returncode:
        raise SystemExit(output.decode())
    return output.decode()


if __name__ == "__main__":
    sys.exit(main())
