"""`python -m policy.audit`: exit code 1 where Prowler finds what docs/controls.md does not explain."""

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from policy.audit import clouds, judgement, mistakes, prowler
from policy.controls import load


def main() -> int:
    """Deploy, scan, judge, print."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with clouds.deployed(directory / "ours") as cloud:
            ours = prowler.scan(cloud, directory / "ours-findings")
        with clouds.empty(directory / "careless") as cloud:
            mistakes.make(cloud)
            careless = prowler.scan(cloud, directory / "careless-findings")
    controls = load()
    verdicts = judgement.judge(ours.findings, careless.findings, controls)
    for line in judgement.table(verdicts):
        print(line)
    _list(
        "excepted, by control",
        (f"{one.check} {one.explained} ({', '.join(one.controls)})" for one in verdicts if one.explained),
    )
    _list(
        "not counted as proof: these pass on an account of mistakes too",
        (one.check for one in verdicts if not one.proof and one.passed),
    )
    _list("API actions that checks asked for and the embedded AWS lacks", ours.unserved)
    _list("for a person to look at", {one.check for one in ours.findings if one.status == "MANUAL"})
    problems = [
        _list(
            "found, and not explained",
            (f"{finding.check} {finding.resource}: {finding.says}" for one in verdicts for finding in one.unexplained),
        ),
        _list("exceptions that explain nothing", judgement.useless(ours.findings, controls)),
        _list("controls of AWS FSBP that the matrix lacks", judgement.missing(prowler.fsbp(), controls)),
    ]
    print(f"\n{len(verdicts)} checks in {time.monotonic() - began:.0f} s")
    return 1 if any(problems) else 0


def _list(title: str, items: Iterable[str]) -> int:
    found = sorted(items)
    if found:
        print(f"\n{title}:")
        for item in found:
            print(f"  {item}")
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
