"""A base image of Debian's own packages, for machines that reach no image registry: Debian 13 and its Python 3.13.

It is laid out like the official Python images (`python` and pip below /usr/local), so that one Dockerfile serves both.
It is what the images are *tested* on; what is deployed is built on the base that `BASE` names by digest.
"""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from images.buildah import buildah
from images.store import store

_SUITE = "trixie"
_PACKAGES = "python3,python3-pip-whl,passwd"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The wheel of pip comes from Debian too; the package that brought it goes again.
_SETUP = """
set -eu
rm -f /usr/lib/python3.13/EXTERNALLY-MANAGED
ln -sf /usr/bin/python3.13 /usr/local/bin/python
wheel=$(ls /usr/share/python-wheels/pip-*.whl)
python "$wheel/pip" install --quiet --root-user-action ignore --no-index --no-compile "$wheel"
dpkg --purge python3-pip-whl >/dev/null
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/* /usr/share/doc /usr/share/man /usr/share/locale
find / -xdev -name __pycache__ -type d -prune -exec rm -rf {} +
"""

# Another way of making it is another base.
NAME = f"localhost/shoppable-base:{_SUITE}-{sha256(f'{_PACKAGES} {_PATH} {_SETUP}'.encode()).hexdigest()[:12]}"


def base() -> str:
    """The base's name in buildah's storage; made when it is not there. Needs root and debootstrap."""
    if not buildah("images", "--quiet", "--filter", f"reference={NAME}"):
        _make()
    return NAME


def _make() -> None:
    rootfs = store() / "base"
    shutil.rmtree(rootfs, ignore_errors=True)
    rootfs.parent.mkdir(parents=True, exist_ok=True)
    try:
        _run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(rootfs))
        _run("chroot", str(rootfs), "sh", "-c", _SETUP)
        # Lambda and every builder bring their own devices, and only root may make some.
        shutil.rmtree(rootfs / "dev")
        (rootfs / "dev").mkdir()
        container = buildah("from", "scratch")
        buildah("add", "--quiet", container, str(rootfs), "/")
        buildah("config", "--env", f"PATH={_PATH}", "--env", "LANG=C.UTF-8", container)
        buildah("commit", "--quiet", "--rm", "--timestamp", "0", container, NAME)
    finally:
        shutil.rmtree(rootfs, ignore_errors=True)


def _run(*command: str) -> None:
    log = store() / "base.log"
    with log.open("ab") as sink:
        done = subprocess.run(command, stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name} failed with {done.returncode}; its output is in {log}")
