"""Everything that is changed inside moto, in this one place, for exactly one version of it.

Each function here replaces one of moto's; `tests/embedded/test_cloud_moto_contract.py` says what each must give.
Another version of moto is refused: read its changes, run the contract, then raise `MOTO_VERSION`.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import moto
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.cloudfront.models import Origin, ViewerCertificate
from moto.core.common_models import BaseModel
from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPatternParser, EventsBackend
from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend
from moto.sqs.models import Queue, SQSBackend

from embedded.cloud import patterns
from embedded.cloud.locks import lock_of

MOTO_VERSION = "5.2.5"

Model = Any
"""moto's own objects: untyped for all that matters here."""

_applied = threading.Event()


class WrongMotoError(RuntimeError):
    """The installed moto is not the one that these patches were written for."""


def apply() -> None:
    """Patch moto once per process; raises `WrongMotoError`."""
    installed: str = moto.__version__
    if installed != MOTO_VERSION:
        raise WrongMotoError(f"moto {installed} is installed, the patches are for {MOTO_VERSION}")
    if _applied.is_set():
        return
    _applied.set()
    services = (_queues, _buckets, _bucket_events, _invocations, _function_settings, _versions, _event_buses)
    for patch in (_core, *services, _distributions):
        patch()


def _replace(owner: object, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace `owner.name` by what `make` makes of it; a name that is gone fails here, not in the middle of a run."""
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(make(original)))


def _core() -> None:
    # moto keeps every model that ever lived, for a dashboard that nobody opens: gigabytes after some imports.
    def new(cls: type[BaseModel], *_args: object, **_kwargs: object) -> BaseModel:
        return object.__new__(cls)

    BaseModel.__new__ = staticmethod(new)  # type: ignore[assignment,method-assign]


def _queues() -> None:
    lock = lock_of("sqs")
    arrived = threading.Condition(lock)

    def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
        def under_lock(*args: Model, **kwargs: Model) -> Model:
            with lock:
                return function(*args, **kwargs)

        return under_lock

    def receive(receive_now: Callable[..., list[Model]]) -> Callable[..., list[Model]]:
        def wait(
            self: SQSBackend, queue_name: str, count: int, wait_seconds_timeout: float, *args: Model, **kwargs: Model
        ) -> list[Model]:
            """Wait without keeping other callers out, and wake up when something is sent."""
            end = time.monotonic() + wait_seconds_timeout
            while True:
                with arrived:
                    messages = receive_now(self, queue_name, count, 0, *args, **kwargs)
                    left = end - time.monotonic()
                    if messages or left <= 0:
                        return messages
                    arrived.wait(min(left, 0.5))  # a delay or a visibility timeout ends without anybody telling

        return wait

    def add(add_message: Callable[..., None]) -> Callable[..., None]:
        def add_and_tell(self: Queue, message: Model) -> None:
            """Event source mappings poll (see `eventsource`); sending a message must not run a function."""
            self.lambda_event_source_mappings.clear()
            with arrived:
                add_message(self, message)
                arrived.notify_all()

        return add_and_tell

    _replace(SQSBackend, "receive_message", receive)
    _replace(Queue, "add_message", add)
    one_at_a_time = """create_queue delete_queue set_queue_attributes get_queue_attributes purge_queue send_message
        send_message_batch delete_message delete_message_batch change_message_visibility
        change_message_visibility_batch"""
    for name in one_at_a_time.split():
        _replace(SQSBackend, name, guarded)


def _lets_logging_in(_source: Model, target_bucket: Model, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets access logs be written below the prefix (moto knows no `Principal: "*"`)."""
    if not target_bucket.policy:
        return False
    where = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    for statement in json.loads(target_bucket.policy)["Statement"]:
        who, what, which = (statement.get(name, []) for name in ("Principal", "Action", "Resource"))
        service: object = cast("dict[str, object]", who).get("Service") if isinstance(who, dict) else None
        if (
            statement.get("Effect") == "Allow"
            and "logging.s3.amazonaws.com" in _several(service)
            and "s3:PutObject" in _several(what)
            and any(fnmatch.fnmatchcase(where, str(pattern)) for pattern in _several(which))
        ):
            return True
    return False


def _several(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _buckets() -> None:
    # A key whose versioning is suspended is emptied version by version, and a marker has nothing to give back.
    def dispose(_marker: Model) -> None:
        """Give nothing back."""

    cast("Any", FakeDeleteMarker).dispose = dispose

    # moto reads policies without their conditions: a denial of plain HTTP would deny everything. Who may do what is
    # the router's authoriser's business.
    _replace(FakeBucket, "get_permission", lambda _original: lambda *_: PermissionResult.NEUTRAL)
    _replace(FakeBucket, "_log_permissions_enabled_policy", lambda _original: _lets_logging_in)

    def copy(copy_object: Callable[..., None]) -> Callable[..., None]:
        def copy_as_one(self: S3Backend, src_key: Model, bucket: str, key: str, *args: Model, **kwargs: Model) -> None:
            """A copy is one part: a checksum of the source's parts says nothing about it."""
            copy_object(self, src_key, bucket, key, *args, **kwargs)
            if src_key.checksum_type == "COMPOSITE":
                made: Model = self.get_bucket(bucket).keys[key]
                made.checksum_algorithm = made.checksum_value = None

        return copy_as_one

    _replace(S3Backend, "copy_object", copy)


def _bucket_events() -> None:
    put = notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
    marked = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT

    def send(send_event: Callable[..., None]) -> Callable[..., None]:
        def send_once(account_id: str, event_name: Model, bucket: Model, key: Model) -> None:
            """A completed multipart upload is one event, not also a PutObject."""
            if key is not None and not (event_name == put and getattr(key, "multipart", None) is not None):
                send_event(account_id, event_name, bucket, key)

        return send_once

    def mark_deleted(set_delete_marker: Callable[..., Model]) -> Callable[..., Model]:
        def mark_and_tell(self: S3Backend, bucket_name: str, key_name: str) -> Model:
            """S3 tells of a delete marker; moto does not."""
            marker = set_delete_marker(self, bucket_name, key_name)
            notifications.send_event(self.account_id, marked, self.get_bucket(bucket_name), marker)
            return marker

        return mark_and_tell

    def to_event_bridge(account_id: str, bucket: Model, event_name: Model, key: Model) -> None:
        from embedded.cloud import s3_events

        s3_events.publish(account_id, bucket, str(event_name.value), key)

    def to_function(_account_id: str, event_body: Model, fn_arn: str, _region: str) -> None:
        from embedded.cloud import lambdas

        lambdas.invoke(fn_arn, json.dumps(event_body).encode(), "Event")

    _replace(notifications, "send_event", send)
    _replace(notifications, "_send_event_bridge_message", lambda _original: to_event_bridge)
    _replace(notifications, "_invoke_awslambda", lambda _original: to_function)
    _replace(S3Backend, "_set_delete_marker", mark_deleted)


def _invocations() -> None:
    """Image functions run in workers, whoever asks moto for them."""

    def invoke(function: str, qualifier: str | None, body: Model, headers: Model, answer: dict[str, Model]) -> bytes:
        from embedded.cloud import lambdas

        payload = body.encode() if isinstance(body, str) else (body or b"")
        later = headers.get("X-Amz-Invocation-Type") == "Event"
        result = lambdas.invoke(function, payload, "Event" if later else "RequestResponse", qualifier=qualifier)
        if result.function_error:
            answer["x-amz-function-error"] = result.function_error
        return result.payload

    def of_backend(
        _self: LambdaBackend,
        function_name: str,
        qualifier: str | None,
        body: Model,
        headers: Model,
        response_headers: Model,
    ) -> bytes:
        return invoke(function_name, qualifier, body, headers, response_headers)

    def of_function(self: LambdaFunction, body: Model, headers: Model, response_headers: Model) -> bytes:
        return invoke(self.function_arn, None, body, headers, response_headers)

    _replace(LambdaBackend, "invoke", lambda _original: of_backend)
    _replace(LambdaFunction, "invoke", lambda _original: of_function)


_KEPT_OF_A_FUNCTION = ("LoggingConfig", "DeadLetterConfig", "TracingConfig")


def _function_settings() -> None:
    """Moto forgets where a function logs to, where its failed events go, and changes of an image's command."""

    def remember(self: Model, spec: dict[str, Any]) -> None:
        kept: dict[str, Any] = {**getattr(self, "kept", {})}
        kept.update({name: spec[name] for name in _KEPT_OF_A_FUNCTION if spec.get(name)})
        self.kept = kept
        group = kept.get("LoggingConfig", {}).get("LogGroup")
        self.logs_group_name = group or f"/aws/lambda/{self.function_name}"

    def new(init: Callable[..., None]) -> Callable[..., None]:
        def init_and_remember(self: Model, account_id: str, spec: dict[str, Any], *args: Model, **kw: Model) -> None:
            init(self, account_id, spec, *args, **kw)
            self.invoke_configs = {}
            remember(self, spec)

        return init_and_remember

    def describe(get_configuration: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def with_kept(self: Model, on_create: bool = False) -> dict[str, Any]:
            config = get_configuration(self, on_create)
            config.update({name: self.kept[name] for name in _KEPT_OF_A_FUNCTION if name in self.kept})
            defaults = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
            config["LoggingConfig"] = defaults | config.get("LoggingConfig", {})
            return config

        return with_kept

    def change(update_configuration: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
        def change_and_remember(self: Model, config_updates: dict[str, Any]) -> dict[str, Any]:
            update_configuration(self, config_updates)
            if "ImageConfig" in config_updates:
                self.image_config = type(self.image_config)(config_updates["ImageConfig"])
            if "EphemeralStorage" in config_updates:
                self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
            remember(self, config_updates)
            return self.get_configuration()

        return change_and_remember

    _replace(LambdaFunction, "__init__", new)
    _replace(LambdaFunction, "get_configuration", describe)
    _replace(LambdaFunction, "update_configuration", change)


def _versions() -> None:
    """A version keeps what it was published with, and an event source stays with the alias that it was given."""

    def publish(publish_version: Callable[..., Model]) -> Callable[..., Model]:
        def publish_apart(self: LambdaStorage, *args: Model, **kwargs: Model) -> Model:
            version = publish_version(self, *args, **kwargs)
            if version is not None:
                version.code = dict(version.code)
            return version

        return publish_apart

    def as_named(self: LambdaBackend, mapping: Model, spec: dict[str, Any]) -> Model:
        if mapping is not None and "FunctionName" in spec:
            name: str = self.get_function(spec["FunctionName"]).function_name
            arn = f"arn:aws:lambda:{self.region_name}:{self.account_id}:function:{name}"
            # `name`, `name:alias`, `arn:…:function:name` or `arn:…:function:name:alias`
            qualifier = str(spec["FunctionName"]).rpartition("function:")[2].partition(":")[2]
            mapping.function_arn = f"{arn}:{qualifier}" if qualifier else arn
        return mapping

    def create(create_mapping: Callable[..., Model]) -> Callable[..., Model]:
        def create_as_named(self: LambdaBackend, spec: dict[str, Any]) -> Model:
            return as_named(self, create_mapping(self, spec), spec)

        return create_as_named

    def update(update_mapping: Callable[..., Model]) -> Callable[..., Model]:
        def update_as_named(self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> Model:
            return as_named(self, update_mapping(self, uuid, spec), spec)

        return update_as_named

    _replace(LambdaStorage, "publish_version", publish)
    _replace(LambdaBackend, "create_event_source_mapping", create)
    _replace(LambdaBackend, "update_event_source_mapping", update)


def _event_buses() -> None:
    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        from embedded.cloud import events as ours

        return ours.put_entries(events, self.region_name)

    def strict(parse: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def parse_strictly(self: EventPatternParser) -> dict[str, Any]:
            pattern = parse(self)
            try:
                patterns.check(pattern)
            except patterns.BadPatternError as error:
                raise InvalidEventPatternException(reason=str(error)) from None
            return pattern

        return parse_strictly

    _replace(EventsBackend, "put_events", lambda _original: put_events)
    _replace(EventPatternParser, "parse", strict)


def _distributions() -> None:
    # moto answers that every distribution has CloudFront's own certificate, and leaves out how a bucket is read.
    def certificate(init: Callable[..., None]) -> Callable[..., None]:
        def with_certificate(self: Model, config: dict[str, Any]) -> None:
            init(self, config)
            own = config.get("ACMCertificateArn") or config.get("IAMCertificateId") or ""
            self.cloud_front_default_certificate = not own
            self.certificate = own

        return with_certificate

    def origin(init: Callable[..., None]) -> Callable[..., None]:
        def with_access(self: Model, config: dict[str, Any]) -> None:
            init(self, config)
            self.origin_access_control_id = config.get("OriginAccessControlId", "")
            if "S3OriginConfig" in config:
                self.s3_origin_config = {"OriginAccessIdentity": self.s3_access_identity}

        return with_access

    _replace(ViewerCertificate, "__init__", certificate)
    _replace(Origin, "__init__", origin)
