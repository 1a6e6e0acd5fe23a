"""Event source mappings: queues are polled, batches go to functions, what succeeded is deleted.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and .../services-sqs-errorhandling.html: a
failed batch stays until its visibility timeout is over; the queue's redrive policy then counts it.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sqs.models import sqs_backends

from embedded.cloud import authority, lambdas, patterns
from embedded.cloud.context import Cloud
from embedded.cloud.documents import part, several
from embedded.cloud.function_config import read_function
from embedded.cloud.locks import lock_of

logger = logging.getLogger(__name__)

_RECEIVE_MAX = 10
_POLLERS_DEFAULT = 2
_LOOK_AGAIN_SECONDS = 1.0  # how long a deleted mapping may still be waiting for messages
_THROTTLED_SECONDS = 0.5

_manager: Mappings | None = None


def install(cloud: Cloud) -> None:
    """Start looking after mappings."""
    global _manager  # noqa: PLW0603 - one cloud per process: moto's own state is global too
    _manager = Mappings(cloud)
    cloud.on_stop(_manager.stop)


def changed() -> None:
    """Mappings were made, changed or deleted: start and stop pollers."""
    if _manager is not None:
        _manager.reconcile()


class Mappings:
    """The pollers there are, by mapping and configuration."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._pollers: dict[str, list[Poller]] = {}
        self._guard = threading.Lock()

    def reconcile(self) -> None:
        """One set of pollers per enabled mapping, with its present configuration."""
        with lock_of("lambda"):
            wanted: dict[str, Any] = {}
            for region in list(lambda_backends[self._cloud.account_id].values()):
                backend: Any = region
                for mapping in backend._event_source_mappings.values():
                    config = mapping.get_configuration()
                    if mapping.enabled and ":sqs:" in config["EventSourceArn"]:
                        wanted[json.dumps(config, sort_keys=True, default=str)] = config
        with self._guard:
            for key in [key for key in self._pollers if key not in wanted]:
                for poller in self._pollers.pop(key):
                    poller.stop()
            for key, config in wanted.items():
                if key not in self._pollers:
                    fifo = config["EventSourceArn"].endswith(".fifo")
                    most = part(config, "ScalingConfig").get("MaximumConcurrency", _POLLERS_DEFAULT)
                    count = 1 if fifo else min(int(most), self._cloud.workers)
                    self._pollers[key] = [Poller(config) for _ in range(count)]

    def stop(self) -> None:
        """End all pollers; a batch in the works is not waited for."""
        with self._guard:
            for pollers in self._pollers.values():
                for poller in pollers:
                    poller.stop()
            self._pollers.clear()


