"""`make preflight STACK=prod`: what would fail in the target account, before anything exists there."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from infra.promotion import Promotion, PromotionError, read
from infra.settings import SettingsError
from release import aws
from release.content import ProgramError
from release.preflight.account import account, services, transcoding
from release.preflight.finding import Check, Finding, Target
from release.preflight.names import certificate, domain, images, names
from release.preflight.permissions import permissions
from release.preflight.quotas import concurrency, reservations, rooms
from release.stacks import StackFileError, settings

ROOT = Path(__file__).resolve().parents[2]
CHECKS: Sequence[Check] = (
    services,
    transcoding,
    concurrency,
    reservations,
    rooms,
    permissions,
    images,
    names,
    domain,
    certificate,
)


def findings(target: Target) -> Iterator[Finding]:
    """Everything that would fail; where the account is another, only that."""
    wrong = list(account(target))
    yield from wrong
    if wrong:
        return
    for check in CHECKS:
        try:
            yield from check(target)
        except (ClientError, BotoCoreError, ProgramError) as error:
            yield Finding(
                what=check.__name__,
                problem=f"could not be looked at: {error}",
                fix="let the caller read it, then run this again",
            )


def main(words: list[str] | None = None) -> int:
    """Exit status: 0 nothing would fail, 1 something would, 2 the stack's own files are wrong."""
    parser = argparse.ArgumentParser(prog="python -m release.preflight", description=__doc__)
    parser.add_argument("stack")
    options = parser.parse_args(words)
    try:
        chosen = settings(ROOT, options.stack)
        promotion = _promotion(chosen.environment, chosen.promotion_directory)
    except (SettingsError, StackFileError, PromotionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    target = Target(root=ROOT, stack=options.stack, settings=chosen, promotion=promotion, client=aws.client)
    found = list(findings(target))
    where = f"{options.stack} in {chosen.account_id}, {chosen.region}"
    if not found:
        print(f"{where}: nothing that would fail was found")
        return 0
    table = Table("what", "problem", "fix", title=f"{where}: {len(found)} findings", show_lines=True)
    for finding in found:
        table.add_row(finding.what, finding.problem, finding.fix)
    Console().print(table)
    return 1


def _promotion(environment: str, directory: str) -> Promotion | None:
    match environment:
        case "staging" | "prod":
            return read(ROOT / directory, environment)
        case _:
            return None


if __name__ == "__main__":
    sys.exit(main())
