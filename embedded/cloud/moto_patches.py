"""Everything that is changed inside moto, in this one place, for exactly one version of it.

Each function here replaces one of moto's; `tests/embedded/test_cloud_moto_contract.py` says what each must give. Another
version of moto is refused: read its changes, run the contract, then raise `MOTO_VERSION`.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import moto
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.core.common_models import BaseModel
from moto.events.models import EventPatternParser, EventsBackend
from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket, S3Backend
from moto.sqs.models import Queue, SQSBackend

from embedded.cloud.locks import lock_of

MOTO_VERSION = "5.2.5"

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
    _core()
    _sqs()
    _s3()
    _lambda()
    _events()


def _core() -> None:
    # moto keeps every model that ever lived, for a dashboard that nobody opens: gigabytes after some imports.
    def new(cls: type[BaseModel], *_args: object, **_kwargs: object) -> BaseModel:
        return object.__new__(cls)

    BaseModel.__new__ = staticmethod(new)  # type: ignore[assignment,method-assign]


def _sqs() -> None:
    lock = lock_of("sqs")
    arrived = threading.Condition(lock)
    receive_now: Callable[..., list[Any]] = SQSBackend.receive_message

    def receive(self: SQSBackend, queue_name: str, count: int, wait_seconds_timeout: int, *args: Any, **kw: Any) -> Any:
        """Waits without keeping other callers out, and wakes up when something is sent."""
        end = time.monotonic() + wait_seconds_timeout
        while True:
            with arrived:
                messages = receive_now(self, queue_name, count, 0, *args, **kw)
                left = end - time.monotonic()
                if messages or left <= 0:
                    return messages
                arrived.wait(min(left, 0.5))  # a delay or a visibility timeout ends without anybody telling

    SQSBackend.receive_message = receive  # type: ignore[method-assign]

    add_message: Callable[[Queue, Any], None] = Queue.add_message

    def add(self: Queue, message: Any) -> None:  # noqa: ANN401 - moto's own message
        """Event source mappings poll (see `eventsource`); sending a message must not run a function."""
        self.lambda_event_source_mappings.clear()
        with arrived:
            add_message(self, message)
            arrived.notify_all()

    Queue.add_message = add  # type: ignore[method-assign]
    for name in (
        "create_queue",
        "delete_queue",
        "set_queue_attributes",
        "send_message",
        "send_message_batch",
        "delete_message",
        "delete_message_batch",
        "change_message_visibility",
        "change_message_visibility_batch",
        "get_queue_attributes",
        "purge_queue",
    ):
        setattr(SQSBackend, name, _under(lock, getattr(SQSBackend, name)))


def _under(lock: threading.RLock, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return function(*args, **kwargs)

    return guarded


def _s3() -> None:
    # moto reads policies without their conditions: a denial of plain HTTP would deny everything. Who may do what is
    # the router's authoriser's business.
    FakeBucket.get_permission = lambda _self, _action, _resource: PermissionResult.NEUTRAL  # type: ignore[method-assign]

    def to_event_bridge(account_id: str, bucket: Any, event_name: Any, key: Any) -> None:  # noqa: ANN401
        from embedded.cloud import s3_events

        s3_events.publish(account_id, bucket, str(event_name.value), key)

    def to_function(account_id: str, event_body: Any, fn_arn: str, _region: str) -> None:  # noqa: ANN401, ARG001
        import json

        from embedded.cloud import lambdas

        lambdas.invoke(fn_arn, json.dumps(event_body).encode(), "Event")

    send_event = notifications.send_event

    def send(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:  # noqa: ANN401
        """A completed multipart upload is one event, not also a PutObject."""
        put = notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
        if key is None or (event_name == put and getattr(key, "multipart", None) is not None):
            return
        send_event(account_id, event_name, bucket, key)

    copy_object = S3Backend.copy_object

    def copy(self: S3Backend, src_key: Any, dest_bucket_name: str, dest_key_name: str, *args: Any, **kw: Any) -> None:
        """A copy is one part: a checksum of the source's parts says nothing about it."""
        copy_object(self, src_key, dest_bucket_name, dest_key_name, *args, **kw)
        if src_key.checksum_type == "COMPOSITE":
            made = self.get_bucket(dest_bucket_name).keys[dest_key_name]
            made.checksum_algorithm = made.checksum_value = None

    S3Backend.copy_object = copy  # type: ignore[method-assign,assignment]
    set_delete_marker = S3Backend._set_delete_marker  # noqa: SLF001

    def mark_deleted(self: S3Backend, bucket_name: str, key_name: str) -> Any:  # noqa: ANN401
        """S3 tells of a delete marker; moto does not."""
        marker = set_delete_marker(self, bucket_name, key_name)
        made = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        send(self.account_id, made, self.get_bucket(bucket_name), marker)
        return marker

    S3Backend._set_delete_marker = mark_deleted  # type: ignore[method-assign]  # noqa: SLF001
    notifications.send_event = send
    notifications._send_event_bridge_message = to_event_bridge
    notifications._invoke_awslambda = to_function


