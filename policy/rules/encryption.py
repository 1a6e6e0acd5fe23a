"""Who may use data may use its key: without, every call ends in AccessDenied, and only once something calls.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from policy.document import Statement, allowed
from policy.model import Resource, Stack, StackRule, unless

_INLINE = "iam/rolePolicy:RolePolicy"
_ENCRYPTION = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_MACHINE = "sfn/stateMachine:StateMachine"

_DECRYPT = ("kms:Decrypt",)
_BOTH = ("kms:Decrypt", "kms:GenerateDataKey")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "s3:GetObject": _DECRYPT,
    "s3:GetObjectVersion": _DECRYPT,
    "s3:PutObject": ("kms:GenerateDataKey",),
    # Parts of a multipart upload are read back: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
    "s3:AbortMultipartUpload": _BOTH,
    **dict.fromkeys(
        (
            f"dynamodb:{operation}Item"
            for operation in ("Get", "Put", "Update", "Delete", "BatchGet", "BatchWrite", "TransactWrite")
        ),
        _DECRYPT,
    ),
    "dynamodb:Query": _DECRYPT,
    "dynamodb:Scan": _DECRYPT,
    "dynamodb:ConditionCheckItem": _DECRYPT,
    "sqs:ReceiveMessage": _DECRYPT,
    "sqs:SendMessage": _BOTH,
    "states:DescribeExecution": _DECRYPT,
    "states:GetExecutionHistory": _DECRYPT,
}


@dataclass(frozen=True, kw_only=True)
class _Data:
    """What a service keeps encrypted: under which key, and in which encryption context."""

    service: str
    name: str
    arns: tuple[str, ...]
    key: str
    context: str


def _encrypted(stack: Stack) -> Iterator[_Data]:
    for bucket in stack.of(_ENCRYPTION):
        arn = f"arn:aws:s3:::{bucket.get('bucket')}"
        key = str(bucket.get("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId") or "")
        yield _Data(service="s3", name=bucket.name, arns=(arn,), key=key, context=arn)
    for table in stack.of("dynamodb/table:Table"):
        key = str(table.get("serverSideEncryption.kmsKeyArn") or "")
        arn = str(table.get("arn"))
        yield _Data(service="dynamodb", name=table.name, arns=(arn,), key=key, context=str(table.get("name")))
    for queue in stack.of("sqs/queue:Queue"):
        arn, key = str(queue.get("arn")), str(queue.get("kmsMasterKeyId") or "")
        yield _Data(service="sqs", name=queue.name, arns=(arn,), key=key, context=arn)
    for machine in stack.of(_MACHINE):
        arn, key = str(machine.get("arn")), str(machine.get("encryptionConfiguration.kmsKeyId") or "")
        executions = arn.replace(":stateMachine:", ":execution:")
        yield _Data(service="states", name=machine.name, arns=(arn, executions), key=key, context=arn)


def _about(resource: str, data: _Data) -> bool:
    """Whether a policy's resource is the data, a part of it, or a pattern of it."""
    return any(
        resource == arn or resource.startswith((f"{arn}/", f"{arn}:")) or fnmatchcase(arn, resource)
        for arn in data.arns
    )


def _serves(statement: Statement, data: _Data) -> bool:
    """Whether a statement's conditions are met when the service uses the key for this data."""
    contexts = [key for key in statement.keys if key.startswith("kms:encryptioncontext:")]
    via = statement.condition("kms:ViaService")
    return (
        data.key in statement.resources
        and all(data.context in statement.condition(key) for key in contexts)
        and (not via or any(one.startswith(f"{data.service}.") for one in via))
    )


def _keys_too(policy: Resource, stack: Stack) -> Iterator[str]:
    statements = list(allowed(policy.get("policy")))
    role = policy.sources.get("role", frozenset[str]())
    runs = {machine.name for machine in stack.of(_MACHINE) if role & machine.sources.get("roleArn", frozenset[str]())}
    for data in _encrypted(stack):
        needed = {
            use: action
            for statement in statements
            if any(_about(resource, data) for resource in statement.resources)
            for action in statement.actions
            for use in _NEEDED.get(action, ())
        }
        if data.service == "states" and data.name in runs:
            # Step Functions keeps an execution's data as the machine's role itself.
            needed |= dict.fromkeys(_BOTH, "running")
        held = {action for statement in statements if _serves(statement, data) for action in statement.actions}
        for use, action in needed.items() if data.key else ():
            yield from unless(use in held, f"{action} of {data.name} needs {use} on its key")


RULES = (
    StackRule(
        name="iam-key-with-data",
        demands="Who may use encrypted data may use its key for it",
        types=(_INLINE,),
        severity="high",
        check=_keys_too,
    ),
)
