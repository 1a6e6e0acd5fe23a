"""Is this the right account, and has its region what the program uses?"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from release.preflight.finding import Finding, Target

SERVICES = (
    "cloudfront",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "mediaconvert",
    "s3",
    "sns",
    "sqs",
    "stepfunctions",
    "xray",
)
"""As AWS names them in its public parameters:
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-global-infrastructure.html"""


def account(target: Target) -> Iterator[Finding]:
    """Whose credentials these are. Nothing else is worth asking where they are another account's."""
    wanted = target.settings.account_id
    try:
        identity: dict[str, str] = target.regional("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        yield Finding(
            what=f"credentials in {target.settings.region}",
            problem=str(error),
            fix="log in (AWS_PROFILE), and check that the region is enabled for the account",
        )
        return
    if identity["Account"] != wanted:
        yield Finding(
            what="account",
            problem=f"credentials are of {identity['Account']}, the stack belongs to {wanted}",
            fix=f"log in to {wanted}, or correct accountId in Pulumi.{target.stack}.yaml",
        )


def services(target: Target) -> Iterator[Finding]:
    """Services that the region does not have."""
    region = target.settings.region
    pages: Any = target.regional("ssm").get_paginator("get_parameters_by_path")
    path = f"/aws/service/global-infrastructure/regions/{region}/services"
    listed = [str(one["Name"]) for page in pages.paginate(Path=path) for one in page["Parameters"]]
    there = {name.rsplit("/", 1)[1] for name in listed}
    for service in SERVICES:
        if service not in there:
            yield Finding(
                what=f"service {service}",
                problem=f"{region} does not have it",
                fix=f"choose another aws:region in Pulumi.{target.stack}.yaml",
            )


def transcoding(target: Target) -> Iterator[Finding]:
    """Whether MediaConvert answers this account, and works off the queue that jobs go to."""
    try:
        pages: Any = target.regional("mediaconvert").get_paginator("list_queues")
        queues: list[dict[str, str]] = [queue for page in pages.paginate() for queue in page["Queues"]]
    except (ClientError, BotoCoreError) as error:
        yield Finding(
            what="MediaConvert",
            problem=str(error),
            fix=f"allow mediaconvert:ListQueues, and open the MediaConvert console in {target.settings.region} once",
        )
        return
    for queue in queues:
        if queue["Name"] == "Default" and queue.get("Status") == "PAUSED":
            yield Finding(
                what="MediaConvert queue",
                problem="the queue Default is paused: films would wait until they time out",
                fix="resume it: `aws mediaconvert update-queue --name Default --status ACTIVE`",
            )