class Poller:
    """Takes batches from one queue to one function, one at a time."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._function = str(config["FunctionArn"])
        self._queue_arn = str(config["EventSourceArn"])
        self._batch = int(config.get("BatchSize") or _RECEIVE_MAX)
        self._window = float(config.get("MaximumBatchingWindowInSeconds") or 0)
        self._partial = "ReportBatchItemFailures" in (config.get("FunctionResponseTypes") or [])
        filters = several(part(config, "FilterCriteria"), "Filters")
        self._filters: list[dict[str, Any]] = [json.loads(each["Pattern"]) for each in filters]
        _, _, _, self._region, account, self._queue = self._queue_arn.split(":")
        self._sqs: Any = sqs_backends[account][self._region]
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name=f"poll-{self._queue}", daemon=True).start()

    def stop(self) -> None:
        """Take no further batch."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                messages = self._gather()
                if messages:
                    self._process(messages)
            except Exception:
                logger.exception("polling %s failed", self._queue_arn)
                self._stopped.wait(_LOOK_AGAIN_SECONDS)

    def _gather(self) -> list[Any]:
        """Up to a batch of messages; with a window, what comes until it is over."""
        found: list[Any] = []
        until = 0.0
        while not self._stopped.is_set() and len(found) < self._batch:
            wait = min(_LOOK_AGAIN_SECONDS, max(0.0, until - time.monotonic())) if found else _LOOK_AGAIN_SECONDS
            more = self._receive(min(_RECEIVE_MAX, self._batch - len(found)), wait)
            if more and not found:
                until = time.monotonic() + self._window
            found += more
            if (not more and time.monotonic() >= until) or (found and not self._window):
                break
        return found

    def _receive(self, count: int, wait: float) -> list[Any]:
        queue = self._sqs.queues.get(self._queue)
        if queue is None:
            self._stopped.wait(_LOOK_AGAIN_SECONDS)
            return []
        self._may("ReceiveMessage", "GetQueueAttributes")
        messages = self._sqs.receive_message(
            self._queue, count, wait, queue.visibility_timeout, message_attribute_names=["All"]
        )
        kept = [message for message in messages if self._wanted(message)]
        self._delete([message for message in messages if message not in kept])
        return kept

    def _wanted(self, message: Any) -> bool:  # noqa: ANN401 - moto's own message
        if not self._filters:
            return True
        try:
            body: Any = json.loads(message.body)
        except ValueError:
            body = message.body
        record = {**_record(message, self._queue_arn, self._region), "body": body}
        return any(patterns.matches(pattern, record) for pattern in self._filters)

    def _process(self, messages: list[Any]) -> None:
        event = {"Records": [_record(message, self._queue_arn, self._region) for message in messages]}
        payload = json.dumps(event).encode()
        queue = self._sqs.queues.get(self._queue)
        until = time.monotonic() + float(queue.visibility_timeout if queue else 0)
        while True:
            try:
                result = lambdas.invoke(self._function, payload)
                break
            except lambdas.InvocationRefused as refused:
                throttled = refused.code == "TooManyRequestsException"
                if not throttled or time.monotonic() > until or self._stopped.is_set():
                    logger.error("a batch of %s was refused: %s", self._queue, refused.message)
                    return
                self._stopped.wait(_THROTTLED_SECONDS)
        if result.function_error is None:
            failed = self._failures(messages, result.payload) if self._partial else set[str]()
            self._delete([message for message in messages if message.id not in failed])

    def _failures(self, messages: list[Any], payload: bytes) -> set[str]:
        """Message ids that the function reports as failed; all of them if the report makes no sense."""
        everything = {str(message.id) for message in messages}
        try:
            report: Any = json.loads(payload or b"null")
        except ValueError:
            return everything
        items = several(part({"report": report}, "report"), "batchItemFailures")
        failed = {str(part({"item": item}, "item").get("itemIdentifier")) for item in items}
        if not failed <= everything:  # an unknown, empty or missing identifier fails the whole batch
            return everything
        if self._queue.endswith(".fifo") and failed:
            first = next(place for place, message in enumerate(messages) if message.id in failed)
            return {str(message.id) for message in messages[first:]}
        return failed

    def _may(self, *operations: str) -> None:
        """Raises NotPermittedError unless the function's role may: the service polls in its name."""
        config = read_function(self._function, None, self._region, self._queue_arn.split(":")[4])
        for operation in operations:
            authority.as_role(
                config.role,
                config.name,
                region=self._region,
                api=f"sqs:{operation}",
                params={"QueueUrl": self._queue},
            )

    def _delete(self, messages: list[Any]) -> None:
        if messages:
            self._may("DeleteMessage")
        for message in messages:
            try:
                self._sqs.delete_message(self._queue, message.receipt_handle)
            except Exception as error:  # noqa: BLE001 - moto's many exceptions have no common ancestor
                logger.warning("message %s of %s was not deleted: %s", message.id, self._queue, error)


def _record(message: Any, queue_arn: str, region: str) -> dict[str, Any]:  # noqa: ANN401 - moto's own message
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": str(message.sender_id),
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if message.group_id:
        attributes["MessageGroupId"] = message.group_id
    if message.deduplication_id:
        attributes["MessageDeduplicationId"] = message.deduplication_id
    if message.sequence_number:
        attributes["SequenceNumber"] = message.sequence_number
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if value.get("StringValue") is not None:
        found["stringValue"] = value["StringValue"]
    if value.get("BinaryValue") is not None:
        found["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return found
