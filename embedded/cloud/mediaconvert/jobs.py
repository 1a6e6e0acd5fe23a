"""Jobs and the threads that run them: fetch from S3, encode in a child process, write to S3, under the job's role."""

from __future__ import annotations

import logging
import mimetypes
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud.mediaconvert.plan import Group, GroupMade, Message, Plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

Json = Any
_CODE = Path(__file__).parents[3]
# https://docs.aws.amazon.com/mediaconvert/latest/ug/mediaconvert_error_codes.html
INPUT_ERROR = 1010
ROLE_ERROR = 1432
OUTPUT_ERROR = 3450
UNKNOWN_ERROR = 1999
_TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".mp4": "video/mp4", ".jpg": "image/jpeg"}


@dataclass(slots=True)
class Job:
    """One job. `request` is what CreateJob was given."""

    id: str
    arn: str
    queue: str
    role_arn: str
    request: dict[str, Json]
    plan: Plan
    created: datetime
    status: str = "SUBMITTED"
    phase: str | None = None
    percent: int | None = None
    started: datetime | None = None
    finished: datetime | None = None
    error_code: int | None = None
    error: str | None = None
    made: tuple[GroupMade, ...] = ()
    lock: threading.Lock = field(default_factory=threading.Lock)
    process: subprocess.Popen[str] | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def open(self) -> bool:
        return self.status in ("SUBMITTED", "PROGRESSING")


class FailedError(Exception):
    """The job cannot be done."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Workers:
    """Threads that take jobs in the order of their submission."""

    def __init__(self, client: Callable[[Job], S3Client], tell: Callable[[Job], None], count: int) -> None:
        self._client, self._tell = client, tell
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"mediaconvert-{at}", daemon=True) for at in range(count)
        ]
        self._current: set[str] = set()
        self._jobs: dict[str, Job] = {}
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Have `job` done."""
        self._jobs[job.id] = job
        self._queue.put(job)

    def cancel(self, job: Job) -> bool:
        """End `job`; False when it has ended already."""
        with job.lock:
            if not job.open:
                return False
            self._close(job, "CANCELED")
            if job.process is not None:
                job.process.kill()
        self._tell(job)
        return True

    def stop(self) -> None:
        """End all child processes."""
        for _ in self._threads:
            self._queue.put(None)
        for job in self._jobs.values():
            with job.lock:
                if job.open:
                    self._close(job, "CANCELED")
                if job.process is not None:
                    job.process.kill()

    @staticmethod
    def _close(job: Job, status: str) -> None:
        job.status, job.finished, job.phase = status, datetime.now(UTC), None
        job.ended.set()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with job.lock:
                if not job.open:
                    continue
                job.status, job.phase, job.percent, job.started = "PROGRESSING", "PROBING", 0, datetime.now(UTC)
            self._tell(job)
            status = self._perform(job)
            with job.lock:
                if not job.open:
                    continue
                self._close(job, status)
            self._tell(job)

    def _perform(self, job: Job) -> str:
        try:
            with tempfile.TemporaryDirectory(prefix="mediaconvert-") as folder:
                client = self._connect(job)
                source = self._fetch(client, job, Path(folder))
                self._encode(job, source, Path(folder))
                if not job.open:
                    return "CANCELED"
                job.phase = "UPLOADING"
                for index, made in enumerate(job.made):
                    self._upload(client, job.plan.groups[index], made, Path(folder) / "out" / str(index))
        except FailedError as error:
            job.error_code, job.error = error.code, error.message
            return "ERROR"
        except Exception as error:
            logger.exception("the job %s broke", job.id)
            job.error_code, job.error = UNKNOWN_ERROR, f"{type(error).__name__}: {error}"
            return "ERROR"
        job.percent = 100
        return "COMPLETE"

    def _connect(self, job: Job) -> S3Client:
        try:
            return self._client(job)
        except Exception as error:
            raise FailedError(ROLE_ERROR, f"MediaConvert can't assume the role {job.role_arn}: {error}") from error

    def _fetch(self, client: S3Client, job: Job, folder: Path) -> Path:
        source = job.plan.source
        path = folder / "source"
        try:
            body = client.get_object(Bucket=source.bucket, Key=source.key)["Body"]
            with path.open("wb") as file:
                for piece in body.iter_chunks(1024 * 1024):
                    file.write(piece)
        except (ClientError, BotoCoreError) as error:
            uri = f"s3://{source.bucket}/{source.key}"
            raise FailedError(
                INPUT_ERROR, f"Unable to open input file [{uri}]: [Failed probe/open: [{error}]]"
            ) from error
        return path

    def _encode(self, job: Job, source: Path, folder: Path) -> None:
        plan = folder / "plan.json"
        plan.write_text(job.plan.model_dump_json())
        command = [sys.executable, "-m", f"{__package__}.encode", str(plan), str(source), str(folder / "out")]
        with job.lock:
            if not job.open:
                return
            job.phase = "TRANSCODING"
            job.process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(_CODE)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        process = job.process
        complaint = SimpleQueue[str]()
        assert process.stdout is not None  # noqa: S101 - piped above
        assert process.stderr is not None  # noqa: S101 - piped above
        stderr = process.stderr
        reader = threading.Thread(target=lambda: complaint.put(stderr.read()[-2000:]), daemon=True)
        reader.start()
        failure: FailedError | None = None
        for line in process.stdout:
            message = Message.model_validate_json(line)
            job.percent = message.percent if message.percent is not None else job.percent
            job.made = message.made or job.made
            if message.error_code is not None:
                failure = FailedError(message.error_code, message.error or "")
        status = process.wait()
        job.process = None
        if failure is not None:
            raise failure
        if status and job.open:
            raise FailedError(UNKNOWN_ERROR, f"The encoder ended with status {status}: {complaint.get(timeout=5)}")

    def _upload(self, client: S3Client, group: Group, made: GroupMade, folder: Path) -> None:
        prefix = group.destination.key.rpartition("/")[0]
        # The multivariant playlist comes last: whoever finds it finds everything it names.
        names = [name for output in made.outputs for name in output.files] + ([made.playlist] if made.playlist else [])
        options: dict[str, Any] = {}
        if group.encryption is not None:
            options["ServerSideEncryption"] = group.encryption.algorithm
            if group.encryption.key_arn:
                options["SSEKMSKeyId"] = group.encryption.key_arn
        for name in names:
            path = folder / name
            kind = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            key = f"{prefix}/{name}" if prefix else name
            try:
                client.put_object(
                    Bucket=group.destination.bucket, Key=key, Body=path.read_bytes(), ContentType=kind, **options
                )
            except (ClientError, BotoCoreError) as error:
                uri = f"s3://{group.destination.bucket}/{key}"
                raise FailedError(OUTPUT_ERROR, f"Unable to write to output file [{uri}]: [{error}]") from error
