"""The MediaConvert API: jobs, queues, tags."""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from embedded.cloud.mediaconvert.jobs import Job, Workers
from embedded.cloud.mediaconvert.plan import GroupMade
from embedded.cloud.mediaconvert.settings import SettingsError, understand
from embedded.cloud.protocols import RefusedError

Json = Any
Params = dict[str, Any]
# https://docs.aws.amazon.com/mediaconvert/latest/apireference/jobs.html#jobs-prop-createjobrequest-clientrequesttoken:
# "If you reuse a client request token within one minute of a successful request, the API returns the job details of the
# original request instead."
TOKEN_SECONDS = 60
_REFUSED = ("JobTemplate", "ElementalInferenceSettings", "JobEngineVersion")
_PAGE = 20


@dataclass(slots=True)
class Queue:
    """A queue; every job of every queue is taken in the order of submission."""

    name: str
    arn: str
    kind: str
    created: datetime
    updated: datetime
    description: str | None = None
    status: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict[str, str])


class MediaConvert:
    """All of one account and region."""

    def __init__(
        self, region: str, account_id: str, endpoint_url: str, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._prefix = f"arn:aws:mediaconvert:{region}:{account_id}"
        self._endpoint_url = endpoint_url
        self._clock = clock or (lambda: datetime.now(UTC))
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[str, Job] = {}
        self._tags: dict[str, dict[str, str]] = {}
        moment = self._clock()
        default = Queue("Default", f"{self._prefix}:queues/Default", "SYSTEM", moment, moment)
        self._queues = {"Default": default}
        self.workers: Workers | None = None

    # Jobs

    def create_job(self, params: Params) -> Params:
        for name in _REFUSED:
            if name in params:
                raise RefusedError("BadRequestException", f"{name} is not served by the embedded AWS")
        try:
            plan = understand(params["Settings"])
        except SettingsError as error:
            raise RefusedError("BadRequestException", str(error)) from error
        role: str = params["Role"]
        if not role.startswith("arn:aws:iam::"):
            raise RefusedError("BadRequestException", f"Role: {role!r} is no role's ARN")
        queue = self._queue(params.get("Queue", "Default"))
        token: str | None = params.get("ClientRequestToken")
        moment = self._clock()
        with self._lock:
            held = self._tokens.get(token) if token else None
            if held is not None and moment - held.created < timedelta(seconds=TOKEN_SECONDS):
                return {"Job": shown(held)}
            # Identifiers look like the service's: time of creation in milliseconds, and something random.
            letters = "".join(random.choices(string.ascii_lowercase + string.digits, k=6))  # noqa: S311
            job_id = f"{int(moment.timestamp() * 1000)}-{letters}"
            job = Job(job_id, f"{self._prefix}:jobs/{job_id}", queue.arn, role, params, plan, moment)
            self._jobs[job_id] = job
            self._tags[job.arn] = dict(params.get("Tags", {}))
            if token:
                self._tokens[token] = job
        if self.workers is not None:
            self.workers.submit(job)
        return {"Job": shown(job)}

    def get_job(self, params: Params) -> Params:
        return {"Job": shown(self.job(params["Id"]))}

    def list_jobs(self, params: Params) -> Params:
        jobs = sorted(self._jobs.values(), key=lambda job: job.created, reverse=params.get("Order") != "ASCENDING")
        if "Queue" in params:
            queue = self._queue(params["Queue"])
            jobs = [job for job in jobs if job.queue == queue.arn]
        if "Status" in params:
            jobs = [job for job in jobs if job.status == params["Status"]]
        start = int(params.get("NextToken") or 0)
        end = start + (params.get("MaxResults") or _PAGE)
        return {"Jobs": [shown(job) for job in jobs[start:end]], "NextToken": str(end) if end < len(jobs) else None}

    def cancel_job(self, params: Params) -> Params:
        job = self.job(params["Id"])
        if self.workers is None or not self.workers.cancel(job):
            raise RefusedError("ConflictException", f"The job {job.id} is {job.status} and cannot be canceled", 409)
        return {}

    def job(self, job_id: str) -> Job:
        """The job itself. Errors: RefusedError."""
        job = self._jobs.get(job_id)
        if job is None:
            raise RefusedError("NotFoundException", f"The job {job_id} does not exist", 404)
        return job

    # Queues, endpoints, tags

    def create_queue(self, params: Params) -> Params:
        name: str = params["Name"]
        if params.get("PricingPlan", "ON_DEMAND") != "ON_DEMAND":
            raise RefusedError("BadRequestException", "Reserved queues are not served by the embedded AWS")
        with self._lock:
            if name in self._queues:
                raise RefusedError("ConflictException", f"The queue {name} already exists", 409)
            moment = self._clock()
            queue = Queue(name, f"{self._prefix}:queues/{name}", "CUSTOM", moment, moment, params.get("Description"))
            queue.status = params.get("Status", "ACTIVE")
            self._queues[name] = queue
            self._tags[queue.arn] = dict(params.get("Tags", {}))
        return {"Queue": self._queue_shown(queue)}

    def update_queue(self, params: Params) -> Params:
        queue = self._queue(params["Name"])
        queue.description = params.get("Description", queue.description)
        queue.status = params.get("Status", queue.status)
        queue.updated = self._clock()
        return {"Queue": self._queue_shown(queue)}

    def get_queue(self, params: Params) -> Params:
        return {"Queue": self._queue_shown(self._queue(params["Name"]))}

    def list_queues(self, _params: Params) -> Params:
        return {"Queues": [self._queue_shown(queue) for queue in self._queues.values()]}

    def delete_queue(self, params: Params) -> Params:
        queue = self._queue(params["Name"])
        if queue.kind == "SYSTEM":
            raise RefusedError("BadRequestException", "The default queue cannot be deleted")
        with self._lock:
            del self._queues[queue.name]
        return {}

    def describe_endpoints(self, _params: Params) -> Params:
        return {"Endpoints": [{"Url": self._endpoint_url}]}

    def tag_resource(self, params: Params) -> Params:
        self._tags.setdefault(params["Arn"], {}).update(params["Tags"])
        return {}

    def untag_resource(self, params: Params) -> Params:
        for key in params.get("TagKeys", []):
            self._tags.get(params["Arn"], {}).pop(key, None)
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:
        return {"ResourceTags": {"Arn": params["Arn"], "Tags": self._tags.get(params["Arn"], {})}}

    def _queue(self, name: str) -> Queue:
        queue = self._queues.get(name.rpartition("/")[2] if name.startswith("arn:") else name)
        if queue is None:
            raise RefusedError("NotFoundException", f"The queue {name} does not exist", 404)
        return queue

    def _queue_shown(self, queue: Queue) -> Params:
        jobs = [job for job in self._jobs.values() if job.queue == queue.arn]
        return {
            "Arn": queue.arn,
            "Name": queue.name,
            "Description": queue.description,
            "PricingPlan": "ON_DEMAND",
            "Status": queue.status,
            "Type": queue.kind,
            "CreatedAt": queue.created,
            "LastUpdated": queue.updated,
            "ProgressingJobsCount": sum(job.status == "PROGRESSING" for job in jobs),
            "SubmittedJobsCount": sum(job.status == "SUBMITTED" for job in jobs),
        }


def shown(job: Job) -> Params:
    """A job as the API gives it."""
    request = job.request
    return {
        "Id": job.id,
        "Arn": job.arn,
        "Queue": job.queue,
        "Role": job.role_arn,
        "Settings": request["Settings"],
        "Status": job.status,
        "CurrentPhase": job.phase,
        "JobPercentComplete": job.percent,
        "CreatedAt": job.created,
        "ClientRequestToken": request.get("ClientRequestToken"),
        "UserMetadata": request.get("UserMetadata", {}),
        "Priority": request.get("Priority", 0),
        "StatusUpdateInterval": request.get("StatusUpdateInterval", "SECONDS_60"),
        "AccelerationSettings": request.get("AccelerationSettings", {"Mode": "DISABLED"}),
        "AccelerationStatus": "NOT_APPLICABLE",
        "BillingTagsSource": request.get("BillingTagsSource", "JOB"),
        "ErrorCode": job.error_code,
        "ErrorMessage": job.error,
        "Messages": {"Info": [], "Warning": []},
        "RetryCount": 0,
        "Timing": {"SubmitTime": job.created, "StartTime": job.started, "FinishTime": job.finished},
        "OutputGroupDetails": [_group_shown(made) for made in job.made] if job.status == "COMPLETE" else None,
    }


def _group_shown(made: GroupMade) -> Params:
    return {
        "OutputDetails": [
            {
                "DurationInMs": output.duration_ms,
                "VideoDetails": {"WidthInPx": output.width, "HeightInPx": output.height},
            }
            for output in made.outputs
        ]
    }
