"""Data sources."""

from collections.abc import Callable, Mapping
from typing import Any

from embedded.engine.model import ProviderError, ProviderSettings


def answer(
    token: str,
    arguments: Mapping[str, Any],
    settings: ProviderSettings,
    account: str,
    client: Callable[[str, str], Any],
) -> dict[str, Any]:
    """The result of a data source, by Pulumi's names. Raises `ProviderError` for one that is not known."""
    region = arguments.get("region") or settings.region
    unexpected = set(arguments) - {"region", "registryId"}
    if unexpected:
        message = f"{token}: unsupported arguments: {', '.join(sorted(unexpected))}"
        raise ProviderError(message)
    match token:
        case "aws:index/getCallerIdentity:getCallerIdentity":
            return {
                "id": account,
                "accountId": account,
                "arn": f"arn:aws:iam::{account}:user/operator",
                "userId": "AIDAOPERATOR",
            }
        case "aws:index/getRegion:getRegion":
            return {
                "id": region,
                "name": region,
                "region": region,
                "description": region,
                "endpoint": f"ec2.{region}.amazonaws.com",
            }
        case "aws:index/getPartition:getPartition":
            return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
        case "aws:ecr/getAuthorizationToken:getAuthorizationToken":
            return {
                "id": region,
                "region": region,
                "authorizationToken": "QVdTOnRva2Vu",
                "userName": "AWS",
                "password": "token",
                "proxyEndpoint": f"https://{account}.dkr.ecr.{region}.amazonaws.com",
                "expiresAt": "2099-01-01T00:00:00Z",
            }
        case "aws:index/getAvailabilityZones:getAvailabilityZones":
            zones = client("ec2", region).describe_availability_zones()["AvailabilityZones"]
            names = [zone["ZoneName"] for zone in zones]
            return {"id": region, "names": names, "zoneIds": [zone["ZoneId"] for zone in zones]}
        case _:
            message = f"unknown data source {token}"
            raise ProviderError(message)
