"""A function as it is configured at the moment of an invocation, read out of moto once."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.models import lambda_backends

from embedded.cloud.locks import lock_of

_FUNCTION_ARN = re.compile(r"arn:aws[\w-]*:lambda:([\w-]+):(\d{12}):function:([\w-]+)(?::([\w$-]+))?")
_PARTIAL_ARN = re.compile(r"(?:(\d{12}):)?(?:function:)?([\w-]+)(?::([\w$-]+))?")


class NoSuchFunctionError(Exception):
    """No function has this name, version or alias."""


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """What a worker needs to know. Two configurations with the same `digest` may share a worker."""

    name: str
    arn: str
    version: str
    region: str
    account_id: str
    role: str
    command: tuple[str, ...]
    package_type: str
    image: str
    environment: dict[str, str] = field(hash=False)
    timeout_seconds: int
    memory_mb: int
    log_group: str
    log_format: str
    log_level: str | None
    reserved_concurrency: int | None
    dead_letter_arn: str | None
    invoke_config: dict[str, Any] = field(hash=False)
    digest: str = ""


def locate(function: str, default_region: str, account_id: str) -> tuple[str, str, str, str | None]:
    """Region, account, name and qualifier of a function given by name, partial ARN or ARN."""
    if found := _FUNCTION_ARN.fullmatch(function):
        return found[1], found[2], found[3], found[4]
    if found := _PARTIAL_ARN.fullmatch(function):
        return default_region, found[1] or account_id, found[2], found[3]
    raise NoSuchFunctionError(function)


@dataclass(frozen=True, slots=True)
class Found:
    """Moto's function at a qualifier: the version that is meant, and `latest`, where lies what has no versions."""

    arn: str
    """Without a qualifier."""
    qualifier: str | None
    version: Any
    latest: Any


def find_function(function: str, qualifier: str | None, default_region: str, account_id: str) -> Found:
    """The function by name, partial ARN or ARN; raises `NoSuchFunctionError` with its ARN."""
    region, account, name, inner = locate(function, default_region, account_id)
    qualifier = qualifier or inner
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    backend: Any = lambda_backends[account][region]
    try:
        version = backend.get_function(name, None if qualifier == "$LATEST" else qualifier)
        return Found(arn, qualifier, version, backend.get_function(name))
    except Exception:  # noqa: BLE001 - moto's exceptions for a name, a version and an alias differ
        raise NoSuchFunctionError(f"{arn}:{qualifier}" if qualifier else arn) from None


def read_function(function: str, qualifier: str | None, default_region: str, account_id: str) -> FunctionConfig:
    """The configuration of a function; raises `NoSuchFunctionError` with its ARN."""
    region, account, _, _ = locate(function, default_region, account_id)
    with lock_of("lambda"):
        found = find_function(function, qualifier, default_region, account_id)
        arn, qualifier, model = found.arn, found.qualifier, found.version
        logging_config = model.kept.get("LoggingConfig", {})
        facts: dict[str, Any] = {
            "name": model.function_name,
            "version": "$LATEST" if qualifier in (None, "$LATEST") else str(model.version),
            "region": region,
            "account_id": account,
            "role": model.role,
            "command": tuple(model.image_config.cmd),
            "package_type": model.package_type,
            "image": str(model.code.get("ImageUri", "")),
            "environment": dict(model.environment_vars or {}),
            "timeout_seconds": int(model.timeout),
            "memory_mb": int(model.memory_size),
            "log_group": model.logs_group_name,
            "log_format": logging_config.get("LogFormat", "Text"),
            "log_level": logging_config.get("ApplicationLogLevel"),
        }
        digest = hashlib.sha256(json.dumps([arn, facts], sort_keys=True).encode()).hexdigest()
        # Concurrency is reserved for all versions together.
        reserved = found.latest.reserved_concurrency
        return FunctionConfig(
            **facts,
            arn=f"{arn}:{qualifier}" if qualifier else arn,
            reserved_concurrency=None if reserved is None else int(reserved),
            dead_letter_arn=model.kept.get("DeadLetterConfig", {}).get("TargetArn") or None,
            invoke_config=dict(found.latest.invoke_configs.get(qualifier or "$LATEST", {})),
            digest=digest,
        )
