"""Reads the credential scope out of a request: from the Authorization header, or from a presigned query string.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (and the older Signature Version 2 query
form, which boto3 still writes for S3 unless told otherwise). Signatures themselves are not verified.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

_SCOPE = re.compile(r"([^/\s,=]+)/(\d{8})/([^/\s,]+)/([^/\s,]+)/aws4_request")
_LONGEST_PRESIGN_SECONDS = 604_800  # seven days


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request was signed for."""

    access_key_id: str
    region: str
    service: str
    presigned: bool = False


class ScopeError(Exception):
    """The request is not signed as it should be. `code` and `status` are what AWS answers."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def read_scope(authorization: str, query: str, default_region: str) -> Scope:
    """The scope of a request; raises `ScopeError` if it is unsigned, malformed or a presigned URL past its time."""
    if authorization:
        return _from_header(authorization, default_region)
    parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    if "X-Amz-Credential" in parameters:
        return _from_query(parameters)
    if {"AWSAccessKeyId", "Signature", "Expires"} <= parameters.keys():
        return _from_old_query(parameters, default_region)
    raise ScopeError("MissingAuthenticationToken", "Missing Authentication Token")


def _from_header(authorization: str, default_region: str) -> Scope:
    found = _SCOPE.search(authorization)
    if found:
        key, _, region, service = found.groups()
        return Scope(key, region, service)
    if authorization.startswith("AWS ") and ":" in authorization:  # Signature Version 2 is S3's alone
        return Scope(authorization[4:].split(":", maxsplit=1)[0], default_region, "s3")
    raise ScopeError("IncompleteSignature", "Authorization header requires 'Credential' parameter.", 400)


def _from_query(parameters: dict[str, str]) -> Scope:
    found = _SCOPE.fullmatch(parameters["X-Amz-Credential"])
    if not found:
        raise ScopeError("AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter", 400)
    try:
        signed = datetime.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lifetime = int(parameters["X-Amz-Expires"])
    except (KeyError, ValueError):
        message = "Query-string authentication requires X-Amz-Date and X-Amz-Expires"
        raise ScopeError("AuthorizationQueryParametersError", message, 400) from None
    if not 0 < lifetime <= _LONGEST_PRESIGN_SECONDS:
        message = "X-Amz-Expires must be between 1 and 604800 seconds"
        raise ScopeError("AuthorizationQueryParametersError", message, 400)
    if time.time() > signed.timestamp() + lifetime:
        raise ScopeError("AccessDenied", "Request has expired")
    key, _, region, service = found.groups()
    return Scope(key, region, service, presigned=True)


def _from_old_query(parameters: dict[str, str], default_region: str) -> Scope:
    if not parameters["Expires"].isdigit():
        raise ScopeError("AccessDenied", "Invalid date (should be seconds since epoch)")
    if time.time() > int(parameters["Expires"]):
        raise ScopeError("AccessDenied", "Request has expired")
    return Scope(parameters["AWSAccessKeyId"], default_region, "s3", presigned=True)
