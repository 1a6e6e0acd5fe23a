"""What the running cloud holds that decides about access: policies, keys, encryption; read from its services' state.

Nothing is kept here, so that a changed policy counts at the next request. Documents once read are (`read_policy`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ecr.models import ecr_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import FakeKey, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from embedded.authorisation.decisions import Policies, Resource
from embedded.authorisation.documents import Attached, Policy, read_policy
from embedded.authorisation.grants import Grant
from embedded.authorisation.principals import Principal
from embedded.authorisation.requests.facts import Encryption
from embedded.cloud.documents import part
from embedded.cloud.messages import Request
from embedded.cloud.router import SERVICES

Model = Any
"""moto's own objects: untyped for all that matters here."""
_KMS = "aws:kms"


class Account:
    """One account. It answers what `requests.facts.Facts` asks."""

    def __init__(self, account_id: str, region: str) -> None:
        self.id = account_id
        self._region = region

    # Policies

    def policies(self, caller: Principal, action: str, resource: str) -> Policies:
        """All that have a say about one action on one resource. Errors: PolicyError."""
        trust = action.lower() in ("sts:assumerole", "sts:assumerolewithwebidentity")
        key = resource.startswith("arn:aws:kms:") and ":key/" in resource and not _unborn(action, resource)
        identity, boundary = self._identity(caller)
        return Policies(
            identity=identity,
            boundary=boundary,
            resource=self._trust(resource) if trust else self._resource(resource),
            resource_account=self._owner(resource),
            resource_kind=Resource.DECIDES if trust or key else Resource.USUAL,
            grants=self._grants(resource) if key else (),
        )

    def trust_policy(self, role_arn: str) -> str | None:
        """Who may assume a role; None for a role that does not exist."""
        role = self._role(role_arn)
        return None if role is None else str(role.assume_role_policy_document or "{}")

    def tags(self, arn: str) -> Mapping[str, str] | None:
        """The tags of a KMS key; None for what is no key."""
        key = self._key(arn.rpartition("/")[2], arn.split(":")[3]) if arn.startswith("arn:aws:kms:") else None
        if key is None:
            return {} if arn.startswith("arn:aws:kms:") else None
        backend: Model = kms_backends[self.id][arn.split(":")[3]]
        return {str(name): str(value) for name, value in backend.tagger.get_tag_dict_for_resource(key.id).items()}

    def _identity(self, caller: Principal) -> tuple[tuple[Policy, ...], Policy | None]:
        entity: Model = None
        if caller.role_arn:
            entity = self._role(caller.role_arn)
        elif ":user/" in caller.arn:
            entity = self._iam.users.get(caller.arn.rpartition("/")[2])
        if entity is None:
            return (), None
        inline = _named(entity.policies)
        made = [read_policy(text, Attached.IDENTITY, name) for name, text in inline]
        made += [self._managed(policy) for policy in list(entity.managed_policies.values())]
        boundary: str | None = getattr(entity, "permissions_boundary_arn", None)
        return tuple(made), self._managed(self._iam.managed_policies[boundary]) if boundary else None

    @staticmethod
    def _managed(policy: Model) -> Policy:
        document = next(each.document for each in policy.versions if each.version_id == policy.default_version_id)
        return read_policy(
            document if isinstance(document, str) else json.dumps(document), Attached.IDENTITY, policy.name
        )

    @property
    def _iam(self) -> Model:
        return iam_backends[self.id]["aws"]

    def _role(self, arn: str) -> Model | None:
        name = arn.rpartition("/")[2]
        return next((role for role in list(self._iam.roles.values()) if role.name == name and role.arn == arn), None)

    def _trust(self, role_arn: str) -> Policy | None:
        text = self.trust_policy(role_arn)
        return read_policy(text, Attached.TRUST, role_arn) if text else None

    def _owner(self, arn: str) -> str:
        owner = arn.split(":")[4] if arn.count(":") >= 5 else ""
        # AWS's own managed policies (`arn:aws:iam::aws:policy/…`) are every account's.
        if owner in ("", "*", "aws"):
            return self.id if arn.startswith("arn:") else ""
        return owner

    def _resource(self, arn: str) -> Policy | None:
        text = self._resource_text(arn)
        attached = Attached.REPOSITORY if arn.startswith("arn:aws:ecr:") else Attached.RESOURCE
        return read_policy(text, attached, arn) if text else None

    def _resource_text(self, arn: str) -> str | None:
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return None
        service, region, inside = parts[2], parts[3], parts[5]
        match service:
            case "s3":
                bucket = self._bucket(inside.partition("/")[0])
                policy = bucket.policy if bucket else None
                return policy.decode() if isinstance(policy, bytes) else policy
            case "kms":
                key = self._key(inside.removeprefix("key/"), region)
                return key.policy if key else None
            case "sqs":
                queue: Model = sqs_backends[self.id][region].queues.get(inside)
                return queue.policy if queue else None
            case "sns":
                topic: Model = sns_backends[self.id][region].topics.get(arn)
                return topic.policy if topic else None
            case "lambda":
                return self._function_policy(inside, region)
            case "events":
                bus: Model = events_backends[self.id][region].event_buses.get(inside.removeprefix("event-bus/"))
                return bus.policy if bus else None
            case "ecr":
                repository: Model = ecr_backends[self.id][region].repositories.get(inside.removeprefix("repository/"))
                return repository.policy if repository else None
            case _:
                return None

    def _function_policy(self, inside: str, region: str) -> str | None:
        name = inside.removeprefix("function:").partition(":")[0]
        known: Model = cast("Model", lambda_backends[self.id][region])._lambdas._functions.get(name) or {}
        revisions: list[Model] = [each for each in (known.get("latest"), *known.get("versions", [])) if each]
        held: dict[tuple[str, str], Model] = {
            (each["Sid"], each["Resource"]): each for function in revisions for each in function.policy.statements
        }
        # Each qualifier has a policy of its own, so that a Sid may come again with another one.
        by_sid: dict[str, Model] = {}
        for (sid, resource), each in held.items():
            by_sid[f"{sid} {resource}" if sid in by_sid else sid] = each
        statements = [{**each, "Sid": sid} for sid, each in by_sid.items()]
        return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None

    def _grants(self, key_arn: str) -> tuple[Grant, ...]:
        key = self._key(key_arn.rpartition("/")[2], key_arn.split(":")[3])
        return tuple(_grant(grant) for grant in (list(key.grants.values()) if key else ()))

    # Facts

    def default_encryption(self, bucket: str) -> Encryption | None:
        """What objects are encrypted with that do not say otherwise."""
        held = self._bucket(bucket)
        if held is None or not held.encryption:
            return None
        rule: dict[str, Any] = held.encryption["Rule"]
        default: dict[str, str] = rule["ApplyServerSideEncryptionByDefault"]
        if default.get("SSEAlgorithm") != _KMS or not default.get("KMSMasterKeyID"):
            return None
        own = str(rule.get("BucketKeyEnabled", "false")).lower() == "true"
        return Encryption(self.key_arn(default["KMSMasterKeyID"], held.region_name), own)

    def object_encryption(self, bucket: str, key: str, version: str) -> Encryption | None:
        """What an object is encrypted with."""
        held = self._object(bucket, key, version)
        if held is None or held.encryption != _KMS or not held.kms_key_id:
            return None
        own = str(held.bucket_key_enabled or "false").lower() == "true"
        return Encryption(self.key_arn(held.kms_key_id, self._region), own)

    def upload_encryption(self, bucket: str, upload: str) -> Encryption | None:
        """What the parts of a multipart upload are encrypted with."""
        held = self._bucket(bucket)
        parts: Model = held.multiparts.get(upload) if held else None
        if parts is None or parts.sse_encryption != _KMS or not parts.kms_key_id:
            return self.default_encryption(bucket)
        default = self.default_encryption(bucket)
        return Encryption(self.key_arn(parts.kms_key_id, self._region), bool(default and default.bucket_key))

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        """Whether a GetObject would find it. Of a bucket that is not there nothing is missing."""
        return self._bucket(bucket) is None or self._object(bucket, key, version) is not None

    def key_of(self, arn: str) -> str:
        """ARN of the customer-managed key of a table, queue, topic or state machine."""
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return ""
        service, region, inside = parts[2], parts[3], parts[5]
        key: str | None = None
        if service == "dynamodb":
            table: Model = dynamodb_backends[self.id][region].tables.get(inside.removeprefix("table/"))
            specification: dict[str, Any] = (table.sse_specification or {}) if table else {}
            key = specification.get("KMSMasterKeyId") if specification.get("Enabled") else None
        elif service == "sqs":
            queue: Model = sqs_backends[self.id][region].queues.get(inside)
            key = queue.kms_master_key_id if queue else None
        elif service == "sns":
            topic: Model = sns_backends[self.id][region].topics.get(arn)
            key = topic.kms_master_key_id if topic else None
        elif service == "states":
            key = self._machine_key(arn)
        if not key or key.startswith("alias/aws/"):
            return ""
        found = self.key_arn(key, region)
        return "" if self._managed_by_aws(found) else found

    def key_arn(self, key: str, region: str) -> str:
        """ARN of a key given by id, ARN or alias."""
        if ":key/" in key:
            return key
        if "alias/" in key:
            alias = f"alias/{key.partition('alias/')[2]}"
            key = self._aliased(alias, region)
        return f"arn:aws:kms:{region}:{self.id}:key/{key or '*'}"

    def table_keys(self, arn: str) -> tuple[str, ...]:
        """The names of a table's key attributes, the partition key first."""
        parts = arn.split(":", 5)
        table: Model = dynamodb_backends[self.id][parts[3]].tables.get(parts[5].removeprefix("table/"))
        if table is None:
            return ()
        schema = cast("list[dict[str, str]]", table.schema)
        return tuple(each["AttributeName"] for each in sorted(schema, key=lambda each: each["KeyType"] != "HASH"))

    def _keys(self, region: str) -> list[Model]:
        return list(cast("Model", kms_backends[self.id][region]).keys.values())

    def _aliased(self, alias: str, region: str) -> str:
        return next((str(key.id) for key in self._keys(region) if alias in key.aliases), "")

    def _managed_by_aws(self, arn: str) -> bool:
        key = self._key(arn.rpartition("/")[2], arn.split(":")[3]) if arn else None
        return key is not None and any(alias.startswith("alias/aws/") for alias in list(key.aliases))

    @staticmethod
    def _machine_key(arn: str) -> str | None:
        serve = SERVICES.get("states")
        if serve is None:
            return None
        body = json.dumps({"stateMachineArn": arn}).encode()
        headers = {"x-amz-target": "AWSStepFunctions.DescribeStateMachine"}
        request = Request("POST", "/", "", headers, BytesIO(body), len(body), "states", arn.split(":")[3])
        answered = serve(request)
        described: Any = json.loads(answered.body) if isinstance(answered.body, bytes) else {}
        return part(described, "encryptionConfiguration").get("kmsKeyId") if answered.status == 200 else None

    def _bucket(self, name: str) -> Model | None:
        return cast("Model", s3_backends[self.id]["aws"]).buckets.get(name)

    def _object(self, bucket: str, key: str, version: str) -> Model | None:
        held = self._bucket(bucket)
        if held is None:
            return None
        backend: Model = s3_backends[self.id]["aws"]
        try:
            found = backend.get_object(bucket, key, version_id=version or None)
        except Exception:  # noqa: BLE001 - whatever it is, S3 words it
            return None
        return found if isinstance(found, FakeKey) else None

    def _key(self, identifier: str, region: str) -> Model | None:
        return cast("Model", kms_backends[self.id][region]).keys.get(identifier)


def _unborn(action: str, resource: str) -> bool:
    """Whether it is the key that CreateKey is about to tag, which has no policy yet."""
    return action.lower() == "kms:tagresource" and resource.endswith(":key/*")


def _named(policies: Model) -> list[tuple[str, str]]:
    """Inline policies: a role keeps a dictionary, a user a dictionary, too, of names and texts."""
    return [(str(name), str(text)) for name, text in list(policies.items())]


def _grant(held: Model) -> Grant:
    constraints: dict[str, Any] = held.constraints or {}
    return Grant(
        grantee=held.grantee_principal,
        operations=frozenset(held.operations),
        subset=part(constraints, "EncryptionContextSubset"),
        equals=constraints.get("EncryptionContextEquals"),
    )
