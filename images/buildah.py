"""buildah with a storage of its own, which needs no daemon and no kernel module."""

import subprocess

from images.store import store


def buildah(*arguments: str, show: bool = False) -> str:
    """Run it; its last line of standard output. Raises SystemExit with what it said when it fails."""
    storage = ("--storage-driver", "vfs", "--root", str(store() / "storage"), "--runroot", str(store() / "run"))
    done = subprocess.run(
        ["buildah", *storage, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=None if show else subprocess.PIPE,
        stderr=None if show else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"buildah {arguments[0]} failed with {done.returncode}\n{(done.stderr or '').strip()}")
    return ((done.stdout or "").strip().splitlines() or [""])[-1]
