"""The three environments as AWS would see them: every resource with whole inputs, ids, ARNs and references.

The program runs over Pulumi mocks. Every resource passes the embedded provider's `check`, which refuses arguments that
no call consumes and completes names and tags; what only AWS could say comes from `_FACTS`. So policy documents are
whole text, and what one resource takes from another is what it would take.
"""

import functools
import hashlib
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from embedded.engine import urns
from embedded.engine.autonaming import propose
from embedded.engine.model import Goal, ProviderError, ProviderSettings
from embedded.engine.project import load_project
from embedded.engine.settings import provider_settings, stack_settings
from embedded.engine.values import from_struct, reveal, to_struct
from embedded.provider import AwsProvider
from embedded.provider.invokes import answer
from embedded.provider.kinds import KINDS
from tests.support.recorder import ROOT, Recording, record, run_main

ACCOUNT = "123456789012"


@dataclass(frozen=True, kw_only=True)
class Captured:
    """A resource. `inputs` are complete, as the provider would send them; `outputs` are those and what AWS adds.

    `property_dependencies`: input → URNs of the resources that its value comes from. `region` is where it would be
    made, and `given` holds the inputs as the program wrote them, secrets still marked.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    id: str = ""
    region: str = ""
    protect: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One run. `refused` is what the provider's `check` said, by URN: empty for a program that could be deployed."""

    name: str
    resources: tuple[Captured, ...]
    refused: Mapping[str, str]
    outputs: Mapping[str, Any]

    def of(self, *types: str) -> list[Captured]:
        """Resources whose type ends with one of the given (`s3/bucket:Bucket`)."""
        return [one for one in self.resources if one.type.endswith(tuple(f":{of}" for of in types))]

    def by_urn(self, urn: str) -> Captured:
        return next(one for one in self.resources if one.urn == urn)


class UnknownTypeError(Exception):
    """A resource type without a line in `_FACTS`."""


_ARN = "arn:aws:"
_HERE = "{region}:{account}:"

