"""Lambda, Step Functions, MediaConvert, CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from embedded.authorisation.calls import Call
from embedded.authorisation.requests.facts import Facts
from embedded.authorisation.requests.passing import passes
from embedded.authorisation.requests.rows import Implied, Keys, Need, Row, Table, arn, parameter, same, via_kms

_LAMBDA = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html"
_STATES = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html"
_STATES_KEYS = "https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html"
_VERSIONS = "https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html"
_MEDIACONVERT = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselementalmediaconvert.html"
_DELIVERIES = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html"
_LOGS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html"


def _function(call: Call, _facts: Facts) -> str:
    """A qualifier is part of the resource: https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html"""
    given = call.text("FunctionName") or call.text("Resource")
    if ":function:" in given:
        given = given.partition(":function:")[2]
    name, _, within = given.rpartition(":") if given.count(":") in (1, 2) else ("", "", given)
    if name:
        # A partial ARN (`account:function:name`) has been cut above; what is left is name:qualifier.
        name, qualifier = name.rpartition(":")[2], within
    else:
        name, qualifier = within, call.text("Qualifier")
    base = f"arn:aws:lambda:{call.region}:{call.account}:function:{name or '*'}"
    return f"{base}:{qualifier}" if qualifier and qualifier != "$LATEST" else base


def _function_role(call: Call, _facts: Facts) -> Iterable[Need]:
    return [passes(call.text("Role"), "lambda.amazonaws.com")] if call.text("Role") else []


def _mapping_keys(call: Call) -> Keys:
    name = call.text("FunctionName").partition(":function:")[2] or call.text("FunctionName")
    return {"lambda:functionarn": (f"arn:aws:lambda:{call.region}:{call.account}:function:{name}",)} if name else {}


_mapping = arn("arn:aws:lambda:{region}:{account}:event-source-mapping:{UUID}")

LAMBDA: Table = {
    "Invoke": Row(_LAMBDA, "lambda:InvokeFunction", _function),
    "InvokeAsync": Row(_LAMBDA, "lambda:InvokeFunction", _function),
    "CreateFunction": Row(_LAMBDA, "lambda:CreateFunction", _function, implied=(_function_role,)),
    "UpdateFunctionConfiguration": Row(
        _LAMBDA, "lambda:UpdateFunctionConfiguration", _function, implied=(_function_role,)
    ),
    **same(
        "lambda",
        _LAMBDA,
        _function,
        "GetFunction GetFunctionConfiguration UpdateFunctionCode DeleteFunction PublishVersion ListVersionsByFunction "
        "CreateAlias GetAlias UpdateAlias DeleteAlias ListAliases AddPermission RemovePermission GetPolicy "
        "PutFunctionConcurrency GetFunctionConcurrency DeleteFunctionConcurrency PutFunctionEventInvokeConfig "
        "UpdateFunctionEventInvokeConfig GetFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig "
        "ListFunctionEventInvokeConfigs GetFunctionCodeSigningConfig TagResource UntagResource "
        "PutProvisionedConcurrencyConfig GetProvisionedConcurrencyConfig DeleteProvisionedConcurrencyConfig "
        "GetRuntimeManagementConfig PutRuntimeManagementConfig GetFunctionRecursionConfig",
    ),
    "ListTags": Row(_LAMBDA, "lambda:ListTags", _function),
    "CreateEventSourceMapping": Row(_LAMBDA, "lambda:CreateEventSourceMapping", None, _mapping_keys),
    **{
        name: Row(_LAMBDA, f"lambda:{name}", _mapping, _mapping_keys)
        for name in ("GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping")
    },
    **same("lambda", _LAMBDA, None, "ListFunctions ListEventSourceMappings GetAccountSettings"),
}


def _machine_arn(given: str) -> tuple[str, str]:
    """The state machine that an ARN of it, of a version or of an alias names, and the qualifier."""
    parts = given.split(":")
    return (":".join(parts[:7]), parts[7]) if len(parts) > 7 else (given, "")


def _given_machine(call: Call) -> str:
    return (
        call.text("stateMachineArn")
        or call.text("stateMachineVersionArn")
        or call.text("stateMachineAliasArn")
        or call.text("resourceArn")
    )


def _machine(call: Call, _facts: Facts) -> str:
    given = _given_machine(call)
    if given:
        return _machine_arn(given)[0]
    return f"arn:aws:states:{call.region}:{call.account}:stateMachine:{call.text('name') or '*'}"


def _qualifier(call: Call) -> Keys:
    qualifier = _machine_arn(_given_machine(call))[1]
    return {"states:statemachinequalifier": (qualifier,)} if qualifier else {}


def machine_of(execution: str) -> str:
    """The machine's ARN from that of an execution or of a map run (`…:name/label:id`)."""
    parts = execution.split(":")
    name = parts[6].partition("/")[0] if len(parts) > 6 else "*"
    return ":".join([*parts[:5], "stateMachine", name])


