"""Starts, finds and stops the daemon."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from embedded.commands import CommandError
from embedded.state import ROOT, Daemon, Home

_START_SECONDS = 60
_STOP_SECONDS = 20
_HEALTH = "/_embedded/health"


def running(home: Home) -> Daemon | None:
    """The daemon of this directory, if it answers."""
    daemon = home.daemon()
    return daemon if daemon and _health(daemon) == daemon.pid else None


def start(home: Home, port: int, region: str) -> Daemon:
    """The running daemon, or a new one. Raises `CommandError` where it does not come up."""
    found = running(home)
    if found:
        if port not in (0, found.port):
            message = f"the embedded AWS already runs on port {found.port}: `python -m embedded down` first"
            raise CommandError(message)
        return found
    home.forget()
    home.daemon_log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "embedded.cloud", "--port", str(port), "--state", str(home.directory)]
    with home.daemon_log.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--region", region, "--root", str(ROOT)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = running(home)
        if found:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.05)
    tail = "\n".join(home.daemon_log.read_text(errors="replace").splitlines()[-20:])
    message = f"the embedded AWS did not start; {home.daemon_log} ends with:\n{tail}"
    raise CommandError(message)


def stop(home: Home) -> bool:
    """End the daemon and forget what it held. Whether one was running."""
    daemon = running(home)
    if daemon:
        os.kill(daemon.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while _alive(daemon.pid):
            if time.monotonic() > deadline:
                os.kill(daemon.pid, signal.SIGKILL)
                break
            time.sleep(0.05)
    home.forget()
    return daemon is not None


def required(home: Home) -> Daemon:
    """The running daemon. Raises `CommandError` if there is none."""
    daemon = running(home)
    if daemon is None:
        message = "the embedded AWS is not running: `python -m embedded up`"
        raise CommandError(message)
    return daemon


def _health(daemon: Daemon) -> int | None:
    try:
        with urllib.request.urlopen(f"{daemon.endpoint_url}{_HEALTH}", timeout=5) as answer:  # noqa: S310  (our own)
            facts: dict[str, Any] = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
        return None
    return facts.get("pid")


def _alive(pid: int) -> bool:
    try:
        finished, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        finished = 0
    if finished:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
