"""What an audit's findings come to, by the control matrix."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policy.audit.prowler import Finding
from policy.controls import Control


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One check over all its resources."""

    check: str
    service: str
    passed: int
    explained: int
    """Failures that an exception explains."""
    unexplained: tuple[Finding, ...]
    controls: tuple[str, ...]
    """Whose exceptions explain them."""
    proof: bool
    """Whether the check fails somewhere in an account of mistakes: else that it passes says nothing."""


def judge(ours: Sequence[Finding], mistakes: Iterable[Finding], controls: Sequence[Control]) -> tuple[Verdict, ...]:
    """A verdict per check that looked at anything of ours, by service and name."""
    able = {finding.check for finding in mistakes if finding.status == "FAIL"}
    checks = sorted({(finding.service, finding.check) for finding in ours if finding.status in ("PASS", "FAIL")})
    return tuple(_verdict(check, service, ours, controls, proof=check in able) for service, check in checks)


def useless(ours: Sequence[Finding], controls: Sequence[Control]) -> Iterator[str]:
    """Exceptions that explain no failure at all: what they excuse has been put right, or is written wrong."""
    failures = [finding for finding in ours if finding.status == "FAIL"]
    for control in controls:
        for check in control.audit:
            if not any(
                control.explains(check, one.resource, one.environment) for one in failures if one.check == check
            ):
                yield f"{control.id}: {check}"


def missing(known: Iterable[str], controls: Sequence[Control]) -> list[str]:
    """Ids that no control bears."""
    ours = {name for control in controls for name in (control.id, *control.also)}
    return sorted(set(known) - ours)


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line per service: checks and findings."""
    yield f"{'service':16}{'checks':>8}{'proof':>8}{'passed':>8}{'excepted':>10}{'failed':>8}"
    for service in (*sorted({verdict.service for verdict in verdicts}), ""):
        of = [verdict for verdict in verdicts if service in ("", verdict.service)]
        sums = Counter(
            proof=sum(one.proof for one in of),
            passed=sum(one.passed for one in of),
            explained=sum(one.explained for one in of),
            failed=sum(len(one.unexplained) for one in of),
        )
        yield (
            f"{service or 'all':16}{len(of):8}{sums['proof']:8}{sums['passed']:8}"
            f"{sums['explained']:10}{sums['failed']:8}"
        )


def _verdict(check: str, service: str, ours: Sequence[Finding], controls: Sequence[Control], *, proof: bool) -> Verdict:
    mine = [finding for finding in ours if finding.check == check]
    by = {
        finding: [one.id for one in controls if one.explains(check, finding.resource, finding.environment)]
        for finding in mine
        if finding.status == "FAIL"
    }
    return Verdict(
        check=check,
        service=service,
        passed=sum(finding.status == "PASS" for finding in mine),
        explained=sum(bool(ids) for ids in by.values()),
        unexplained=tuple(finding for finding, ids in by.items() if not ids),
        controls=tuple(sorted({name for ids in by.values() for name in ids})),
        proof=proof,
    )
