"""The events of a job: https://docs.aws.amazon.com/mediaconvert/latest/ug/mediaconvert_cwe_events.html"""

from __future__ import annotations

from typing import Any

from embedded.cloud.mediaconvert.jobs import Job

Json = Any
_KINDS = {"hls": "HLS_GROUP", "file": "FILE_GROUP"}


def state_change(job: Job, account_id: str) -> dict[str, Json]:
    """The event of a job's new status, as a rule sees it."""
    moment = job.finished or job.started or job.created
    detail: dict[str, Json] = {
        "timestamp": int(moment.timestamp() * 1000),
        "accountId": account_id,
        "queue": job.queue,
        "jobId": job.id,
        "status": job.status,
        "userMetadata": job.request.get("UserMetadata", {}),
    }
    if job.status == "ERROR":
        detail |= {"errorCode": job.error_code, "errorMessage": job.error}
    if job.status == "COMPLETE":
        detail["outputGroupDetails"] = [_group(job, index) for index in range(len(job.made))]
    return {
        "source": "aws.mediaconvert",
        "detail-type": "MediaConvert Job State Change",
        "resources": [job.arn],
        "detail": detail,
    }


def _group(job: Job, index: int) -> dict[str, Json]:
    group, made = job.plan.groups[index], job.made[index]
    folder = f"s3://{group.destination.bucket}/{group.destination.key.rpartition('/')[0]}".rstrip("/")
    shown: dict[str, Json] = {
        "outputDetails": [
            {
                # A list of segments is told by its playlist, a list of captures by its last picture.
                "outputFilePaths": [f"{folder}/{output.files[0 if group.kind == 'hls' else -1]}"]
                if output.files
                else [],
                "durationInMs": output.duration_ms,
                "videoDetails": {"widthInPx": output.width, "heightInPx": output.height},
            }
            for output in made.outputs
        ],
        "type": _KINDS[group.kind],
    }
    if made.playlist:
        shown["playlistFilePaths"] = [f"{folder}/{made.playlist}"]
    return shown
