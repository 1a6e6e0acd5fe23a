"""Renders docs/controls.md."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from policy.controls import Control
from policy.exemptions import EXEMPTIONS
from policy.model import Rule

_HEAD = """\
# Controls

What others demand of an AWS account, where this project meets it, and what it does not do, with the reason. Ids like
`S3.5` are controls of AWS Foundational Security Best Practices (Security Hub), `AwsSolutions-…` rules of cdk-nag,
`CKV…` checks of Checkov; `project …` are our own. A rule is one of the policy pack in `policy/`, which
`pulumi preview --policy-pack policy` and the tests run. `make audit` explains what Prowler finds by these exceptions.

Written by `make controls` from `policy/controls/` and `policy/rules/`: change those.
"""


def page(controls: Sequence[Control], rules: Sequence[Rule]) -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_services(controls), *_rules(rules)]) + "\n"


def _services(controls: Sequence[Control]) -> Iterator[str]:
    for service, found in groupby(controls, key=lambda control: control.service):
        yield f"## {service}\n"
        yield "| Control | Demands | Met by | Exception |\n|---|---|---|---|"
        for control in found:
            yield _row(
                "<br>".join([f"**{control.id}**", *control.also]),
                control.demands,
                "<br>".join([*(f"`{rule}`" for rule in control.rules), *filter(None, [control.met])]),
                f"*{control.scope}*: {control.exception}" if control.exception else "",
            )
        yield ""


def _rules(rules: Sequence[Rule]) -> Iterator[str]:
    yield "## Rules\n"
    yield "| Rule | Demands | Severity |\n|---|---|---|"
    for rule in rules:
        yield _row(f"`{rule.name}`", rule.demands, rule.severity)
    yield "\n## Where a rule does not hold\n"
    yield "| Rules | Resources | Reason |\n|---|---|---|"
    for exemption in EXEMPTIONS:
        yield _row(" ".join(f"`{rule}`" for rule in exemption.rules), f"`{exemption.resources}`", exemption.reason)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