def _machine_key(*operations: str) -> Implied:
    def implied(call: Call, facts: Facts) -> Iterable[Need]:
        run = call.text("executionArn") or call.text("mapRunArn")
        machine = machine_of(run) if run else _machine(call, facts)
        context = {"aws:states:stateMachineArn": machine}
        return via_kms(call, "states", facts.key_of(machine), operations, context)

    return implied


def execution_needs(machine: str, account: str, facts: Facts) -> list[Need]:
    """What the role of a machine with a key needs for an execution. Step Functions calls KMS as the role itself."""
    key = facts.key_of(machine)
    keys = {
        "kms:calleraccount": (account,),
        "kms:encryptioncontextkeys": ("aws:states:stateMachineArn",),
        "kms:encryptioncontext:aws:states:statemachinearn": (machine,),
    }
    return [Need(f"kms:{operation}", key, keys) for operation in ("GenerateDataKey", "Decrypt")] if key else []


def _machine_role(call: Call, _facts: Facts) -> Iterable[Need]:
    return [passes(call.text("roleArn"), "states.amazonaws.com")] if call.text("roleArn") else []


def _qualified(operations: str) -> Table:
    return {name: Row(_VERSIONS, f"states:{name}", _machine, _qualifier) for name in operations.split()}


_execution = parameter("executionArn")
_reads = _machine_key("Decrypt")

STATES: Table = {
    # Who starts an execution needs no key: the machine's role does, see `execution_needs`.
    "StartExecution": Row(_VERSIONS, "states:StartExecution", _machine, _qualifier),
    "StartSyncExecution": Row(_VERSIONS, "states:StartSyncExecution", _machine, _qualifier, (_reads,)),
    "DescribeExecution": Row(_STATES_KEYS, "states:DescribeExecution", _execution, implied=(_reads,)),
    "GetExecutionHistory": Row(_STATES_KEYS, "states:GetExecutionHistory", _execution, implied=(_reads,)),
    "DescribeStateMachineForExecution": Row(
        _STATES_KEYS, "states:DescribeStateMachineForExecution", _execution, implied=(_reads,)
    ),
    "RedriveExecution": Row(_STATES_KEYS, "states:RedriveExecution", _execution),
    "StopExecution": Row(_STATES_KEYS, "states:StopExecution", _execution),
    "ListExecutions": Row(_STATES, "states:ListExecutions", _machine),
    "CreateStateMachine": Row(_STATES, "states:CreateStateMachine", _machine, implied=(_machine_role,)),
    "UpdateStateMachine": Row(_STATES, "states:UpdateStateMachine", _machine, implied=(_machine_role,)),
    "CreateStateMachineAlias": Row(_VERSIONS, "states:CreateStateMachineAlias", _machine, _qualifier),
    **_qualified(
        "DescribeStateMachine DeleteStateMachine PublishStateMachineVersion ListStateMachineVersions "
        "DeleteStateMachineVersion ListStateMachineAliases DescribeStateMachineAlias UpdateStateMachineAlias "
        "DeleteStateMachineAlias TagResource UntagResource ListTagsForResource"
    ),
    # A token names no machine that a policy could: the service checks the role's use of the action.
    **same("states", _STATES, None, "SendTaskSuccess SendTaskFailure SendTaskHeartbeat"),
    **same("states", _STATES, None, "ListStateMachines ListActivities ValidateStateMachineDefinition"),
    **same("states", _STATES, parameter("mapRunArn"), "DescribeMapRun UpdateMapRun"),
    **same("states", _STATES, _execution, "ListMapRuns"),
}


