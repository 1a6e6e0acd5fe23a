"""A Standard state machine from a definition with named placeholders: encrypted, logged, traced, under its own role.

Every change is published as a version, and the alias `live` sends all executions to the latest. A definition names
versions of functions, so a version is whole: with the alias moved back, all of it is as it was. Old versions stay; the
thousandth is the last that can be published before some are deleted
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html).

`${Name}` in the definition is replaced by a value; a placeholder without a value, or a value without a placeholder, is
an error while the program runs, before anything is deployed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import LOG_DELIVERY, TRACING_OF_STATE_MACHINES, Access, Statement, policy, trust
from infra.components.key import Key
from infra.naming import Scope, title

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)\}")
_LIVE = "live"
_DATA_KEY_REUSE_SECONDS = 300
"""60 to 900; longer means fewer calls of KMS, which are paid for."""
_DISTRIBUTED = re.compile(r'"Mode"\s*:\s*"DISTRIBUTED"')


@dataclass(frozen=True, kw_only=True)
class StateMachineArgs:
    scope: Scope
    definition: str
    """Amazon States Language with `${Name}` inside strings."""
    values: Mapping[str, pulumi.Input[str]]
    access: Sequence[Access]
    key: Key
    """Of definition and execution data. Its policy must have `log_delivery_service`."""
    logs_key: Key
    log_retention_days: int

    def __post_init__(self) -> None:
        try:
            document = json.loads(self.definition)
        except ValueError as error:
            message = f"the definition is not JSON: {error}"
            raise ValueError(message) from None
        used = set(_PLACEHOLDER.findall(self.definition))
        missing = sorted(used - set(self.values))
        unused = sorted(set(self.values) - used)
        if missing or unused:
            message = f"placeholders without a value: {missing}; values without a placeholder: {unused}"
            raise ValueError(message)
        if "StartAt" not in document or "States" not in document:
            message = "the definition has no StartAt or no States"
            raise ValueError(message)


@final
class StateMachine(pulumi.ComponentResource):
    """A state machine, its role, its log group and its alias."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    """Without a qualifier: as metrics, events and permissions name it. What starts executions starts `live_arn`."""
    live_arn: pulumi.Output[str]
    """Of the alias."""

    def __init__(self, name: str, args: StateMachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:workflow:StateMachine", name, None, opts)
        self.label = name
        self._key = args.key
        child = pulumi.ResourceOptions(parent=self)
        # A distributed Map starts executions of its own machine, so the role must name the machine before it exists.
        # Only a change of type replaces a state machine, and the type is in the name.
        physical = args.scope.name(name, kind="state machine", of="STANDARD")
        logs = aws.cloudwatch.LogGroup(
            name,
            # Other prefixes count against the size of one resource policy, which the tenth group or so breaks:
            # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
            name_prefix=f"/aws/vendedlogs/states/{args.scope.project}-{args.scope.environment}-{name}-",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key.arn,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            description=f"Execution role of {name}",
            assume_role_policy=trust(
                "states.amazonaws.com",
                scope=args.scope,
                source=args.scope.arn("states", f"stateMachine:{physical}*"),
            ),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=policy(
                [
                    LOG_DELIVERY,
                    TRACING_OF_STATE_MACHINES,
                    _own_data(args, physical),
                    *_own_map_runs(args, physical),
                    *args.access,
                ],
            ),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            name,
            name=physical,
            type="STANDARD",
            definition=pulumi.Output.all(**args.values).apply(
                lambda values: _filled(args.definition, {key: str(value) for key, value in values.items()})
            ),
            role_arn=role.arn,
            logging_configuration={
                "level": "ALL",
                # Inputs and outputs are references to objects, never their content.
                "include_execution_data": True,
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            encryption_configuration={
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kms_key_id": args.key.arn,
                "kms_data_key_reuse_period_seconds": _DATA_KEY_REUSE_SECONDS,
            },
            # The provider has no way to describe a version.
            publish=True,
            # CreateStateMachine tries whether the role may deliver logs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        alias = aws.sfn.Alias(
            name,
            name=_LIVE,
            description="What was deployed last, or was rolled back to",
            routing_configurations=[{"state_machine_version_arn": machine.state_machine_version_arn, "weight": 100}],
            opts=child,
        )
        self.name = machine.name
        self.arn = machine.arn
        self.live_arn = alias.arn
        self._executions = args.scope.arn("states", f"execution:{physical}:*")
        self.register_outputs({"name": self.name, "arn": self.arn, "live_arn": self.live_arn})

    def start_access(self) -> Access:
        """Starting an execution of the alias; its caller needs no key.

        Permission is asked for on the state machine's own ARN, the qualifier is a condition:
        https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
        """
        return Access(
            (
                Statement(
                    sid=f"Start{title(self.label)}",
                    actions=("states:StartExecution",),
                    resources=(self.arn,),
                    conditions={"StringEquals": {"states:StateMachineQualifier": _LIVE}},
                ),
            )
        )

    def describe_access(self) -> Access:
        """Reading an execution's input, error and cause, of whichever version."""
        return Access(
            (
                Statement(
                    sid=f"Describe{title(self.label)}",
                    actions=("states:DescribeExecution",),
                    resources=(self._executions,),
                ),
                self._key.via(
                    "states",
                    ("kms:Decrypt",),
                    purpose=f"Describe{title(self.label)}",
                    context={"aws:states:stateMachineArn": self.arn},
                ),
            )
        )


def _filled(definition: str, values: Mapping[str, str]) -> str:
    # The values stand inside JSON strings, so they are escaped as such.
    return _PLACEHOLDER.sub(lambda found: json.dumps(values[found.group(1)])[1:-1], definition)


def _own_data(args: StateMachineArgs, physical: str) -> Access:
    """The key under which an execution's data is kept, and under which it is handed to log delivery.

    Step Functions calls KMS as the role itself, so a condition on `kms:ViaService` would stop every execution:
    https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    """
    return Access(
        (
            Statement(
                sid="KeepData",
                actions=("kms:Decrypt", "kms:GenerateDataKey"),
                resources=(args.key.arn,),
                conditions={
                    "StringEquals": {
                        "kms:EncryptionContext:aws:states:stateMachineArn": args.scope.arn(
                            "states", f"stateMachine:{physical}"
                        )
                    }
                },
            ),
            Statement(
                sid="DeliverData",
                actions=("kms:GenerateDataKey",),
                resources=(args.key.arn,),
                conditions={"StringEquals": {"kms:EncryptionContext:SourceArn": args.scope.arn("logs", "*")}},
            ),
        )
    )


def _own_map_runs(args: StateMachineArgs, physical: str) -> list[Access]:
    """What a distributed Map needs of its own machine, by its ARN without a qualifier, whichever version runs.

    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    """
    if not _DISTRIBUTED.search(args.definition):
        return []
    return [
        Access(
            (
                Statement(
                    sid="StartMapRuns",
                    actions=("states:StartExecution",),
                    resources=(args.scope.arn("states", f"stateMachine:{physical}"),),
                ),
                Statement(
                    sid="FollowMapRuns",
                    actions=("states:DescribeExecution", "states:StopExecution"),
                    resources=(args.scope.arn("states", f"execution:{physical}:*"),),
                ),
                Statement(
                    sid="RedriveMapRuns",
                    actions=("states:RedriveExecution",),
                    resources=(args.scope.arn("states", f"execution:{physical}/*:*"),),
                ),
            )
        )
    ]