_KEPT_OF_A_FUNCTION = ("LoggingConfig", "DeadLetterConfig", "TracingConfig")


def _lambda() -> None:
    def invoke(
        _self: LambdaBackend, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        from embedded.cloud import lambdas

        payload = body.encode() if isinstance(body, str) else (body or b"")
        kind = "Event" if headers.get("X-Amz-Invocation-Type") == "Event" else "RequestResponse"
        result = lambdas.invoke(function_name, payload, kind, qualifier=qualifier)
        if result.function_error:
            response_headers["x-amz-function-error"] = result.function_error
        return result.payload

    def invoke_function(self: LambdaFunction, body: Any, headers: Any, response_headers: Any) -> bytes:
        return invoke(None, self.function_arn, None, body, headers, response_headers)  # type: ignore[arg-type]

    LambdaBackend.invoke = invoke  # type: ignore[method-assign,assignment]
    LambdaFunction.invoke = invoke_function  # type: ignore[method-assign,assignment]

    # moto forgets where a function logs to and where its failed events go.
    init = LambdaFunction.__init__
    configuration = LambdaFunction.get_configuration
    update = LambdaFunction.update_configuration

    def remember(self: Any, spec: dict[str, Any]) -> None:
        self.kept = {**getattr(self, "kept", {}), **{k: spec[k] for k in _KEPT_OF_A_FUNCTION if spec.get(k)}}
        group = self.kept.get("LoggingConfig", {}).get("LogGroup")
        self.logs_group_name = group or f"/aws/lambda/{self.function_name}"

    def new_init(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        init(self, account_id, spec, *args, **kwargs)
        remember(self, spec)

    def new_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        config = configuration(self, on_create)
        logging_config = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        config["LoggingConfig"] = {**logging_config, **self.kept.get("LoggingConfig", {})}
        for name in ("DeadLetterConfig", "TracingConfig"):
            if name in self.kept:
                config[name] = self.kept[name]
        return config

    def new_update(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        update(self, config_updates)
        if "ImageConfig" in config_updates:
            self.image_config = type(self.image_config)(config_updates["ImageConfig"])
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        remember(self, config_updates)
        return self.get_configuration()

    LambdaFunction.__init__ = new_init  # type: ignore[method-assign]
    LambdaFunction.get_configuration = new_configuration  # type: ignore[method-assign]
    LambdaFunction.update_configuration = new_update  # type: ignore[method-assign]

    mapping_configuration = EventSourceMapping.get_configuration

    def mapping(self: EventSourceMapping) -> dict[str, Any]:
        found = mapping_configuration(self)
        found.setdefault("MaximumBatchingWindowInSeconds", 0)
        return found

    EventSourceMapping.get_configuration = mapping  # type: ignore[method-assign]


def _events() -> None:
    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        from embedded.cloud import events as ours

        return ours.put_entries(events, self.region_name)

    EventsBackend.put_events = put_events  # type: ignore[method-assign]

    parse = EventPatternParser.parse

    def parse_strictly(self: EventPatternParser) -> dict[str, Any]:
        from moto.events.exceptions import InvalidEventPatternException

        from embedded.cloud import patterns

        pattern = parse(self)
        try:
            patterns.check(pattern)
        except patterns.BadPatternError as error:
            raise InvalidEventPatternException(reason=str(error)) from None
        return pattern

    EventPatternParser.parse = parse_strictly  # type: ignore[method-assign]
