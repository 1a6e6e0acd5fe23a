"""The mistakes. Each is a change of the program's text that has been made somewhere, by someone."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Edit:
    """`old` stands in the file at least once; the first is replaced."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A mistake, and the stack that it shows in. `addition` is appended to the program first: see `API`."""

    name: str
    edits: tuple[Edit, ...]
    stack: str = "prod"
    addition: str = ""


def _seed(name: str, file: str, old: str, new: str, *, addition: str = "") -> Mutation:
    return Mutation(name=name, edits=(Edit(file=file, old=old, new=new),), addition=addition)


API = """
from infra.components.http_api import HttpApi, HttpApiArgs, Route

HttpApi(
    "api",
    HttpApiArgs(
        scope=foundation.scope,
        description="Starts",
        routes=[Route(key="POST /starts/{name}", function=video.intake.start)],
        callers="iam",
        allowed_origins=settings.shop_origins,
        requests_per_second=10,
        burst=20,
        logs_key=foundation.logs_key,
        log_retention_days=settings.log_retention_days,
    ),
    options,
)
"""
"""No environment has an HTTP API yet; the component is checked in one that has."""


_COMPONENTS = "infra/components/"
_VIDEO_ASL = "infra/workflows/video-analysis.asl.json"
_CATALOGUE_ASL = "infra/workflows/catalogue-import.asl.json"

