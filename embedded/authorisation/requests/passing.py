"""Handing a role to a service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from embedded.authorisation.requests.rows import Need


def passes(role_arn: str, service: str) -> Need:
    """The need of whoever gives `role_arn` to a service, as in `lambda.amazonaws.com`."""
    return Need("iam:PassRole", role_arn, {"iam:passedtoservice": (service,)})
