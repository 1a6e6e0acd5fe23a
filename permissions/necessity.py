"""Is every grant needed, and none wider than it must be? Policies are changed one part at a time.

What is dropped must break a recorded call; what is widened must let a probe through that is denied otherwise.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from embedded.authorisation.decisions import Check
from embedded.authorisation.documents import Policy
from permissions.calls import Call
from permissions.judge import NOT_REPLAYED, Asked, Judge
from permissions.policies import Body, Environment, Holder, with_conditions
from permissions.probes import Change, Probe, Prober, guards


@dataclass(frozen=True)
class Mutation:
    """A changed statement; `body` is None where it is gone. `what` says what was done."""

    holder: str
    index: int
    body: Body | None
    what: str
    widens: bool


@dataclass
class Grant:
    """An action on a resource that a policy allows. `calls` are those that need it."""

    holder: str
    sid: str
    index: int
    action: str
    resource: str
    conditions: Mapping[str, Mapping[str, Sequence[str]]]
    calls: list[Call] = field(default_factory=list[Call])


@dataclass(frozen=True)
class Outcome:
    """What a run found. `caught`: mutation → the call or the probe that caught it."""

    grants: Sequence[Grant]
    refused: Sequence[Call]
    """Calls that the policies as they are do not allow."""
    too_wide: Sequence[Probe]
    """Probes that the policies as they are let through."""
    caught: Sequence[tuple[Mutation, str]]
    survivors: Sequence[Mutation]
    probes: int
    """That are denied, as they must be."""


class Run:
    """One environment's policies against recorded calls and the probes that are made from them."""

    def __init__(self, environment: Environment, beside: Environment, calls: Sequence[Call]) -> None:
        self._environment = environment
        self._prober = Prober(environment, beside)
        self._judge = Judge(replace(environment, names=self._prober.names), beside)
        self._calls: dict[str, list[tuple[Call, Asked]]] = {}
        self._denied: dict[str, list[tuple[Probe, Asked]]] = {}
        self.refused: list[Call] = []
        self.too_wide: list[Probe] = []
        guarded = list(guards(environment))
        self._made = [*calls, *(dict.fromkeys(allowed for _, allowed in guarded if allowed))]
        for call in self._made:
            asked = self._judge.ask(call)
            if self._judge.allows(asked):
                self._keep(self._calls, call, asked)
            else:
                self.refused.append(call)
        known = set(self._made)
        for call in calls:
            if call in self.refused:
                continue
            for probe in self._prober.of(call, self._asked_for(call)):
                if probe.call not in known:
                    known.add(probe.call)
                    self._must_be_denied(probe)
        for denied, allowed in guarded:
            self._must_be_denied(Probe(denied, Change("", "", None, "what the policy denies"), allowed or denied))

    def _asked_for(self, call: Call) -> set[str]:
        """Context keys that the statements ask for which let the call through."""
        asked = self._judge.ask(call)
        return {
            condition.key
            for label in asked.holders
            if label in self._environment.holders
            for statement in self._environment.holders[label].policy.statements
            if statement.applies(asked.check.action, asked.check.resource, asked.check.context)
            for condition in statement.conditions
        }

    def _keep(self, kept: dict[str, list[Any]], of: Any, asked: Asked) -> None:  # noqa: ANN401 - a call or a probe
        for holder in asked.holders:
            kept.setdefault(holder, []).append((of, asked))

    def _must_be_denied(self, probe: Probe) -> None:
        asked = self._judge.ask(probe.call)
        if self._judge.allows(asked):
            self.too_wide.append(probe)
        else:
            self._keep(self._denied, probe, asked)

    def grants(self) -> list[Grant]:
        """Every action on every resource that a policy allows, with the calls that need it."""
        made: list[Grant] = []
        for holder in self._holders():
            for index, body in enumerate(holder.statements):
                if body["Effect"] != "Allow":
                    continue
                for action in body["Action"]:
                    for resource in body.get("Resource", ["the role"]):
                        one = {**body, "Action": [action]} | ({"Resource": [resource]} if "Resource" in body else {})
                        grant = Grant(
                            holder=holder.label,
                            sid=str(body.get("Sid", index)),
                            index=index,
                            action=action,
                            resource=self._environment.names.logical(resource),
                            conditions=json.loads(
                                self._environment.names.logical(json.dumps(body.get("Condition", {})))
                            ),
                        )
                        alone = replace(holder, statements=(one,)).policy
                        grant.calls = [call for call, asked in self._of(holder.label) if _covers(alone, asked)]
                        made.append(grant)
        return made

    def _holders(self) -> list[Holder]:
        return sorted(self._environment.holders.values(), key=lambda one: (one.kind != "role", one.label))

    def _of(self, label: str) -> list[tuple[Call, Asked]]:
        return self._calls.get(label, [])

    def outcome(self) -> Outcome:
        """Try every mutation."""
        caught: list[tuple[Mutation, str]] = []
        survivors: list[Mutation] = []
        for holder in self._holders():
            for mutation in self.mutations(holder):
                by = self.catch(holder, mutation)
                if by:
                    caught.append((mutation, by))
                else:
                    survivors.append(mutation)
        denied = {probe for held in self._denied.values() for probe, _ in held}
        return Outcome(self.grants(), self.refused, self.too_wide, caught, survivors, len(denied))

    def catch(self, holder: Holder, mutation: Mutation) -> str:
        """The call that a mutation breaks, or the probe that it lets through; empty if there is none."""
        changed = holder.changed(mutation.index, mutation.body)
        old = replace(holder, statements=(holder.statements[mutation.index],)).policy
        new = replace(holder, statements=(mutation.body,) if mutation.body else ()).policy
        # What denies is the other way round: without it more is allowed, and with more of it less.
        for call, asked in self._of(holder.label):
            if _covers(old, asked) != _covers(new, asked) and not self._judge.allows(asked, holder.label, changed):
                return f"{call.text()} [{call.by}]"
        for probe, asked in self._denied.get(holder.label, []):
            if _covers(old, asked) != _covers(new, asked) and self._judge.allows(asked, holder.label, changed):
                return probe.text()
        return ""

    def mutations(self, holder: Holder) -> Iterator[Mutation]:
        """Every change of a holder's policy."""
        for index, body in enumerate(holder.statements):
            sid = body.get("Sid", index)

            def made(
                what: str, changed: Body | None, *, widens: bool, index: int = index, sid: object = sid
            ) -> Mutation:
                return Mutation(holder.label, index, changed, f"{sid}: {what}", widens)

            allows = body["Effect"] == "Allow"
            for element in ("Action", "Resource"):
                values: list[str] = body.get(element, [])
                for value in values:
                    left = [other for other in values if other != value]
                    if not left and element == "Resource":
                        continue
                    said = f"without {self._environment.names.logical(value)}"
                    yield made(said, {**body, element: left} if left else None, widens=not allows)
            for operator, keys in body.get("Condition", {}).items():
                for key in keys:
                    rest = {**body["Condition"], operator: {k: v for k, v in keys.items() if k != key}}
                    yield made(f"without the condition {key}", with_conditions(body, rest), widens=allows)
            if allows:
                for what, changed in self._widened(holder, body):
                    yield made(what, changed, widens=True)

    def _widened(self, holder: Holder, body: Body) -> Iterator[tuple[str, Body]]:
        resources: list[str] = body.get("Resource", [])
        # The policy of a queue, a topic or a function is about nothing else, whatever it names.
        if (
            resources
            and resources != ["*"]
            and holder.kind in ("role", "bucket")
            and not self._whole(holder, resources)
        ):
            yield "on every resource", {**body, "Resource": ["*"]}
        for service in sorted({action.partition(":")[0] for action in body["Action"]} - {"sts"}):
            if f"{service}:*" not in body["Action"]:
                yield f"every action of {service}", {**body, "Action": [*body["Action"], f"{service}:*"]}
        if body.get("Principal") not in (None, "*"):
            yield "for everyone", {**body, "Principal": "*"}
        yield from self._like_probes(holder, body)

    def _whole(self, holder: Holder, resources: list[str]) -> bool:
        """Whether a bucket's policy is about all of its objects already."""
        name = self._environment.names.physical[holder.subject]
        return holder.kind == "bucket" and f"arn:aws:s3:::{name}/*" in resources

    def _like_probes(self, holder: Holder, body: Body) -> Iterator[tuple[str, Body]]:
        """For each kind of probe of this statement's calls a policy that grants just that."""
        seen: set[tuple[str, str]] = set()
        policy = replace(holder, statements=(body,)).policy
        concrete, logical = self._prober.names.concrete, self._environment.names.logical
        for probe, _ in self._denied.get(holder.label, []):
            change = probe.change
            if change.new is None or change.part in ("", "action", "caller"):
                continue
            element = "Resource" if change.part == "resource" else change.part
            said = (change.kind, element)
            if said in seen or not _covers(policy, self._judge.ask(probe.origin)):
                continue
            seen.add(said)
            old, new = concrete(change.old), concrete(change.new)
            if element == "Resource":
                wider = [_swapped(each, old, new, change.kind) for each in body.get("Resource", [])]
                added = [each for each in wider if each not in body["Resource"]]
                if added:
                    yield f"also on {logical(added[0])}", {**body, "Resource": [*body["Resource"], *added]}
                continue
            for operator, keys in body.get("Condition", {}).items():
                for key, values in keys.items():
                    if key.lower() == element and [v for v in values if old in v]:
                        more = [*values, *(each.replace(old, new) for each in values if old in each)]
                        conditions = {**body["Condition"], operator: {**keys, key: more}}
                        yield f"{key} also {logical(more[-1])}", with_conditions(body, conditions)


def _swapped(resource: str, old: str, new: str, kind: str) -> str:
    if kind == "another prefix":
        bucket, _, first = old.partition("/")
        own = resource.partition("/")
        same = own[0] == bucket and own[2].partition("/")[0].replace("*", "0") == first.partition("/")[0]
        return new if same else resource
    if kind == "unqualified function":
        return new if resource.endswith(":*") and resource[:-2] == new else resource
    return resource.replace(old, new)


def _covers(policy: Policy, asked: Asked) -> bool:
    """Whether a policy's one statement is about the request: caller, action, resource and conditions."""
    check: Check = asked.check
    return any(
        statement.names(asked.caller) and statement.applies(check.action, check.resource, check.context)
        for statement in policy.statements
    )


def unreplayable(environment: Environment) -> list[str]:
    """Conditions on keys that a recording says nothing of, as `holder: key`."""
    return [
        f"{holder.label}: {condition.key}"
        for holder in environment.holders.values()
        for statement in holder.policy.statements
        for condition in statement.conditions
        if condition.key in NOT_REPLAYED
    ]