MUTATIONS: tuple[Mutation, ...] = (
    # Settings
    _seed("setting: typo in a key", "Pulumi.prod.yaml", ":logRetentionDays:", ":logRetentionDay:"),
    _seed(
        "setting: retention that no log group can have", "Pulumi.prod.yaml", "RetentionDays: 365", "RetentionDays: 360"
    ),
    _seed("setting: prod without deletion protection", "Pulumi.prod.yaml", "Protection: true", "Protection: false"),
    _seed("setting: stack file of another environment", "Pulumi.prod.yaml", "environment: prod", "environment: dev"),
    _seed("setting: certificate in the wrong region", "Pulumi.prod.yaml", "acm:us-east-1", "acm:eu-central-1"),
    _seed("setting: any origin may read", "Pulumi.prod.yaml", "[https://shop.example.com]", '["*"]'),
    _seed(
        "setting: a secret in the stack's file",
        "Pulumi.prod.yaml",
        "config:\n",
        "config:\n  shoppable-video:cartToken: 9f2c1a7be4d84e0a8d5b\n",
    ),
    # What AWS would refuse
    _seed("typo in a dict key", _COMPONENTS + "bucket.py", '"sse_algorithm": ', '"sse_algoritm": '),
    _seed("wrong enum", _COMPONENTS + "function.py", '{"mode": "Active"}', '{"mode": "Enabled"}'),
    _seed("lifecycle: bad storage class", _COMPONENTS + "bucket.py", '"INTELLIGENT_TIERING"', '"INTELLIGENT"'),
    _seed(
        "name where an ARN belongs: role", _COMPONENTS + "state_machine.py", "role_arn=role.arn", "role_arn=role.name"
    ),
    _seed(
        "name where an ARN belongs: dead letters",
        _COMPONENTS + "event_rule.py",
        'dead_letter_config={"arn": dead_letters.arn}',
        'dead_letter_config={"arn": dead_letters.name}',
    ),
    _seed("duplicate logical name", "infra/catalogue.py", '_table("products"', '_table("imports"'),
    _seed("name with a letter outside ASCII", "infra/catalogue.py", '_table("products"', '_table("prodükte"'),
    _seed("function: memory of 50 MB", "infra/intake.py", "memory_mb=256", "memory_mb=50"),
    _seed("function: architecture that does not exist", _COMPONENTS + "function.py", '["arm64"]', '["arm"]'),
    _seed("function: a variable is missing", "infra/video.py", '"REVIEW_SCORE": _or_empty(settings.review_score),', ""),
    _seed(
        "queue: visible again before the function is done",
        "infra/intake.py",
        "visibility_timeout_seconds=6 * _TIMEOUT_SECONDS",
        "visibility_timeout_seconds=_TIMEOUT_SECONDS",
    ),
    _seed("table: key that is no attribute", _COMPONENTS + "table.py", "range_key=args.sort_key", 'range_key="sort"'),
    _seed(
        "image by a tag that can move",
        _COMPONENTS + "image.py",
        'args.repository, "@", digest',
        'args.repository, ":latest"',
    ),
    # Workflows
    _seed("workflow: no StartAt", _VIDEO_ASL, '"StartAt": "RecordStarted"', '"Start": "RecordStarted"'),
    _seed("workflow: Next to nowhere", _VIDEO_ASL, '"Next": "PlanSegments"', '"Next": "PlanSegment"'),
    _seed(
        "workflow: starts at a state that is not there",
        _CATALOGUE_ASL,
        '"StartAt": "RecordStarted"',
        '"StartAt": "Record"',
    ),
    _seed("workflow: unknown type of state", _CATALOGUE_ASL, '"Type": "Choice"', '"Type": "Choose"'),
    _seed("workflow: broken path", _CATALOGUE_ASL, '"ResultPath": "$.feed"', '"ResultPath": "$..[.feed"'),
    _seed("workflow: unknown integration", _VIDEO_ASL, "states:::lambda:invoke", "states:::lambda:call"),
    _seed("workflow: placeholder that nobody fills", _VIDEO_ASL, "${VideosTable}", "${VideoTable}"),
    # What is allowed to whom
    _seed(
        "policy: any action",
        _COMPONENTS + "bucket.py",
        'f"s3:{operation}" for operation in operations',
        '"s3:*" for _ in operations',
    ),
    _seed(
        "policy: any resource",
        _COMPONENTS + "queue.py",
        'actions=("sqs:SendMessage",), resources=(arn,)',
        'actions=("sqs:SendMessage",), resources=("*",)',
    ),
    _seed(
        "policy: action that does not exist",
        _COMPONENTS + "state_machine.py",
        '"states:StartExecution",)',
        '"states:StartExecutions",)',
    ),
    _seed(
        "policy: object action on the bucket",
        _COMPONENTS + "bucket.py",
        'resources=(_objects(self.arn, f"{prefix}*"),)',
        "resources=(self.arn,)",
    ),
    _seed(
        "policy: a role may be passed to anyone",
        "infra/transcoder.py",
        '                    conditions={"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}},\n',
        "",
    ),
    _seed(
        "policy: the key's part of a grant is missing",
        _COMPONENTS + "bucket.py",
        "        if uses:\n",
        "        if uses and not writes:\n",
    ),
    _seed(
        "trust: wrong service", _COMPONENTS + "function.py", 'trust("lambda.amazonaws.com"', 'trust("ec2.amazonaws.com"'
    ),
    _seed(
        "trust: anyone",
        "infra/access.py",
        '"Principal": {"Service": service},\n        "Action": "sts',
        '"Principal": {"AWS": "*"},\n        "Action": "sts',
    ),
    _seed(
        "key policy: any caller of the service",
        _COMPONENTS + "key.py",
        'conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": scope.own("logs", "log-group:*")}}',
        "conditions={}",
    ),
    _seed(
        "key policy: any principal",
        _COMPONENTS + "key.py",
        '"Principal": {"AWS": scope.arn("iam", "root", region="")}',
        '"Principal": {"AWS": "*"}',
    ),
    _seed(
        "queue policy: any rule of any account",
        _COMPONENTS + "queue.py",
        '                "Condition": {"ArnLike": {"aws:SourceArn": list(senders)}},\n',
        "",
    ),
    _seed("queue policy: rules may not send", _COMPONENTS + "queue.py", "    if senders:\n", "    if not senders:\n"),
    _seed(
        "event target: a function that may not be invoked",
        _COMPONENTS + "event_rule.py",
        "source_arn=args.rule.arn",
        'source_arn="arn:aws:events:eu-central-1:123456789012:rule/other"',
    ),
    _seed(
        "ARN of another environment",
        "infra/intake.py",
        '"STATE_MACHINE_ARN": args.machine.live_arn',
        '"STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:shoppable-video-dev-video:live"',
    ),
    # What must be on
    _seed("bucket: public", _COMPONENTS + "access_logs.py", "block_public_policy=True", "block_public_policy=False"),
    _seed(
        "bucket: policy lets anyone read",
        _COMPONENTS + "bucket.py",
        "                *allowed,\n",
        '                {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": everything},\n'
        "                *allowed,\n",
    ),
    _seed("bucket: no versions", _COMPONENTS + "bucket.py", '{"status": "Enabled"}', '{"status": "Suspended"}'),
    _seed(
        "bucket: no TLS-only policy",
        _COMPONENTS + "bucket.py",
        '                tls_only("TlsOnly", "s3:*", [bucket.arn, everything]),\n',
        "",
    ),
    _seed(
        "log group: kept forever",
        _COMPONENTS + "function.py",
        "            retention_in_days=args.log_retention_days,\n",
        "",
    ),
    _seed(
        "log group: without a key", _COMPONENTS + "state_machine.py", "            kms_key_id=args.logs_key.arn,\n", ""
    ),
    _seed("queue: no dead-letter queue", _COMPONENTS + "queue.py", "        redrive_policy=redrive,\n", ""),
    _seed(
        "table: no point-in-time recovery",
        _COMPONENTS + "table.py",
        'point_in_time_recovery={"enabled": True}',
        'point_in_time_recovery={"enabled": False}',
    ),
    _seed("key: not rotated", _COMPONENTS + "key.py", "enable_key_rotation=True", "enable_key_rotation=False"),
    _seed("distribution: old TLS", _COMPONENTS + "distribution.py", "TLSv1.2_2021", "TLSv1_2016"),
    _seed("distribution: plain HTTP", _COMPONENTS + "distribution.py", '"redirect-to-https"', '"allow-all"'),
    _seed(
        "function: alias to what is not published",
        _COMPONENTS + "function.py",
        "function_version=function.version",
        'function_version="$LATEST"',
    ),
    _seed(
        "workflow calls functions by alias, so no rollback is whole",
        "infra/video.py",
        "function.version_arn for placeholder",
        "function.live_arn for placeholder",
    ),
    _seed(
        "function: secret in plain text",
        "infra/foundation.py",
        '"POWERTOOLS_SERVICE_NAME": name,',
        '"POWERTOOLS_SERVICE_NAME": name, "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",',
    ),
    _seed(
        "missing secret marking: a header that proves where a request comes from",
        _COMPONENTS + "distribution.py",
        '"origin_access_control_id": ',
        '"custom_headers": [{"name": "x-origin-token", "value": "9f2c1a7be4d84e0a"}],\n'
        '                "origin_access_control_id": ',
    ),
    _seed(
        "missing secret marking: an output",
        "__main__.py",
        '"commit": commit(),',
        '"commit": commit(), "cart_token": "9f2c1a7be4d84e0a",',
    ),
    _seed("tag: nobody pays", "infra/foundation.py", '                "cost-centre": settings.cost_centre,\n', ""),
    _seed("alarm: nobody is told", _COMPONENTS + "alarms.py", "alarm_actions=list(args.actions)", "alarm_actions=[]"),
    _seed(
        "API: route to what is no integration",
        _COMPONENTS + "http_api.py",
        'target=pulumi.Output.concat("integrations/", integration.id)',
        "target=integration.id",
        addition=API,
    ),
    _seed("API: anyone may call", _COMPONENTS + "http_api.py", 'else "AWS_IAM"', 'else "NONE"', addition=API),
    _seed(
        "API: nobody may invoke the function",
        _COMPONENTS + "http_api.py",
        'principal="apigateway.amazonaws.com"',
        'principal="execute-api.amazonaws.com"',
        addition=API,
    ),
    _seed(
        "event pattern: typo",
        "infra/intake.py",
        '"detail-type": ["Object Created"]',
        '"detail_type": ["Object Created"]',
    ),
    _seed("event pattern: type that is not sent", "infra/intake.py", '["Object Created"]', '["Object created"]'),
    _seed("event pattern: source that sends nothing", "infra/intake.py", '["aws.s3"]', '["aws.S3"]'),
    _seed("event pattern: field that no event has", "infra/operations.py", '"stateMachineArn": [', '"stateMachine": ['),
)
