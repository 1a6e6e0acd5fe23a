"""`make release`, `make promote`, `make promoted`, `make rollback`: see docs/promotion.md."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.configuration import SettingsError
from infra.promotion import Environment, Promotion, PromotionError, path, read
from release import promote
from release.content import ProgramError, of_checkout
from release.git import Checkout, GitError
from release.registry import ImageError, Registry
from release.stacks import ENVIRONMENTS, StackFileError, settings

ROOT = Path(__file__).resolve().parent.parent


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    release = commands.add_parser("release", help="write promotions/dev.json: what dev runs")
    release.add_argument("--outputs", type=Path, help="the dev stack's outputs as JSON; without it Pulumi is asked")
    step = commands.add_parser("promote", help="let the next environment run it")
    step.add_argument("source", choices=ENVIRONMENTS, metavar="FROM")
    step.add_argument("target", choices=ENVIRONMENTS, metavar="TO")
    back = commands.add_parser("rollback", help="let an environment run again what it ran before")
    back.add_argument("environment", choices=ENVIRONMENTS[1:], metavar="ENV")
    for one in (step, back):
        one.add_argument("--yes", action="store_true", help="do not ask")
    check = commands.add_parser("check", help="whether the checkout is what was promoted; exit 1 if not")
    check.add_argument("environment", choices=ENVIRONMENTS, metavar="ENV")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 refused or not wanted."""
    options = _arguments(words)
    desk = promote.Desk(
        checkout=Checkout(ROOT),
        directory=ROOT / "promotions",
        content=lambda: of_checkout(ROOT),
        registry=_registry,
    )
    try:
        return _run(desk, options)
    except (
        promote.RefusedError,
        PromotionError,
        SettingsError,
        StackFileError,
        ImageError,
        GitError,
        ProgramError,
        ClientError,
        BotoCoreError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(desk: promote.Desk, options: argparse.Namespace) -> int:
    match options.command:
        case "release":
            promotion = promote.release(desk, _outputs(options.outputs))
            print(f"promotions/dev.json: {promotion.commit}. Commit it.")
            return 0
        case "promote":
            promotion, description = promote.prepare(desk, options.source, options.target)
        case "rollback":
            promotion = promote.previous(desk, options.environment)
            description = promote.describe(desk, promotion)
        case _:
            promotion = read(desk.directory, options.environment)
            drift = list(promote.drift(desk, promotion))
            print("\n".join(drift) or f"the checkout is what was promoted to {options.environment}")
            return 1 if drift else 0
    print(description)
    return _written(desk, promotion, sure=options.yes)


def _written(desk: promote.Desk, promotion: Promotion, *, sure: bool) -> int:
    if not sure and input("Write it? [y/N] ").strip().lower() not in {"y", "yes"}:
        print("nothing was written")
        return 1
    promote.write(desk, promotion)
    print(f"promotions/{path(desk.directory, promotion.environment).name} is written. Commit it: merging deploys")
    return 0


def _registry(environment: Environment) -> Registry:
    return Registry(settings(ROOT, environment).image_repository)


def _outputs(file: Path | None) -> Mapping[str, str]:
    if file is not None:
        document = json.loads(file.read_text())
        return document.get("outputs", document)
    command = ["pulumi", "stack", "output", "--json", "--stack", "dev"]
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        reason = "the Pulumi command line is not installed: install it, or give --outputs FILE"
        raise promote.RefusedError("the release", (reason,)) from None
    except subprocess.CalledProcessError as error:
        raise promote.RefusedError("the release", (error.stderr.strip(),)) from None
    return json.loads(ran.stdout)


if __name__ == "__main__":
    sys.exit(main())
