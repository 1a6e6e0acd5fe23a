"""Runs a program in an unpacked image as Lambda would: its files read-only, /tmp its own, nobody's user.

A mount namespace and chroot: no container runtime is needed, only root. There is no /dev/shm, as in Lambda.
"""

import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from images.store import Built

# The mounts live in a namespace of their own and end with the program, which takes the shell's place.
_SCRIPT = """
set -eu
root=$1 user=$2 directory=$3
shift 3
mount --bind "$root" "$root"
mount -t tmpfs -o nosuid,nodev,mode=1777,size=512m tmpfs "$root/tmp"
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
for device in null zero random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount --rbind /proc "$root/proc"
mount -o remount,ro,bind "$root"
exec chroot --userspec="$user:$user" "$root" /usr/bin/env --chdir="$directory" "$@"
"""


def popen(
    image: Built, command: Sequence[str], environment: Mapping[str, str], *, output: int | IO[bytes] = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start `command` with the image's variables under `environment`, and nothing of this process's own."""
    variables = dict(one.split("=", 1) for one in image.environment) | dict(environment)
    return subprocess.Popen(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "sandbox"),
            *(str(image.rootfs), image.user, image.working_directory, *command),
        ],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
