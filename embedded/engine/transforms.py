"""Resource transforms: functions in the program's process that may rewrite a registration before it counts."""

import threading
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

# Messages whose types the generated stubs do not resolve, and fields that are reached by name.
Message = Any

_SCALARS = {
    "protect": "protect",
    "version": "version",
    "provider": "provider",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "delete_before_replace": "deleteBeforeReplace",
}
_LISTS = {
    "depends_on": "dependencies",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "aliases": "aliases",
    "additional_secret_outputs": "additionalSecretOutputs",
}


class Transforms:
    """The stack's transforms, and the calls into the program that apply them. A resource's own go first."""

    def __init__(self) -> None:
        self._stack: list[Message] = []
        self._stubs: dict[str, Message] = {}
        self._lock = threading.Lock()

    def register(self, callback: Message) -> None:
        """Apply `callback` to every registration from now on."""
        with self._lock:
            self._stack.append(callback)

    def apply(self, request: Message) -> None:
        """Rewrite `request` in place."""
        with self._lock:
            callbacks = [*request.transforms, *self._stack]
        for callback in callbacks:
            answer = self._stub(callback.target).Invoke(
                callback_pb2.CallbackInvokeRequest(token=callback.token, request=_question(request).SerializeToString())
            )
            response = resource_pb2.TransformResponse.FromString(answer.response)
            request.object.CopyFrom(response.properties)
            if response.HasField("options"):
                _take_options(request, response.options)

    def _stub(self, target: str) -> Message:
        with self._lock:
            if target not in self._stubs:
                self._stubs[target] = callback_pb2_grpc.CallbacksStub(grpc.insecure_channel(target))
            return self._stubs[target]


def _question(request: Message) -> Message:
    options = resource_pb2.TransformResourceOptions(providers=dict(request.providers))
    for theirs, ours in _SCALARS.items():
        value = getattr(request, ours)
        if value:
            setattr(options, theirs, value)
    for theirs, ours in _LISTS.items():
        getattr(options, theirs).extend(getattr(request, ours))
    return resource_pb2.TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=options,
    )


def _take_options(request: Message, options: Message) -> None:
    for theirs, ours in _SCALARS.items():
        if options.HasField(theirs) if theirs in _OPTIONAL else getattr(options, theirs):
            setattr(request, ours, getattr(options, theirs))
    for theirs, ours in _LISTS.items():
        request.ClearField(ours)
        getattr(request, ours).extend(getattr(options, theirs))


_OPTIONAL = {field.name for field in resource_pb2.TransformResourceOptions.DESCRIPTOR.fields if field.has_presence}
