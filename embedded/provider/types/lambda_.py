"""Functions, their event sources and permissions."""

import io
import zipfile
from pathlib import Path
from typing import Any

from embedded.engine.model import Created, ProviderError
from embedded.engine.values import Archive, Asset, Value
from embedded.provider.kinds import Call, Calls, Naming, Removal, Request, Steps, kind, simple, undo

_RENAME = {
    "name": "FunctionName",
    "imageUri": "Code.ImageUri",
    "s3Bucket": "Code.S3Bucket",
    "s3Key": "Code.S3Key",
    "s3ObjectVersion": "Code.S3ObjectVersion",
    "kmsKeyArn": "KMSKeyArn",
}
_STEERING = (
    "skipDestroy",
    "replaceSecurityGroupsOnDestroy",
    "replacementSecurityGroupIds",
    "sourceCodeHash",
    "codeSha256",
    "useResourceTimeoutForPropagation",
)


_UNRESERVED = -1
_CODE = {"sourceKmsKeyArn": "SourceKMSKeyArn"}


def _concurrency(name: str, reserved: int | None) -> Calls:
    if reserved not in (None, _UNRESERVED):
        params = {"FunctionName": name, "ReservedConcurrentExecutions": reserved}
        yield Call(operation="PutFunctionConcurrency", params=params)


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    arguments, where = request.arguments, {"FunctionName": old.id}
    arguments.take_some(*_STEERING, "name", "packageType")
    reserved = arguments.take("reservedConcurrentExecutions", _UNRESERVED)
    if reserved != old.inputs.get("reservedConcurrentExecutions", _UNRESERVED):
        if reserved == _UNRESERVED:
            yield Call(operation="DeleteFunctionConcurrency", params=where)
        yield from _concurrency(old.id, reserved)
    signing = arguments.take("codeSigningConfigArn")
    if signing != old.inputs.get("codeSigningConfigArn"):
        yield Call(operation="PutFunctionCodeSigningConfig", params={**where, "CodeSigningConfigArn": signing})
    image, archive = _image(request), arguments.take("code")
    given = arguments.take_some("architectures", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceKmsKeyArn")
    publish = arguments.take("publish")
    configuration = arguments.take_rest()
    before = old.inputs
    rename = {"kmsKeyArn": "KMSKeyArn"}
    changed = any(value != before.get(key) for key, value in configuration.items())
    if changed:
        yield Call(operation="UpdateFunctionConfiguration", arguments=configuration, rename=rename, params=where)
    content: dict[str, Any] = {"ImageUri": image} if image else {}
    if archive:
        content["ZipFile"] = b"-" if request.dry else _zip(request.root, archive)
    if any(request.goal.inputs.get(key) != before.get(key) for key in ("imageUri", "code", *given)):
        changed = True
        yield Call(operation="UpdateFunctionCode", arguments=given, rename=_CODE, params={**where, **content})
    # Lambda gives the last version back where neither code nor configuration is new since; a reservation is neither.
    if publish and (changed or not before.get("publish")):
        response = yield Call(operation="PublishVersion", params=where)
        return Created(id=old.id, outputs=_versioned(request, old.outputs["arn"], response["Version"]))
    return Created(id=old.id, outputs={})


def _versioned(request: Request, arn: str, version: str) -> dict[str, Any]:
    qualified = f"{arn}:{version}"
    invoked = f"path/2015-03-31/functions/{qualified}/invocations"
    return {
        "version": version,
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": request.arn("apigateway", invoked, account="lambda"),
    }


def _image(request: Request) -> str | None:
    image: str | None = request.arguments.take("imageUri")
    if image and "@" in image and ":" in image.partition("@")[0].rpartition("/")[2]:
        # https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html: a tag or a digest
        message = f"imageUri {image!r} has a tag and a digest; Lambda takes one of them: repository@sha256:…"
        raise ProviderError(message)
    return image


def _zip(root: Path, archive: Value) -> bytes:
    match archive:
        case Archive(path=path) if path and (root / path).is_file():
            return (root / path).read_bytes()
        case Archive(path=path) if path:
            base = root / path
            files = {file.relative_to(base).as_posix(): file.read_bytes() for file in base.rglob("*") if file.is_file()}
        case Archive(assets=assets) if assets is not None:
            files = {name: asset.content(root) for name, asset in assets.items() if isinstance(asset, Asset)}
        case _:
            message = "the function's code must be an archive of local files"
            raise ProviderError(message)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name in sorted(files):
            bundle.writestr(zipfile.ZipInfo(name), files[name])
    return buffer.getvalue()


def _remove(request: Request) -> Removal:
    assert request.old is not None  # noqa: S101
    if not request.old.inputs.get("skipDestroy"):
        yield Call(operation="DeleteFunction", params={"FunctionName": request.old.id})


@kind(
    "aws:lambda/function:Function",
    "lambda",
    naming=Naming(longest=64),
    tags=True,
    identity=("packageType",),
    update=_change,
    removable=("reservedConcurrentExecutions", "publish", *_STEERING),
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    resets={
        "architectures": ["x86_64"],
        "deadLetterConfig": {},
        "description": "",
        "environment": {},
        "ephemeralStorage": {"size": 512},
        "fileSystemConfigs": [],
        "kmsKeyArn": "",
        "layers": [],
        "memorySize": 128,
        "timeout": 3,
        "tracingConfig": {"mode": "PassThrough"},
        "vpcConfig": {"subnetIds": [], "securityGroupIds": []},
    },
    volatile=("version", "qualifiedArn", "qualifiedInvokeArn", "lastModified"),
    steady=("reservedConcurrentExecutions", "codeSigningConfigArn", *_STEERING),
    delete=_remove,
)
def function(request: Request) -> Steps:
    """A function from an image or an archive."""
    arguments = request.arguments
    arguments.take_some(*_STEERING)
    name = request.goal.inputs["name"]
    code: dict[str, Any] = {"ImageUri": _image(request)}
    archive = arguments.take("code")
    if archive:
        code["ZipFile"] = b"-" if request.dry else _zip(request.root, archive)
    reserved = arguments.take("reservedConcurrentExecutions")
    response = yield Call(
        operation="CreateFunction",
        arguments=arguments.take_rest(),
        rename=_RENAME,
        params={f"Code.{key}": value for key, value in code.items() if value},
    )
    yield from _concurrency(name, reserved)
    arn = request.arn("lambda", f"function:{name}")
    outputs = {
        "arn": arn,
        "invokeArn": request.arn("apigateway", f"path/2015-03-31/functions/{arn}/invocations", account="lambda"),
        **_versioned(request, arn, response["Version"]),
        "lastModified": response["LastModified"],
        "sourceCodeSize": response.get("CodeSize", 0),
        "memorySize": request.goal.inputs.get("memorySize", 128),
        "timeout": request.goal.inputs.get("timeout", 3),
        "packageType": request.goal.inputs.get("packageType", "Zip"),
        "architectures": request.goal.inputs.get("architectures", ["x86_64"]),
    }
    return Created(id=name, outputs=outputs)


simple(
    "aws:lambda/alias:Alias",
    "lambda",
    "CreateAlias",
    naming=Naming(longest=128),
    id="{response[AliasArn]}",
    identity=("functionName", "name"),
    resets={"description": "", "routingConfig": {}},
    update=("UpdateAlias", {"FunctionName": "{functionName}", "Name": "{name}"}),
    outputs={
        "arn": "{response[AliasArn]}",
        "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path"
        "/2015-03-31/functions/{response[AliasArn]}/invocations",
    },
    delete=undo("DeleteAlias", FunctionName="{functionName}", Name="{name}"),
)

_ENABLED = {"enabled": True}
simple(
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "lambda",
    "CreateEventSourceMapping",
    tags=True,
    defaults=_ENABLED,
    identity=("eventSourceArn", "startingPosition", "startingPositionTimestamp"),
    # https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
    resets={
        "batchSize": 10,
        "filterCriteria": {},
        "functionResponseTypes": [],
        "maximumBatchingWindowInSeconds": 0,
        "scalingConfig": {},
    },
    update=("UpdateEventSourceMapping", {"UUID": "{id}"}),
    id="{response[UUID]}",
    outputs={
        "uuid": "{response[UUID]}",
        "arn": "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{response[UUID]}",
        "functionArn": "{response[FunctionArn]}",
        "state": "{response[State]}",
    },
    delete=undo("DeleteEventSourceMapping", UUID="{id}"),
)

simple(
    "aws:lambda/permission:Permission",
    "lambda",
    "AddPermission",
    naming=Naming(property="statementId", longest=100),
    rename={"function": "FunctionName"},
    id="{statementId}",
    identity=("*",),
    delete=undo("RemovePermission", FunctionName="{function}", StatementId="{statementId}", Qualifier="{qualifier}"),
)

simple(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "lambda",
    "PutFunctionEventInvokeConfig",
    id="{functionName}",
    put=True,
    identity=("functionName", "qualifier"),
    delete=undo("DeleteFunctionEventInvokeConfig", FunctionName="{functionName}", Qualifier="{qualifier}"),
)
