"""A Lambda function from a container image: arm64, a role and a log group of its own, its variables complete.

Every change is published as a version, and the alias `live` points at the latest. Nothing calls what is not published:
who follows deployments calls the alias, who must not change under way (a version of a state machine) names a version.
Old versions stay, so that what names them can come back; Lambda does not charge for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import pulumi
import pulumi_aws as aws
from pydantic import BaseModel

from infra.access import TRACING_OF_FUNCTIONS, Access, Statement, policy, trust
from infra.components.image import Image
from infra.components.key import Key
from infra.components.queue import DeadLetters, Queue
from infra.naming import Scope, title

_LIVE = "live"
_VISIBILITY_FACTOR = 6
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-queueconfig"""


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    scope: Scope
    description: str
    image: Image
    command: str
    """Dotted path of the handler, the image's command."""
    memory_mb: int
    timeout_seconds: int
    environment: type[BaseModel]
    """The model that the handler reads its variables with: their names are the aliases of its fields."""
    values: Mapping[str, pulumi.Input[str]]
    """A value for each of these variables, no more and no fewer."""
    common_values: Mapping[str, pulumi.Input[str]]
    """Variables of the runtime and of libraries, which no handler reads itself."""
    access: Sequence[Access] = ()
    logs_key: Key
    log_retention_days: int
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = "INFO"
    """Lambda drops what is below, whatever level a library is set to: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    ephemeral_storage_mb: int = 512
    on_failure: DeadLetters | None = None
    """Where events of an asynchronous invocation go when all attempts failed. Without it they are lost."""
    reserved_concurrency: int | None = None
    """Taken out of the account's pool, which keeps 100 for everyone: no other function can use it, and this one never
    gets more. 0 stops the function. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""

    def __post_init__(self) -> None:
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        for what, value, low, high in (
            ("memory_mb", self.memory_mb, 128, 10_240),
            ("timeout_seconds", self.timeout_seconds, 1, 900),
            ("ephemeral_storage_mb", self.ephemeral_storage_mb, 512, 10_240),
        ):
            if not low <= value <= high:
                message = f"{what} is {value}; Lambda takes {low} to {high}"
                raise ValueError(message)
        if self.reserved_concurrency is not None and self.reserved_concurrency < 0:
            message = f"reserved_concurrency is {self.reserved_concurrency}; Lambda takes 0 and more"
            raise ValueError(message)
        wanted = variables(self.environment)
        missing = [name for name in wanted if name not in self.values]
        extra = [name for name in self.values if name not in wanted]
        if missing or extra:
            message = f"{self.environment.__module__}: missing variables {missing}, unknown variables {extra}"
            raise ValueError(message)


def variables(environment: type[BaseModel]) -> tuple[str, ...]:
    """The names of the variables that a model reads: its fields' aliases."""
    return tuple(field.alias or name.upper() for name, field in environment.model_fields.items())