# Type → what AWS answers, in terms of the inputs, `region`, `account`, `hex`, `uuid`; `id` is the resource's id.
# ARN formats: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_FACTS: Mapping[str, Mapping[str, str]] = {
    "apigatewayv2/api:Api": {
        "id": "{hex10}",
        "arn": _ARN + "apigateway:{region}::/apis/{hex10}",
        "executionArn": _ARN + "execute-api:" + _HERE + "{hex10}",
        "apiEndpoint": "https://{hex10}.execute-api.{region}.amazonaws.com",
    },
    "apigatewayv2/apiMapping:ApiMapping": {"id": "{hex10}"},
    "apigatewayv2/authorizer:Authorizer": {"id": "{hex10}"},
    "apigatewayv2/domainName:DomainName": {"id": "{domainName}"},
    "apigatewayv2/integration:Integration": {"id": "{hex10}"},
    "apigatewayv2/route:Route": {"id": "{hex10}"},
    "apigatewayv2/stage:Stage": {
        "id": "{name}",
        "arn": _ARN + "apigateway:{region}::/apis/{apiId}/stages/{name}",
        "executionArn": _ARN + "execute-api:" + _HERE + "{apiId}/{name}",
        "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/{name}",
    },
    "budgets/budget:Budget": {"id": "{account}:{name}", "arn": _ARN + "budgets::{account}:budget/{name}"},
    "cloudfront/cachePolicy:CachePolicy": {"id": "{uuid}", "arn": _ARN + "cloudfront::{account}:cache-policy/{uuid}"},
    "cloudfront/distribution:Distribution": {
        "id": "E{HEX13}",
        "arn": _ARN + "cloudfront::{account}:distribution/E{HEX13}",
        "domainName": "d{hex13}.cloudfront.net",
        "hostedZoneId": "Z2FDTNDATAQYW2",
    },
    "cloudfront/function:Function": {"id": "{name}", "arn": _ARN + "cloudfront::{account}:function/{name}"},
    "cloudfront/monitoringSubscription:MonitoringSubscription": {"id": "{distributionId}"},
    "cloudfront/originAccessControl:OriginAccessControl": {
        "id": "E{HEX13}",
        "arn": _ARN + "cloudfront::{account}:origin-access-control/E{HEX13}",
    },
    "cloudfront/originRequestPolicy:OriginRequestPolicy": {"id": "{uuid}"},
    "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": {
        "id": "{uuid}",
        "arn": _ARN + "cloudfront::{account}:response-headers-policy/{uuid}",
    },
    "cloudwatch/compositeAlarm:CompositeAlarm": {
        "id": "{alarmName}",
        "arn": _ARN + "cloudwatch:" + _HERE + "alarm:{alarmName}",
    },
    "cloudwatch/dashboard:Dashboard": {
        "id": "{dashboardName}",
        "dashboardArn": _ARN + "cloudwatch::{account}:dashboard/{dashboardName}",
    },
    "cloudwatch/eventBus:EventBus": {"id": "{name}", "arn": _ARN + "events:" + _HERE + "event-bus/{name}"},
    "cloudwatch/eventRule:EventRule": {"id": "{name}", "arn": _ARN + "events:" + _HERE + "rule/{name}"},
    "cloudwatch/eventTarget:EventTarget": {"id": "{rule}-{targetId}"},
    "cloudwatch/logDelivery:LogDelivery": {"id": "{hex16}", "arn": _ARN + "logs:" + _HERE + "delivery:{hex16}"},
    "cloudwatch/logDeliveryDestination:LogDeliveryDestination": {
        "id": "{name}",
        "arn": _ARN + "logs:" + _HERE + "delivery-destination:{name}",
    },
    "cloudwatch/logDeliverySource:LogDeliverySource": {
        "id": "{name}",
        "arn": _ARN + "logs:" + _HERE + "delivery-source:{name}",
    },
    "cloudwatch/logGroup:LogGroup": {"id": "{name}", "arn": _ARN + "logs:" + _HERE + "log-group:{name}"},
    "cloudwatch/logResourcePolicy:LogResourcePolicy": {"id": "{policyName}"},
    "cloudwatch/metricAlarm:MetricAlarm": {"id": "{name}", "arn": _ARN + "cloudwatch:" + _HERE + "alarm:{name}"},
    "dynamodb/contributorInsights:ContributorInsights": {"id": "name:{tableName}/index:/{account}"},
    "dynamodb/table:Table": {
        "id": "{name}",
        "arn": _ARN + "dynamodb:" + _HERE + "table/{name}",
        "streamArn": _ARN + "dynamodb:" + _HERE + "table/{name}/stream/2026-01-01T00:00:00.000",
    },
    "iam/role:Role": {"id": "{name}", "arn": _ARN + "iam::{account}:role/{name}", "uniqueId": "AROA{HEX13}"},
    "iam/rolePolicy:RolePolicy": {"id": "{role}:{name}"},
    "kms/alias:Alias": {"id": "{name}", "arn": _ARN + "kms:" + _HERE + "{name}"},
    "kms/key:Key": {"id": "{uuid}", "arn": _ARN + "kms:" + _HERE + "key/{uuid}", "keyId": "{uuid}"},
    "kms/keyPolicy:KeyPolicy": {"id": "{keyId}"},
    "lambda/alias:Alias": {
        "id": _ARN + "lambda:" + _HERE + "function:{functionName}:{name}",
        "arn": _ARN + "lambda:" + _HERE + "function:{functionName}:{name}",
        "invokeArn": _ARN + "apigateway:{region}:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:{region}:{account}:function:{functionName}:{name}/invocations",
    },
    "lambda/eventSourceMapping:EventSourceMapping": {
        "id": "{uuid}",
        "uuid": "{uuid}",
        "arn": _ARN + "lambda:" + _HERE + "event-source-mapping:{uuid}",
    },
    "lambda/function:Function": {
        "id": "{name}",
        "arn": _ARN + "lambda:" + _HERE + "function:{name}",
        "qualifiedArn": _ARN + "lambda:" + _HERE + "function:{name}:1",
        "version": "1",
        "invokeArn": _ARN + "apigateway:{region}:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:{region}:{account}:function:{name}/invocations",
    },
    "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"id": "{functionName}"},
    "lambda/permission:Permission": {"id": "{statementId}"},
    "lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": {"id": "{functionName},{qualifier}"},
    "mediaconvert/queue:Queue": {"id": "{name}", "arn": _ARN + "mediaconvert:" + _HERE + "queues/{name}"},
    "s3/bucket:Bucket": {
        "id": "{bucket}",
        "arn": _ARN + "s3:::{bucket}",
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
    },
    "s3/bucketObjectv2:BucketObjectv2": {"id": "{bucket}/{key}", "arn": _ARN + "s3:::{bucket}/{key}", "etag": "{hex}"},
    **{
        f"s3/{kind[0].lower()}{kind[1:]}:{kind}": {"id": "{bucket}"}
        for kind in (
            "BucketCorsConfiguration",
            "BucketIntelligentTieringConfiguration",
            "BucketLifecycleConfiguration",
            "BucketLogging",
            "BucketNotification",
            "BucketOwnershipControls",
            "BucketPolicy",
            "BucketPublicAccessBlock",
            "BucketServerSideEncryptionConfiguration",
            "BucketVersioning",
        )
    },
    "sfn/alias:Alias": {
        "id": _ARN + "states:" + _HERE + "stateMachine:{machine}:{name}",
        "arn": _ARN + "states:" + _HERE + "stateMachine:{machine}:{name}",
    },
    "sfn/stateMachine:StateMachine": {
        "id": _ARN + "states:" + _HERE + "stateMachine:{name}",
        "arn": _ARN + "states:" + _HERE + "stateMachine:{name}",
        "stateMachineVersionArn": _ARN + "states:" + _HERE + "stateMachine:{name}:1",
        "revisionId": "{uuid}",
        "status": "ACTIVE",
    },
    "sns/topic:Topic": {"id": _ARN + "sns:" + _HERE + "{name}", "arn": _ARN + "sns:" + _HERE + "{name}"},
    "sns/topicPolicy:TopicPolicy": {"id": "{arn}"},
    "sns/topicSubscription:TopicSubscription": {"id": "{topic}:{uuid}", "arn": "{topic}:{uuid}"},
    "sqs/queue:Queue": {
        "id": "https://sqs.{region}.amazonaws.com/{account}/{name}",
        "url": "https://sqs.{region}.amazonaws.com/{account}/{name}",
        "arn": _ARN + "sqs:" + _HERE + "{name}",
    },
    "sqs/queuePolicy:QueuePolicy": {"id": "{queueUrl}"},
    "sqs/redriveAllowPolicy:RedriveAllowPolicy": {"id": "{queueUrl}"},
    "wafv2/webAcl:WebAcl": {
        "id": "{uuid}",
        "arn": _ARN + "wafv2:" + _HERE + "{scope_}/webacl/{name}/{uuid}",
        "capacity": "50",
    },
    "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {"id": "{resourceArn}"},
    "index:Image": {"id": "sha256:{hex}{hex}", "digest": "sha256:{hex}{hex}", "ref": "sha256:{hex}{hex}"},
}


