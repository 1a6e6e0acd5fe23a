"""`AssumeRoleWithWebIdentity`: how a job of CI takes on its role. The call is not signed: its token says who asks.

The account's OIDC provider must know the token's issuer and audience, and the role's trust policy decides over its
claims. The token's own signature is not verified: nobody here could fetch the issuer's keys.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qs

from moto.iam.models import iam_backends

from embedded.authorisation.principals import federated
from embedded.cloud import authority
from embedded.cloud.context import Cloud
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.router import UNSIGNED, error_response, fallback

_ACTION = "AssumeRoleWithWebIdentity"


class TokenError(Exception):
    """A token that no provider of the account stands for, or that is over. `code` is the API's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def install(cloud: Cloud) -> None:
    """Answer the one call that nobody signs."""
    account = cloud.account_id

    def answer(request: Request) -> Response:
        request.service, request.region = "sts", cloud.region
        form = {name: values[0] for name, values in parse_qs(request.read().decode()).items()}
        try:
            claims = _claims(form.get("WebIdentityToken", ""))
            provider = _provider(account, claims)
        except TokenError as error:
            return error_response(request, error.code, error.message, 400)
        issuer = provider.partition("oidc-provider/")[2]
        keys = {f"{issuer}:{name}".lower(): (value,) for name, value in claims.items() if isinstance(value, str)}
        if not authority.lets_in(form.get("RoleArn", ""), federated(provider), f"sts:{_ACTION}", keys):
            return error_response(request, "AccessDenied", f"Not authorized to perform sts:{_ACTION}", 403)
        return fallback(request)

    UNSIGNED[_ACTION] = answer


def _claims(token: str) -> Mapping[str, Any]:
    try:
        part = token.split(".")[1]
        claims: object = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, binascii.Error, ValueError):
        claims = None
    if not isinstance(claims, dict):
        raise TokenError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
    return cast("Mapping[str, Any]", claims)


def _provider(account: str, claims: Mapping[str, Any]) -> str:
    """ARN of the OIDC provider that stands for the token."""
    issuer, audience = str(claims.get("iss", "")).removeprefix("https://"), claims.get("aud")
    arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    with lock_of("iam"):
        found: Any = cast("Any", iam_backends[account]["aws"]).open_id_providers.get(arn)
    if found is None:
        raise TokenError("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
    if audience not in found.client_id_list:
        raise TokenError("InvalidIdentityToken", "Incorrect token audience")
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= time.time():
        raise TokenError("ExpiredTokenException", "Token expired: it must be used before the exp claim")
    return arn