def _job_queue(call: Call, _facts: Facts) -> str:
    given = call.text("Queue") or call.text("Name") or "Default"
    return given if given.startswith("arn:") else f"arn:aws:mediaconvert:{call.region}:{call.account}:queues/{given}"


def _job_role(call: Call, _facts: Facts) -> Iterable[Need]:
    return [passes(call.text("Role"), "mediaconvert.amazonaws.com")]


def _job_tags(call: Call, _facts: Facts) -> Iterable[Need]:
    if call.params.get("Tags"):
        yield Need("mediaconvert:TagResource", f"arn:aws:mediaconvert:{call.region}:{call.account}:jobs/*")


_job = arn("arn:aws:mediaconvert:{region}:{account}:jobs/{Id}")

MEDIACONVERT: Table = {
    "CreateJob": Row(_MEDIACONVERT, "mediaconvert:CreateJob", _job_queue, implied=(_job_role, _job_tags)),
    **same("mediaconvert", _MEDIACONVERT, _job, "GetJob CancelJob"),
    **same("mediaconvert", _MEDIACONVERT, _job_queue, "GetQueue UpdateQueue DeleteQueue ListJobs"),
    **same("mediaconvert", _MEDIACONVERT, parameter("Arn"), "TagResource UntagResource ListTagsForResource"),
    **same(
        "mediaconvert", _MEDIACONVERT, None, "CreateQueue ListQueues DescribeEndpoints CreatePreset CreateJobTemplate"
    ),
}


def _group(call: Call, _facts: Facts) -> str:
    given = call.text("logGroupName") or call.text("logGroupIdentifier") or call.text("resourceArn")
    if given.startswith("arn:"):
        return given.removesuffix(":*")
    return f"arn:aws:logs:{call.region}:{call.account}:log-group:{given or '*'}"


def _stream(call: Call, facts: Facts) -> str:
    return f"{_group(call, facts)}:log-stream:{call.text('logStreamName') or '*'}"


def _listed(call: Call, facts: Facts) -> Any:  # noqa: ANN401 - an ARN
    group: dict[str, str] = {"logGroupName": call.text("logGroupName") or call.text("logGroupIdentifier")}
    return _group(call, facts) if any(group.values()) else f"arn:aws:logs:{call.region}:{call.account}:log-group:*"


def _of_group(call: Call, facts: Facts) -> str:
    # A log group's own ARN ends with `:*` where streams and events are meant.
    return f"{_group(call, facts)}:*"


LOGS: Table = {
    **same("logs", _LOGS, _stream, "PutLogEvents GetLogEvents DeleteLogStream"),
    **same(
        "logs",
        _LOGS,
        _of_group,
        "CreateLogGroup DeleteLogGroup CreateLogStream DescribeLogStreams FilterLogEvents PutRetentionPolicy "
        "DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey PutMetricFilter DeleteMetricFilter "
        "DescribeMetricFilters PutSubscriptionFilter DescribeSubscriptionFilters DeleteSubscriptionFilter "
        "TagLogGroup UntagLogGroup ListTagsLogGroup StartQuery",
    ),
    **same("logs", _LOGS, _group, "TagResource UntagResource ListTagsForResource PutDataProtectionPolicy"),
    **same("logs", _LOGS, _listed, "DescribeLogGroups"),
    **{
        f"{verb}Delivery{kind}": Row(
            _DELIVERIES,
            f"logs:{verb}Delivery{kind}",
            arn(f"arn:aws:logs:{{region}}:{{account}}:delivery-{kind.lower()}:{{name}}"),
        )
        for verb in ("Put", "Get", "Delete")
        for kind in ("Source", "Destination")
    },
    **{
        name: Row(_DELIVERIES, f"logs:{name}", arn("arn:aws:logs:{region}:{account}:delivery:{id}"))
        for name in ("CreateDelivery", "GetDelivery", "DeleteDelivery", "UpdateDeliveryConfiguration")
    },
    **same("logs", _DELIVERIES, None, "DescribeDeliveries DescribeDeliverySources DescribeDeliveryDestinations"),
    **same("logs", _LOGS, None, "DescribeResourcePolicies PutResourcePolicy DeleteResourcePolicy GetQueryResults"),
}
