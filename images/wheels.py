"""Resolves an image's wheels from its lock for an architecture that this machine may not have: by hash, nothing built.

It proves that every pinned package has a wheel there and that its hash is in the lock; not that the image runs.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from images.store import ROOT, Architecture, Target

PYTHON = "3.13"
# Newest first; Debian 13 has glibc 2.41.
_PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_MACHINES: dict[Architecture, str] = {"amd64": "x86_64", "arm64": "aarch64"}


def resolve(target: Target, architecture: Architecture) -> list[str]:
    """File names of the wheels. Raises SystemExit with pip's words when one is missing or of another hash."""
    platforms = [f"--platform={name}_{_MACHINES[architecture]}" for name in _PLATFORMS]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
                *("--require-hashes", "--only-binary=:all:", "--no-deps", f"--dest={directory}", *platforms),
                *(f"--python-version={PYTHON}", "--implementation=cp", f"--abi=cp{PYTHON.replace('.', '')}"),
                *("--abi=abi3", "--abi=none", f"--requirement={ROOT / f'requirements-{target}.lock'}"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{target} for {architecture}: {done.stderr.strip()}")
        return sorted(file.name for file in Path(directory).iterdir())
