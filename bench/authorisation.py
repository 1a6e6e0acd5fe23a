"""What it costs that the embedded AWS judges every request: the demo, once, with a watch on the judge.

The cloud runs in this process, deployed, fed and asked as `make demo` does. For each kind of call: how often it was
judged, the CPU time of its judgement, and its part in the CPU time of the whole answer. The last line is the share of
judging in the demo's time by the clock, deployment included. Reported, not asserted: the aim is at most 5 %.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded.authorisation.calls import Call
from embedded.authorisation.enforcement import Enforcement
from embedded.cloud.daemon import Daemon
from embedded.cloud.messages import Request
from embedded.cloud.router import Router

ROOT = Path(__file__).resolve().parents[1]
REGION = "eu-central-1"
AIM = 0.05


class Watch:
    """CPU seconds of threads, by what they were spent on."""

    def __init__(self) -> None:
        self.judged: defaultdict[str, list[float]] = defaultdict(list)
        self.answered: defaultdict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def _timed(
        self, held: defaultdict[str, list[float]], name: Callable[[Any], str], work: Callable[..., Any]
    ) -> Callable[..., Any]:
        def timed(*arguments: Any, **rest: Any) -> Any:  # noqa: ANN401 - whatever is watched
            began = time.thread_time()
            try:
                return work(*arguments, **rest)
            finally:
                spent = time.thread_time() - began
                called = name(arguments)
                with self._lock:
                    held[called].append(spent)

        return timed

    def judge(self, cls: type[Enforcement]) -> None:
        """Watch the requests that come in and the acts of services; one contains no other."""
        act = cls.call
        inside = threading.local()

        def request(self: Enforcement, request: Request) -> object:
            inside.request = True
            try:
                return ask(self, request)
            finally:
                inside.request = False

        def call(self: Enforcement, *arguments: Any, **rest: Any) -> object:  # noqa: ANN401 - passed on
            return (act if getattr(inside, "request", False) else timed_act)(self, *arguments, **rest)

        ask = self._timed(self.judged, lambda given: _name(given[1]), cls.request)
        timed_act = self._timed(self.judged, lambda given: _named(given[2]), act)
        cls.request, cls.call = request, call  # pyright: ignore[reportAttributeAccessIssue]

    def answer(self, cls: type[Router]) -> None:
        """Watch whole answers."""
        cls.__call__ = self._timed(self.answered, lambda given: _name(given[1]), cls.__call__)


def _name(request: Request) -> str:
    return f"{request.service} {request.target or request.method}" if request.caller else "unsigned"


def _named(call: Call) -> str:
    return f"{call.service} {call.operation} (by a service)"


def main() -> int:
    """A line per kind of call, and the share."""
    parser = argparse.ArgumentParser(prog="bench.authorisation", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kinds", type=int, default=12, help="how many kinds of calls to show")
    arguments = parser.parse_args()
    watch = Watch()
    watch.judge(Enforcement)
    watch.answer(Router)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _demo(home, "demo", "make", "--seed", "1", "--out", str(home / "demo"))
        daemon = Daemon(0, home, region=REGION, root=ROOT)
        daemon.start()
        began = time.monotonic()
        try:
            _demo(home, "embedded", "up", "--stack", "dev")
            _demo(home, "shop", "import", str(home / "demo/feed.tsv"), "--images", str(home / "demo/images"))
            _demo(home, "shop", "analyse", str(home / "demo/video.mp4"))
            took = time.monotonic() - began
        finally:
            daemon.stop()
    _show(watch, took, arguments.kinds)
    return 0


def _demo(home: Path, *command: str) -> None:
    environment = {**os.environ, "EMBEDDED_HOME": str(home), "SHOPPABLE_STACK": str(home / "stack.json")}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def _show(watch: Watch, took: float, kinds: int) -> None:
    whole = sum(map(sum, watch.judged.values()))
    print(f"{'call':58}{'judged':>8}{'ms each':>9}{'of its answer':>15}")
    for name, spent in sorted(watch.judged.items(), key=lambda each: -sum(each[1]))[:kinds]:
        answered = sum(watch.answered.get(name, ()))
        share = f"{sum(spent) / answered:>14.0%}" if answered else f"{'':>14}"
        print(f"{name:58}{len(spent):>8}{1000 * sum(spent) / len(spent):>9.2f} {share}")
    count = sum(map(len, watch.judged.values()))
    print(f"{'all':58}{count:>8}{1000 * whole / count:>9.2f}")
    share = whole / took
    verdict = "met" if share <= AIM else "missed"
    print(f"\nauthorisation: {whole:.2f} s of {took:.1f} s, {share:.1%}; aim at most {AIM:.0%}: {verdict}")


if __name__ == "__main__":
    sys.exit(main())
