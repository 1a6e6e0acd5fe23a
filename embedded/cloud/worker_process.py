"""How a worker's process is started: what it runs, what it sees, and that it ends with the one that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

from embedded.cloud.context import Cloud
from embedded.cloud.function_config import FunctionConfig

# What `python -m awslambdaric` does, in a process that ends when the one that started it does.
_BOOTSTRAP = """
import os, runpy, sys
if sys.platform == "linux":
    import ctypes, signal
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
sys.argv = ["awslambdaric", sys.argv[2]]
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
"""


class _Spawner:
    """Starts processes from one thread that never ends: a parent-death signal follows the *thread* that forked."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[list[str], dict[str, str], Path, Future[subprocess.Popen[bytes]]]] = (
            SimpleQueue()
        )
        threading.Thread(target=self._run, name="spawner", daemon=True).start()

    def spawn(self, arguments: list[str], environment: dict[str, str], directory: Path) -> subprocess.Popen[bytes]:
        future: Future[subprocess.Popen[bytes]] = Future()
        self._wanted.put((arguments, environment, directory, future))
        return future.result()

    def _run(self) -> None:
        while True:
            arguments, environment, directory, future = self._wanted.get()
            try:
                process = subprocess.Popen(
                    arguments,
                    env=environment,
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                future.set_exception(error)
            else:
                future.set_result(process)


_spawner = _Spawner()


def start_runtime(command: str, environment: dict[str, str], directory: Path) -> subprocess.Popen[bytes]:
    """A process that runs the handler `command` under the runtime interface client; its output is one pipe."""
    arguments = [sys.executable, "-c", _BOOTSTRAP, str(os.getpid()), command]
    return _spawner.spawn(arguments, environment, directory)


def scratch(cloud: Cloud) -> Path:
    """Where workers have their temporary directories."""
    directory = cloud.state / "tmp"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def environment_of(config: FunctionConfig, cloud: Cloud, directory: Path) -> dict[str, str]:
    """What a function sees, and nothing of what this process does.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    reserved = {
        "AWS_DEFAULT_REGION": config.region,
        "AWS_EXECUTION_ENV": "AWS_Lambda_Image",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": config.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": config.log_group,
        "AWS_REGION": config.region,
        "LAMBDA_RUNTIME_DIR": str(cloud.root),
        "LAMBDA_TASK_ROOT": str(cloud.root),
        "LANG": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(cloud.root),
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
        "_HANDLER": config.command[0],
    }
    if config.log_level:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = config.log_level
    ours = {"AWS_ENDPOINT_URL": cloud.endpoint_url, "HOME": str(directory), "TMPDIR": str(directory)}
    return ours | config.environment | reserved
