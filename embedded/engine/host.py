"""Runs one Pulumi program against the engine, as Pulumi's Python language host does. A script, never imported.

The configuration comes in `PULUMI_CONFIG` and `PULUMI_CONFIG_SECRET_KEYS`. Exit codes: 0, 1 after an exception that
this process has printed, 32 after an error that is meant for the user and has been logged.
"""

import argparse
import asyncio
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import pulumi
import pulumi.runtime
from pulumi.runtime.config import get_config_env, get_config_secret_keys_env

_USER_ERROR = 32


def main() -> int:
    """Configure the runtime from the command line and run the program inside a stack."""
    parser = argparse.ArgumentParser()
    for option in ("monitor", "engine", "project", "stack", "organization", "root-directory"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program")
    arguments = parser.parse_args()
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=arguments.monitor,
            engine=arguments.engine,
            project=arguments.project,
            stack=arguments.stack,
            parallel=arguments.parallel,
            dry_run=arguments.dry_run,
            organization=arguments.organization,
            root_directory=arguments.root_directory,
        )
    )
    # The runtime sends some six debug messages per resource, each a call that blocks it; the engine drops them all.
    pulumi.log.debug = _ignore
    pulumi.runtime.set_all_config(get_config_env(), get_config_secret_keys_env())
    sys.argv = [arguments.program]
    sys.path[0] = arguments.program

    async def program() -> None:
        runpy.run_path(arguments.program, run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Every registration in flight occupies a thread; the loop's own default would be six on two processors.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=arguments.parallel))
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return _USER_ERROR
    except Exception as error:  # noqa: BLE001  (whatever a program raises is reported to its author)
        traceback.print_exception(error.with_traceback(_from(arguments.program, error.__traceback__)))
        return 1
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
    return 0


def _ignore(*_message: object) -> None:
    """Say nothing."""


def _from(program: str, trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins in the program; all of it where the program does not appear."""
    part = trace
    while part is not None and not part.tb_frame.f_code.co_filename.startswith(program):
        part = part.tb_next
    return part or trace


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
