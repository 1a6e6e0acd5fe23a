"""Headers that a response headers policy adds.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

Json = Any


def apply(policy: Mapping[str, Json], headers: dict[str, str], origin: str, *, preflight: bool) -> None:
    """Add to (or replace in) `headers`, whose names are lower case. `origin` is the request's Origin, or empty."""
    for name in _items(policy.get("RemoveHeadersConfig")):
        headers.pop(str(name.get("Header", "")).lower(), None)
    _security(policy.get("SecurityHeadersConfig") or {}, headers)
    if origin:
        _cors(policy.get("CorsConfig") or {}, headers, origin, preflight=preflight)
    for entry in _items(policy.get("CustomHeadersConfig")):
        _set(headers, str(entry["Header"]).lower(), str(entry["Value"]), override=bool(entry.get("Override")))


def _set(headers: dict[str, str], name: str, value: str, *, override: bool) -> None:
    if override or name not in headers:
        headers[name] = value


def _items(config: Json) -> list[Json]:
    items: list[Json] = config.get("Items") or [] if config else []
    return items


def _security(config: Mapping[str, Json], headers: dict[str, str]) -> None:
    plain = {
        "ContentSecurityPolicy": ("content-security-policy", "ContentSecurityPolicy"),
        "FrameOptions": ("x-frame-options", "FrameOption"),
        "ReferrerPolicy": ("referrer-policy", "ReferrerPolicy"),
    }
    for name, (header, member) in plain.items():
        if name in config:
            _set(headers, header, str(config[name][member]), override=bool(config[name]["Override"]))
    if "ContentTypeOptions" in config:
        override = bool(config["ContentTypeOptions"]["Override"])
        _set(headers, "x-content-type-options", "nosniff", override=override)
    if "StrictTransportSecurity" in config:
        strict = config["StrictTransportSecurity"]
        value = f"max-age={strict['AccessControlMaxAgeSec']}"
        value += "; includeSubDomains" if strict.get("IncludeSubdomains") else ""
        value += "; preload" if strict.get("Preload") else ""
        _set(headers, "strict-transport-security", value, override=bool(strict["Override"]))
    if "XSSProtection" in config:
        protection = config["XSSProtection"]
        value = "0" if not protection.get("Protection") else "1; mode=block" if protection.get("ModeBlock") else "1"
        _set(headers, "x-xss-protection", value, override=bool(protection["Override"]))


def _cors(config: Mapping[str, Json], headers: dict[str, str], origin: str, *, preflight: bool) -> None:
    origins: list[str] = [str(one) for one in _items(config.get("AccessControlAllowOrigins"))]
    if not any(fnmatch.fnmatchcase(origin, one) for one in origins):
        return
    override = bool(config.get("OriginOverride"))
    _set(headers, "access-control-allow-origin", "*" if "*" in origins else origin, override=override)
    if "*" not in origins:
        headers["vary"] = ", ".join(part for part in (headers.get("vary", ""), "Origin") if part)
    if config.get("AccessControlAllowCredentials"):
        _set(headers, "access-control-allow-credentials", "true", override=override)
    lists = {"access-control-expose-headers": "AccessControlExposeHeaders"}
    if preflight:
        lists |= {
            "access-control-allow-methods": "AccessControlAllowMethods",
            "access-control-allow-headers": "AccessControlAllowHeaders",
        }
        if "AccessControlMaxAgeSec" in config:
            _set(headers, "access-control-max-age", str(config["AccessControlMaxAgeSec"]), override=override)
    for header, member in lists.items():
        values = ", ".join(str(value) for value in _items(config.get(member)))
        if values:
            _set(headers, header, values, override=override)
