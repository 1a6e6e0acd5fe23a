"""`python -m embedded.cloud --port N --state DIR`: the embedded AWS in the foreground, until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m embedded.cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state", type=Path, default=Path(".embedded"), help="directory of daemon.json and files")
    parser.add_argument("--region", default="eu-west-1", help="region of presigned and in-process calls")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="checkout that functions run from")
    parser.add_argument("--workers", type=int, default=4, help="functions that may run at the same time")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]  # whatever the shell was set up for is not this cloud's business

    from embedded.cloud.daemon import serve

    serve(
        options.port,
        options.state.resolve(),
        region=options.region,
        root=options.root.resolve(),
        workers=options.workers,
    )


if __name__ == "__main__":
    main()