def _said(type_: str, urn: str, region: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Id and outputs that are no inputs."""
    facts = _FACTS.get(type_.partition(":")[2])
    if facts is None:
        message = f"{type_} has no line in _FACTS of {Path(__file__).name}: say what id and outputs AWS gives it"
        raise UnknownTypeError(message)
    digits = hashlib.md5(urn.encode(), usedforsecurity=False).hexdigest()
    scope: dict[str, Any] = {
        "name": "",
        "region": region,
        "account": ACCOUNT,
        "hex": digits,
        "hex10": digits[:10],
        "hex13": digits[:13],
        "hex16": digits[:16],
        "HEX13": digits[:13].upper(),
        "uuid": str(uuid.UUID(digits)),
        "machine": str(_first(inputs.get("routingConfigurations"))).split(":stateMachine:")[-1].rpartition(":")[0],
        "scope_": "global" if inputs.get("scope") == "CLOUDFRONT" else "regional",
        **inputs,
    }
    said = {key: template.format_map(scope) for key, template in facts.items()}
    return said.pop("id"), said


def _first(routes: Any) -> str:
    return routes[0].get("stateMachineVersionArn", "") if routes else ""


class _Nothing(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError


class _Monitor(mocks.MockMonitor):
    """Answers registrations as the provider and AWS would, and keeps them."""

    def __init__(self, config: Mapping[str, str], root: Path) -> None:
        super().__init__(_Nothing())
        self.captured: dict[str, Captured] = {}
        self.refused: dict[str, str] = {}
        self._config = config
        self._provider = AwsProvider(root=root, account=ACCOUNT)
        self._settings: dict[str, ProviderSettings] = {"": stack_settings(config)}

    def Invoke(self, request: Any) -> Any:  # noqa: N802 (the name in Pulumi's protocol)
        settings = self._settings[request.provider.rpartition("::")[0]]
        said = answer(request.tok, from_struct(request.args), settings, ACCOUNT, self._no_client)
        return resource_pb2.ResourceInvokeResponse(**{"return": to_struct(said), "failures": None})

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = urns.make(self._stack(), self._project(), request.parent, request.type, request.name)
        if request.type == urns.STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.captured:
            message = f"Duplicate resource URN '{urn}'; try giving it a unique name"
            raise ValueError(message)
        given = from_struct(request.object)
        plain: dict[str, Any] = reveal(given)
        identity, inputs, said = "", plain, cast("dict[str, Any]", {})
        settings = self._settings[request.provider.rpartition("::")[0] if request.custom else ""]
        if request.type.startswith("pulumi:providers:"):
            identity = str(uuid.uuid5(uuid.NAMESPACE_URL, urn))
            aws = request.type.endswith(":aws")
            self._settings[urn] = settings = provider_settings(plain) if aws else self._settings[""]
        elif request.custom:
            goal = Goal(
                urn=urn,
                type=request.type,
                name=request.name,
                inputs=plain,
                settings=settings,
                proposed_name=propose(self._config, urn),
            )
            try:
                inputs = self._provider.check(goal, None)
            except ProviderError as error:
                self.refused[urn] = str(error)
                # What depends on it still gets a name to go on with.
                inputs = {"name": request.name, "bucket": request.name, **plain}
        kind = KINDS.get(request.type)
        region = (kind.region if kind else "") or str(inputs.get("region") or settings.region)
        if request.custom and not identity:
            identity, said = _said(request.type, urn, region, inputs)
        self.captured[urn] = Captured(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            id=identity,
            region=region,
            protect=request.protect,
            inputs=inputs,
            given=given,
            outputs={**inputs, **said},
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={
                key: tuple(sorted(found.urns)) for key, found in request.propertyDependencies.items() if found.urns
            },
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=to_struct({**inputs, **said}))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def _no_client(self, service: str, region: str) -> Any:
        message = f"{service} in {region} would be called"
        raise NotImplementedError(message)

    def _stack(self) -> str:
        return mocks.get_stack()

    def _project(self) -> str:
        return mocks.get_project()


def capture(directory: Path, stack: str, *, config: Mapping[str, str] | None = None) -> Stack:
    """Runs a project's program under one of its stacks. `config` replaces settings (`project:key` → text)."""
    project = load_project(directory, stack, config or {})
    monitor = _Monitor(project.config, directory)
    recording: Recording = record(
        lambda: run_main(directory / "__main__.py"),
        project=project.name,
        stack=stack,
        config=project.config,
        monitor=monitor,
    )
    return Stack(
        name=stack, resources=tuple(monitor.captured.values()), refused=monitor.refused, outputs=recording.outputs
    )


@functools.cache
def captured(stack: str) -> Stack:
    """The environment under one of its stacks (`STACKS`), with a player of two files. Once per test session."""
    with tempfile.TemporaryDirectory() as player:
        (Path(player) / "index.html").write_text("<!doctype html><title>player</title>")
        (Path(player) / "player.js").write_text("export {};")
        return capture(ROOT, stack, config={"shoppable-video:playerDirectory": player})
