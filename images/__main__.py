"""`python -m images build` and `python -m images resolve`: the two images, and what another architecture would get."""

import argparse
import sys
from typing import cast

from images import store
from images.build import build, builder
from images.store import ARCHITECTURES, TARGETS, Architecture, Target
from images.wheels import resolve


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="build the images of this machine's architecture")
    make.add_argument("--base", default=None, help="name:tag@sha256:… (default: a local base of Debian's packages)")
    make.add_argument("--builder", choices=["buildah", "docker"], default=None)
    look = commands.add_parser("resolve", help="resolve the wheels of an architecture from the locks, by hash")
    look.add_argument("architecture", choices=ARCHITECTURES)
    for command in (make, look):
        command.add_argument("targets", nargs="*", metavar="target", help="api, vision (default: both)")
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    targets = cast("list[Target]", arguments.targets) or TARGETS
    if arguments.command == "resolve":
        _resolve(targets, arguments.architecture)
        return 0
    using = arguments.builder or builder()
    for target in targets:
        if store.why_not(target) is None and arguments.base is None:
            print(f"{target}: is of this code already")
        else:
            build(target, using, arguments.base)
        _show(target)
    return 0


def _resolve(targets: tuple[Target, ...] | list[Target], architecture: Architecture) -> None:
    for target in targets:
        wheels = resolve(target, architecture)
        own = sum(not name.endswith("-any.whl") for name in wheels)
        print(f"{target} linux/{architecture}: {len(wheels)} wheels by hash, {own} of them for this architecture")
    print("resolved from the lock only: no image of this architecture was built or run")


def _show(target: Target) -> None:
    built = store.read(target)
    assert built is not None  # noqa: S101 - it was just written
    print(
        f"{target} linux/{built.architecture}: {built.unpacked_bytes / 1e6:.0f} MB, "
        f"{built.compressed_bytes / 1e6:.0f} MB compressed, {built.manifests} manifest, {built.digest}\n"
        f"  archive {store.archive(target)}\n  files   {built.rootfs}\n  sbom    {built.sbom}"
    )


if __name__ == "__main__":
    sys.exit(main())