@final
class Function(pulumi.ComponentResource):
    """A function, its role, its log group and its alias."""

    name: pulumi.Output[str]
    """As the dimension of metrics, which are those of all versions together."""
    live_arn: pulumi.Output[str]
    """Of the alias: what calls it gets the version that was deployed last."""
    version_arn: pulumi.Output[str]
    """Of the version that was deployed last; another one after each change."""

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:compute:Function", name, None, opts)
        self.label = name
        self.timeout_seconds = args.timeout_seconds
        self.reserved_concurrency = args.reserved_concurrency
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            name,
            name_prefix=f"/aws/lambda/{args.scope.project}-{args.scope.environment}-{name}-",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key.arn,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            description=f"Execution role of {name}",
            assume_role_policy=trust("lambda.amazonaws.com", scope=args.scope),
            opts=child,
        )
        grants = [_write_logs(logs.arn), TRACING_OF_FUNCTIONS, *args.access]
        if args.on_failure:
            grants.append(args.on_failure.send_access())
        permissions = aws.iam.RolePolicy(name, role=role.id, policy=policy(grants), opts=child)
        function = aws.lambda_.Function(
            name,
            description=args.description,
            package_type="Image",
            image_uri=args.image.uri,
            image_config={"commands": [args.command]},
            architectures=["arm64"],
            role=role.arn,
            memory_size=args.memory_mb,
            timeout=args.timeout_seconds,
            ephemeral_storage={"size": args.ephemeral_storage_mb},
            environment={"variables": {**args.common_values, **args.values}},
            logging_config={
                "log_format": "JSON",
                "log_group": logs.name,
                "application_log_level": args.log_level,
            },
            tracing_config={"mode": "Active"},
            publish=True,
            reserved_concurrent_executions=args.reserved_concurrency,
            # A function that runs before it may do what it does fails once for nothing.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        alias = aws.lambda_.Alias(
            name,
            name=_LIVE,
            description="What was deployed last",
            function_name=function.name,
            function_version=function.version,
            opts=child,
        )
        if args.on_failure:
            aws.lambda_.FunctionEventInvokeConfig(
                name,
                function_name=function.name,
                # A configuration is that of one qualifier: without it the alias would have none.
                qualifier=alias.name,
                maximum_retry_attempts=2,
                destination_config={"on_failure": {"destination": args.on_failure.arn}},
                opts=child,
            )
        self.name = function.name
        self.live = alias.name
        self.live_arn = alias.arn
        self.version_arn = function.qualified_arn
        self._versions = pulumi.Output.concat(function.arn, ":*")
        self.register_outputs({"name": self.name, "live_arn": self.live_arn, "version_arn": self.version_arn})

    def invoke_versions_access(self) -> Access:
        """Calling any published version: what was started before a deployment, or is rolled back, names an old one.

        Without a qualifier, as `$LATEST` is usually called, the ARN does not match.
        """
        return Access(
            (
                Statement(
                    sid=f"Invoke{title(self.label)}", actions=("lambda:InvokeFunction",), resources=(self._versions,)
                ),
            )
        )


@dataclass(frozen=True, kw_only=True)
class ConsumerArgs:
    queue: Queue
    function: Function
    """It must have the queue's `receive_access`, and answer with the messages that failed."""
    batch_size: int = 10
    max_concurrency: int

    def __post_init__(self) -> None:
        needed = _VISIBILITY_FACTOR * self.function.timeout_seconds
        if self.queue.visibility_timeout_seconds < needed:
            message = (
                f"the queue's visibility timeout is {self.queue.visibility_timeout_seconds} s; with a function timeout "
                f"of {self.function.timeout_seconds} s it must be at least {needed} s"
            )
            raise ValueError(message)
        if not 2 <= self.max_concurrency <= 1000:
            message = f"max_concurrency is {self.max_concurrency}; an SQS event source takes 2 to 1000"
            raise ValueError(message)
        reserved = self.function.reserved_concurrency
        if reserved is not None and 0 < reserved < self.max_concurrency:
            # What is throttled counts as received: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
            message = (
                f"{self.function.label} has {reserved} reserved, its queue would run {self.max_concurrency} at once: "
                f"reserve at least as much, or messages end in the dead-letter queue unread"
            )
            raise ValueError(message)


@final
class Consumer(pulumi.ComponentResource):
    """Feeds a function from a queue; a message that failed comes back alone, not with its whole batch."""

    def __init__(self, name: str, args: ConsumerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:compute:Consumer", name, None, opts)
        aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=args.queue.arn,
            function_name=args.function.live_arn,
            batch_size=args.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": args.max_concurrency},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _write_logs(group: pulumi.Output[str]) -> Access:
    return Access(
        (
            Statement(
                sid="WriteLogs",
                actions=("logs:CreateLogStream", "logs:PutLogEvents"),
                resources=(pulumi.Output.concat(group, ":*"),),
            ),
        )
    )
