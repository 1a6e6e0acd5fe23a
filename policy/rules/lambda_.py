"""Functions: https://docs.aws.amazon.com/lambda/latest/dg/lambda-security.html"""

import re
from collections.abc import Iterator, Mapping

from policy.model import Resource, ResourceRule, Stack, StackRule, every_has, forbidden, unless

_FUNCTION = "lambda/function:Function"
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|API_?KEY|PRIVATE|CREDENTIAL", re.IGNORECASE)


def _digest(function: Resource) -> Iterator[str]:
    yield from unless(function.get("packageType") == "Image", "it is no container image")
    yield from unless(_DIGEST.search(str(function.get("imageUri"))), "what runs is named by a tag, which can be moved")


def _traced(function: Resource) -> Iterator[str]:
    yield from unless(function.get("tracingConfig.mode") == "Active", "its calls are not traced")


def _reserved(function: Resource) -> Iterator[str]:
    # -1 is the provider's word for none: https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/
    reserved = function.get("reservedConcurrentExecutions")
    yield from unless(
        reserved is None or reserved == -1 or reserved > 0, "no concurrency is left to it: it can never run"
    )


def _no_secrets(function: Resource) -> Iterator[str]:
    variables: Mapping[str, str] = function.get("environment.variables") or {}
    for name in variables:
        yield from unless(
            not _SECRET.search(name) or name.endswith("_ARN"), f"{name}: variables are read by whoever may look at it"
        )


def _logged(function: Resource, stack: Stack) -> Iterator[str]:
    groups = function.sources.get("loggingConfig", frozenset[str]())
    made = any(group.urn in groups for group in stack.of("cloudwatch/logGroup:LogGroup"))
    yield from unless(made, "its log group is made by Lambda on the first call: never expiring, under no key of ours")


def _structured(function: Resource) -> Iterator[str]:
    yield from unless(function.get("loggingConfig.logFormat") == "JSON", "its log is text: no field can be asked for")


def _own_group(function: Resource, stack: Stack) -> Iterator[str]:
    mine = function.sources.get("loggingConfig", frozenset[str]())
    others = [
        other.name
        for other in stack.of(_FUNCTION)
        if other.urn != function.urn and mine & other.sources.get("loggingConfig", frozenset[str]())
    ]
    yield from unless(not others, f"it logs where {', '.join(others)} log")


def _named_caller(permission: Resource) -> Iterator[str]:
    yield from unless(permission.get("principal") != "*", "anyone may call it")
    yield from unless(
        permission.get("sourceArn") or permission.get("sourceAccount"), "the service may call it for anybody"
    )


def _partial(mapping: Resource) -> Iterator[str]:
    if ":sqs:" in str(mapping.get("eventSourceArn")):
        yield from unless(
            "ReportBatchItemFailures" in mapping.each("functionResponseTypes"),
            "one message that fails brings its whole batch back",
        )


RULES = (
    ResourceRule(
        name="lambda-image-by-digest",
        demands="What runs is an image named by its digest",
        types=(_FUNCTION,),
        severity="high",
        check=_digest,
    ),
    ResourceRule(
        name="lambda-traced",
        demands="Functions are traced",
        types=(_FUNCTION,),
        severity="low",
        check=_traced,
    ),
    ResourceRule(
        name="lambda-can-run",
        demands="No function is throttled to nothing",
        types=(_FUNCTION,),
        severity="medium",
        check=_reserved,
    ),
    ResourceRule(
        name="lambda-no-secrets",
        demands="No variable is called like a secret; where one is needed, its ARN is passed",
        types=(_FUNCTION,),
        severity="critical",
        check=_no_secrets,
    ),
    ResourceRule(
        name="lambda-structured-log",
        demands="Functions log JSON",
        types=(_FUNCTION,),
        severity="low",
        check=_structured,
    ),
    StackRule(
        name="lambda-log-group",
        demands="Every function's log group is made with the stack",
        types=(_FUNCTION,),
        severity="medium",
        check=_logged,
    ),
    StackRule(
        name="lambda-own-log-group",
        demands="No two functions share a log group",
        types=(_FUNCTION,),
        severity="low",
        check=_own_group,
    ),
    every_has(
        name="lambda-alias",
        subject=_FUNCTION,
        attachment="lambda/alias:Alias",
        by="functionName",
        severity="medium",
        demands="Callers call a published version: every function has an alias",
    ),
    ResourceRule(
        name="lambda-named-caller",
        demands="A function's own policy lets in a service for a named source",
        types=("lambda/permission:Permission",),
        severity="critical",
        check=_named_caller,
    ),
    forbidden(
        name="lambda-no-urls",
        types=("lambda/functionUrl:FunctionUrl",),
        severity="high",
        demands="No function has a URL of its own",
        why="what the public calls stands behind CloudFront, with a firewall and limits",
    ),
    ResourceRule(
        name="lambda-partial-failures",
        demands="Of a batch only the messages that failed come back",
        types=("lambda/eventSourceMapping:EventSourceMapping",),
        severity="medium",
        check=_partial,
    ),
)
