"""MediaConvert: jobs done for real by libav, in a child process, behind the service's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

from embedded.cloud import credentials, events
from embedded.cloud.context import Cloud
from embedded.cloud.mediaconvert.api import MediaConvert
from embedded.cloud.mediaconvert.changes import state_change
from embedded.cloud.mediaconvert.jobs import Job, Workers
from embedded.cloud.protocols import JsonService, service_model
from embedded.cloud.regional import Regional
from embedded.cloud.router import service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKERS = 1
"""Jobs of a region done at a time: one already keeps every core busy."""


def install(cloud: Cloud) -> None:
    """Serve `mediaconvert` on the running cloud."""
    session: Any = botocore.session.get_session()

    def make(region: str) -> JsonService:
        def client(job: Job) -> S3Client:
            held = credentials.assume_role(
                job.role_arn, "EmeTranscode", service="mediaconvert.amazonaws.com", source=job.arn
            )
            return session.create_client(
                "s3",
                region_name=region,
                endpoint_url=cloud.endpoint_url,
                aws_access_key_id=held.access_key_id,
                aws_secret_access_key=held.secret_access_key,
                aws_session_token=held.session_token,
                config=Config(s3={"addressing_style": "path"}),
            )

        def tell(job: Job) -> None:
            events.put_event(state_change(job, cloud.account_id), region=region)

        implementation = MediaConvert(region, cloud.account_id, cloud.endpoint_url)
        implementation.workers = Workers(client, tell, WORKERS)
        cloud.on_stop(implementation.workers.stop)
        return JsonService(service_model("mediaconvert"), implementation, invalid="BadRequestException")

    service("mediaconvert")(Regional(make))
