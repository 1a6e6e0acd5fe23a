"""The rules as Pulumi's policy SDK takes them."""

from collections.abc import Callable, Iterable, Mapping

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.exemptions import excused
from policy.model import Resource, ResourceRule, Rule, Stack, StackRule
from policy.rules import RULES

NAME = "shoppable-video"
_PREFIX = "aws:"


def serve() -> None:
    """Announce a port on stdout and answer Pulumi's engine on it until it ends the process."""
    PolicyPack(
        name=NAME,
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[policy(rule) for rule in RULES],
    )


def policy(rule: Rule) -> Policy:
    """A rule as a policy."""
    description, severity = f"{rule.demands}.", Severity(rule.severity)
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(
            name=rule.name, description=description, validate=_of_resource(rule), severity=severity
        )
    return StackValidationPolicy(name=rule.name, description=description, validate=_of_stack(rule), severity=severity)


def _of_resource(rule: ResourceRule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    types = {_PREFIX + type_ for type_ in rule.types}

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in types or excused(rule.name, args.urn):
            return
        resource = Resource(
            urn=args.urn, type=args.resource_type, name=args.name, props=args.props, protect=args.opts.protect
        )
        try:
            _report(rule.check(resource), resource, report)
        except UnknownValueError as unknown:
            # The engine asks again when the value is known, and still before the resource is made.
            args.not_applicable(unknown.message)

    return validate


def _of_stack(rule: StackRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    types = {_PREFIX + type_ for type_ in rule.types}

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = Stack(tuple(_resource(one) for one in args.resources))
        for resource in stack.resources:
            if resource.type in types and not excused(rule.name, resource.urn):
                try:
                    _report(rule.check(resource, stack), resource, report)
                except UnknownValueError:
                    continue  # A preview: the deployment asks again.

    return validate


def _resource(found: PolicyResource) -> Resource:
    sources: Mapping[str, frozenset[str]] = {
        name: frozenset(source.urn for source in sources) for name, sources in found.property_dependencies.items()
    }
    return Resource(
        urn=found.urn,
        type=found.resource_type,
        name=found.name,
        props=found.props,
        protect=found.opts.protect,
        sources=sources,
    )


def _report(problems: Iterable[str], resource: Resource, report: ReportViolation) -> None:
    for problem in problems:
        report(f"{resource.name}: {problem}", resource.urn)
