"""What a run over one environment found, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from permissions import calls
from permissions.calls import Call
from permissions.documented import documented, widths
from permissions.necessity import Grant, Outcome, Run, unreplayable
from permissions.policies import Environment, load

STACK, BESIDE = "dev", "prod"


@dataclass(frozen=True)
class Report:
    """The numbers, and what is wrong: a sentence each."""

    roles: int
    recorded: int
    outcome: Outcome
    wrong: Sequence[str]

    @property
    def exercised(self) -> int:
        """Grants that a recorded call needs."""
        return sum(any(not call.documented for call in grant.calls) for grant in self.outcome.grants)

    @property
    def explained(self) -> int:
        """Grants that only a documented call needs."""
        return sum(bool(grant.calls) and all(call.documented for call in grant.calls) for grant in self.outcome.grants)

    @property
    def tried(self) -> int:
        """Mutations."""
        return len(self.outcome.caught) + len(self.outcome.survivors)

    @property
    def summary(self) -> str:
        """The last line."""
        return (
            f"permissions: {self.roles} roles, {len(self.outcome.grants)} grants, {self.exercised} exercised, "
            f"{self.explained} explained, {self.tried} mutations, {len(self.outcome.survivors)} survivors"
        )

    def lines(self, seconds: float) -> list[str]:
        """For the end of the output."""
        found = self.outcome
        said = (
            ("roles", self.roles),
            ("grants", len(found.grants)),
            ("calls recorded", self.recorded),
            ("grants exercised", self.exercised),
            ("grants explained by a page of AWS", self.explained),
            ("probes denied", found.probes),
            ("mutations tried", self.tried),
            ("survivors", len(found.survivors)),
        )
        return [
            *(f"{name:36}{number:6}" for name, number in said),
            f"{'seconds':36}{seconds:6.0f}",
            self.summary,
        ]


def examine() -> Report:
    """Run the program under both stacks' settings, and judge the recording by what it writes."""
    return judge(load(STACK), load(BESIDE), calls.read())


def judge(environment: Environment, beside: Environment, recorded: Sequence[Call]) -> Report:
    """An environment beside another one in the same account."""
    known = documented(environment)
    run = Run(environment, beside, [*recorded, *(call for call in known if call not in set(recorded))])
    found = run.outcome()
    wrong = [f"not recorded and judged: {one}" for one in unreplayable(environment)]
    wrong += [_refused(call) for call in found.refused]
    wrong += [
        f"documented and recorded: {call.text()}; take it out of permissions/documented.toml"
        for call in known
        if call in set(recorded)
    ]
    wrong += [_unused(grant) for grant in found.grants if not grant.calls]
    meant = widths()
    used = dict.fromkeys(meant, False)
    for probe in found.too_wide:
        why = next((width for width in meant if width.explains(probe)), None)
        if why is None:
            wrong.append(f"wider than it must be: {probe.text()}")
        else:
            used[why] = True
    wrong += [
        f"stale width in permissions/documented.toml: {width.caller}, {width.actions}"
        for width, one in used.items()
        if not one
    ]
    wrong += [f"survives: {mutation.holder}, {mutation.what}" for mutation in found.survivors]
    return Report(len(environment.roles), len(recorded), found, wrong)


def _refused(call: Call) -> str:
    if call.documented:
        return f"documented and not granted: {call.text()} ({call.by})"
    return f"no longer allowed: {call.text()}, which {call.by} needs (no longer? make record-permissions)"


def _unused(grant: Grant) -> str:
    return (
        f"granted and never used: {grant.holder}, {grant.sid}: {grant.action} on {grant.resource}; "
        "make record-permissions, or name the page of AWS in permissions/documented.toml"
    )
