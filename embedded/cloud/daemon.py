"""Puts the cloud together, says where it is in `daemon.json`, and takes it down in order."""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
import resource
import shutil
import signal
import threading
from pathlib import Path
from types import FrameType

from moto.core.models import DEFAULT_ACCOUNT_ID

from embedded.cloud import authority, moto_patches
from embedded.cloud.context import Cloud
from embedded.cloud.identity import create_operator
from embedded.cloud.router import Router
from embedded.cloud.server import Server

logger = logging.getLogger(__name__)

PARTS = (
    "authority",
    "s3",
    "dynamodb",
    "destinations",
    "lambdas",
    "eventsource",
    "events",
    "stepfunctions",
    "mediaconvert",
    "cost_explorer",
    "cloudfront",
    "http_apis",
    "cdn",
)
"""Modules of this package that take part, in order; each offers `install(cloud)`."""


class Daemon:
    """One running cloud. `start()` returns once it answers; `stop()` ends its threads and processes."""

    def __init__(self, port: int, state: Path, *, region: str, root: Path, workers: int = 4) -> None:
        self._state = state
        state.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(state / "tmp", ignore_errors=True)  # of workers whose daemon was killed
        moto_patches.apply()
        self._router = Router(region, DEFAULT_ACCOUNT_ID, authority.authorise)
        self._server = Server(port, self._router)
        self.cloud = Cloud(
            endpoint_url=f"http://127.0.0.1:{self._server.port}",
            region=region,
            account_id=DEFAULT_ACCOUNT_ID,
            root=root,
            state=state,
            workers=workers,
        )
        self.access_key_id, self.secret_access_key = create_operator(DEFAULT_ACCOUNT_ID)
        for part in PARTS:
            if importlib.util.find_spec(f"embedded.cloud.{part}") is None:
                continue
            install = getattr(importlib.import_module(f"embedded.cloud.{part}"), "install", None)
            if install is not None:
                install(self.cloud)

    @property
    def router(self) -> Router:
        """The front door."""
        return self._router

    def start(self) -> None:
        """Serve in a thread and write `daemon.json`."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="server", daemon=True)
        thread.start()
        facts = {
            "pid": os.getpid(),
            "port": self._server.port,
            "endpoint_url": self.cloud.endpoint_url,
            "region": self.cloud.region,
            "account_id": self.cloud.account_id,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }
        draft = self._state / "daemon.json.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(facts, indent=2) + "\n")
        draft.replace(self._state / "daemon.json")
        logger.info("the embedded AWS answers at %s", self.cloud.endpoint_url)

    def stop(self) -> None:
        """Take no more requests, end every part, and remove `daemon.json`."""
        (self._state / "daemon.json").unlink(missing_ok=True)
        self.cloud.stop()
        self._server.shutdown()
        self._server.server_close()


def serve(port: int, state: Path, *, region: str, root: Path, workers: int) -> None:
    """Run until SIGTERM or SIGINT."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # every large object is an open file
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    daemon = Daemon(port, state, region=region, root=root, workers=workers)
    daemon.start()
    ended.wait()
    daemon.stop()
