"""The state machine's definition over the real handlers; AWS itself is moto's, a MediaConvert job ends as told."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.validate import ParamValidator

from functions.contracts.analysis import Analysis
from functions.contracts.timeline import TimelinePointer
from functions.contracts.video import VideoAnalysis, VideoProbed
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexEntry, build_index
from functions.video.build_timeline.handler import handler as build_timeline
from functions.video.detect_shots.handler import handler as detect_shots
from functions.video.match_frames import index
from functions.video.match_frames.handler import handler as match_frames
from functions.video.plan_segments.handler import handler as plan_segments
from functions.video.probe_video.handler import handler as probe_video
from functions.video.publish.handler import handler as publish
from functions.video.sample_frames.handler import handler as sample_frames
from tests.support.pipeline import Pipeline
from tests.unit.video.builders import REVISION, SHOP, VIDEO, any_video
from tests.unit.video.conftest import Account
from tests.unit.video.pictures import film_with_pack, pack

FUNCTIONS: dict[str, Any] = {
    "ProbeVideo": probe_video,
    "PlanSegments": plan_segments,
    "DetectShots": detect_shots,
    "SampleFrames": sample_frames,
    "MatchFrames": match_frames,
    "BuildTimeline": build_timeline,
    "Publish": publish,
}


class Analyses(Pipeline):
    """A MediaConvert job ends as told."""

    def __init__(self, account: Account) -> None:
        values = {
            "VideosTable": "videos",
            "AnalysisBucket": "analysis",
            "EventBusName": "shoppable",
            "MediaConvertRoleArn": "arn:aws:iam::123456789012:role/transcode",
        }
        super().__init__("video-analysis", dict(FUNCTIONS), values, account)
        self.jobs: list[dict[str, Any]] = []
        self.job_end: dict[str, Any] = {"Status": "COMPLETE"}
        self.on_job: Callable[[], object] = lambda: None
        """Called when a job was made."""

    def upload(self, body: bytes, sequencer: int = 1) -> VideoAnalysis:
        """A new version of the video."""
        given = any_video(sequencer=f"{sequencer:032x}")
        return given.model_copy(update={"version_id": self.account.put("video", given.key, body)})

    def status(self) -> dict[str, Any]:
        return self.account.records(VIDEO).get("status", {})

    def pointer(self) -> TimelinePointer:
        return TimelinePointer.model_validate_json(self.account.get("delivery", f"videos/{VIDEO}.json"))

    def _answer(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if service == "mediaconvert":
            return self._transcode(operation, params)
        return super()._answer(service, operation, params)

    def _transcode(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        model = botocore.session.get_session().get_service_model("mediaconvert").operation_model(operation)
        report = ParamValidator().validate(dict(params), model.input_shape)
        assert not report.has_errors(), report.generate_report()
        if operation == "CreateJob":
            self.jobs.append(dict(params))
            self.on_job()
            return {"Job": {"Id": f"job-{len(self.jobs)}", "Status": "SUBMITTED"}}
        return {"Job": {"Id": params.get("Id"), **self.job_end}}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film_with_pack(tmp_path_factory.mktemp("film") / "film.mp4").read_bytes()


@pytest.fixture
def pipeline(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analyses:
    """A live catalogue of two products."""
    monkeypatch.setenv("SEGMENT_SECONDS", "1")
    monkeypatch.setattr(index, "cache_root", lambda: tmp_path / "cache")
    index.forget()
    files = tmp_path / "index"
    files.mkdir()
    build_index(
        [
            IndexEntry(product_id=f"p-{seed}", image_sha256=f"{seed}" * 64, features=describe_image(pack(seed)))
            for seed in (1, 2)
        ],
        files,
    )
    prefix = f"revisions/{SHOP}/{REVISION}"
    for file in files.iterdir():
        account.put("catalogue", f"{prefix}/index/{file.name}", file.read_bytes())
    live = {
        "shop_id": SHOP,
        "record": "live",
        "revision": REVISION,
        "products_key": f"{prefix}/products.jsonl",
        "manifest_key": f"{prefix}/manifest.json",
        "sequencer": "0",
    }
    item = {name: {"S": value} for name, value in live.items()} | {"products": {"N": "2"}}
    account.dynamodb.put_item(TableName="imports", Item=item)
    return Analyses(account)


def test_a_film_is_transcoded_analysed_published_and_announced(account: Account, pipeline: Analyses, film: bytes):
    execution = pipeline.run(pipeline.upload(film))

    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    status = pipeline.status()
    assert (status["state"], status["appearances"], status["shots"]) == ("published", 1, 2)
    assert "reason" not in status
    assert pipeline.invoked.count("MatchFrames") == 3
    assert set(status["progress"]) == {"0", "1", "2"}
    analysis = Analysis.model_validate_json(account.get("analysis", status["analysis_key"]))
    assert [found.product_id for found in analysis.appearances] == ["p-1"]
    assert pipeline.pointer().timeline == status["timeline_key"]
    (job,) = pipeline.jobs
    assert job["UserMetadata"] == {"video_id": VIDEO, "asset_id": status["asset_id"]}
    assert len(job["ClientRequestToken"]) == 64
    announced = {"shop_id": SHOP, "video_id": VIDEO, "timeline_key": status["timeline_key"], "appearances": 1}
    assert pipeline.events == [("VideoPublished", announced)]


def test_a_redriven_film_is_transcoded_by_a_new_job_and_not_by_the_cancelled_one(
    pipeline: Analyses, film: bytes
) -> None:
    """https://docs.aws.amazon.com/mediaconvert/latest/apireference/idempotency.html"""
    pipeline.job_end = {"Status": "PROGRESSING"}
    pipeline.on_job = lambda: pipeline.service.api.stop_execution({"executionArn": arn})
    arn = f"{pipeline.machine.replace(':stateMachine:', ':execution:')}:run-1"
    assert pipeline.run(pipeline.upload(film)).status == "ABORTED"

    pipeline.job_end, pipeline.on_job = {"Status": "COMPLETE"}, lambda: None
    pipeline.service.api.redrive_execution({"executionArn": arn})
    assert pipeline.service.finish(arn, 120).status == "SUCCEEDED"
    first, second = (job["ClientRequestToken"] for job in pipeline.jobs)
    assert first != second


def test_a_second_run_publishes_the_same_timeline(pipeline: Analyses, film: bytes):
    given = pipeline.upload(film)
    assert pipeline.run(given).status == "SUCCEEDED"
    first = pipeline.status()["timeline_key"]
    assert pipeline.run(given).status == "SUCCEEDED"

    assert pipeline.status()["timeline_key"] == first


def test_a_file_that_is_no_video_is_refused_with_reason_and_event(pipeline: Analyses):
    execution = pipeline.run(pipeline.upload(b"a text, whatever its name says"))

    assert execution.status == "SUCCEEDED"
    assert pipeline.status()["state"] == "refused"
    assert pipeline.status()["reason"]["code"] == "NotAVideo"
    assert pipeline.invoked == ["ProbeVideo"]
    refused = {"shop_id": SHOP, "video_id": VIDEO, "reason": pipeline.status()["reason"]}
    assert pipeline.events == [("VideoRejected", refused)]


@pytest.mark.usefixtures("blind")
def test_a_refused_new_version_leaves_what_is_public(pipeline: Analyses, film: bytes):
    assert pipeline.run(pipeline.upload(film)).status == "SUCCEEDED"
    before = pipeline.pointer()
    assert pipeline.run(pipeline.upload(b"", sequencer=2)).status == "SUCCEEDED"

    assert pipeline.status()["reason"]["code"] == "EmptyFile"
    assert pipeline.pointer() == before
    assert before.state == "published"


def test_an_older_version_that_comes_late_changes_nothing(pipeline: Analyses):
    older, newer = pipeline.upload(b"older", sequencer=1), pipeline.upload(b"newer", sequencer=2)
    assert pipeline.run(newer).status == "SUCCEEDED"
    before = pipeline.status()
    pipeline.invoked.clear()
    assert pipeline.run(older).status == "SUCCEEDED"

    assert pipeline.invoked == []
    assert pipeline.status() == before


@pytest.mark.usefixtures("blind")
def test_a_failing_function_leaves_a_readable_reason_and_an_event(pipeline: Analyses, film: bytes):
    pipeline.failing["BuildTimeline"] = RuntimeError("the disk is full")
    execution = pipeline.run(pipeline.upload(film))

    assert (execution.status, execution.error, execution.cause) == ("FAILED", "RuntimeError", "the disk is full")
    reason = {"code": "RuntimeError", "message": "The analysis failed. the disk is full"}
    assert (pipeline.status()["state"], pipeline.status()["reason"]) == ("failed", reason)
    assert pipeline.events == [("VideoRejected", {"shop_id": SHOP, "video_id": VIDEO, "reason": reason})]


@pytest.mark.usefixtures("blind")
def test_a_failing_transcoding_says_what_mediaconvert_said(pipeline: Analyses, film: bytes):
    pipeline.job_end = {"Status": "ERROR", "ErrorCode": 1040, "ErrorMessage": "Unable to open input file"}
    assert pipeline.run(pipeline.upload(film)).status == "FAILED"

    assert pipeline.status()["reason"]["message"] == "The analysis failed. MediaConvert: Unable to open input file"


def test_a_failing_segment_fails_the_analysis(pipeline: Analyses, film: bytes):
    pipeline.failing["SampleFrames"] = RuntimeError("no memory")
    assert pipeline.run(pipeline.upload(film)).status == "FAILED"

    assert pipeline.status()["reason"]["code"] == "States.ExceedToleratedFailureThreshold"
    assert "Publish" not in pipeline.invoked


@pytest.mark.usefixtures("blind")
def test_a_video_that_is_taken_down_while_it_is_analysed_stays_down(pipeline: Analyses, film: bytes):
    def take_down(payload: dict[str, Any], context: Any) -> Any:
        pipeline.account.dynamodb.update_item(
            TableName="videos",
            Key={"video_id": {"S": VIDEO}, "record": {"S": "status"}},
            UpdateExpression="SET #state = :unpublished",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":unpublished": {"S": "unpublished"}},
        )
        return build_timeline(payload, context)

    pipeline.functions["BuildTimeline"] = take_down
    assert pipeline.run(pipeline.upload(film)).status == "SUCCEEDED"

    assert pipeline.status()["state"] == "unpublished"
    assert pipeline.events == []
    assert "Contents" not in pipeline.account.s3.list_objects_v2(Bucket="delivery", Prefix="videos/")


def restoring(payload: dict[str, Any], context: Any) -> dict[str, Any]:
    return VideoProbed(outcome="restoring").model_dump(mode="json")


@pytest.mark.usefixtures("blind")
def test_an_archived_film_is_waited_for_and_then_analysed(pipeline: Analyses, film: bytes):
    seen: list[tuple[str, Any]] = []

    def third_time(payload: dict[str, Any], context: Any) -> Any:
        seen.append((pipeline.status()["state"], pipeline.status().get("reason")))
        return probe_video(payload, context) if len(seen) == 3 else restoring(payload, context)

    def plan(payload: dict[str, Any], context: Any) -> Any:
        seen.append((pipeline.status()["state"], pipeline.status().get("reason")))
        return plan_segments(payload, context)

    pipeline.functions |= {"ProbeVideo": third_time, "PlanSegments": plan}
    execution = pipeline.run(pipeline.upload(film))

    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert pipeline.service.waits[:2] == [900, 900]
    assert [state for state, _ in seen] == ["processing", "restoring", "restoring", "processing"]
    assert seen[1][1]["code"] == "Restoring"
    assert "up to 12 hours" in seen[1][1]["message"]
    assert seen[3][1] is None
    assert pipeline.status()["state"] == "published"


def test_a_film_that_does_not_come_back_within_a_day_is_given_up(pipeline: Analyses, film: bytes):
    pipeline.functions["ProbeVideo"] = restoring
    execution = pipeline.run(pipeline.upload(film))

    assert (execution.status, execution.error) == ("FAILED", "RestoreTimedOut")
    assert sum(pipeline.service.waits) == 24 * 3600
    assert (pipeline.status()["state"], pipeline.status()["reason"]["code"]) == ("failed", "RestoreTimedOut")
    assert [kind for kind, _ in pipeline.events] == ["VideoRejected"]


def test_a_film_that_is_restored_and_refused_says_why(pipeline: Analyses):
    calls: list[int] = []

    def second_time(payload: dict[str, Any], context: Any) -> Any:
        calls.append(1)
        return probe_video(payload, context) if len(calls) == 2 else restoring(payload, context)

    pipeline.functions["ProbeVideo"] = second_time
    assert pipeline.run(pipeline.upload(b"a text, whatever its name says")).status == "SUCCEEDED"

    assert (pipeline.status()["state"], pipeline.status()["reason"]["code"]) == ("refused", "NotAVideo")


@pytest.mark.parametrize(
    ("change", "left"),
    [({":state": "unpublished"}, "unpublished"), ({":state": "processing", ":execution": "newer"}, "processing")],
    ids=["taken down", "a newer version"],
)
def test_who_has_no_more_use_for_a_film_ends_the_wait(pipeline: Analyses, change: dict[str, str], left: str):
    def meanwhile(payload: dict[str, Any], context: Any) -> Any:
        sets = {":state": "#state = :state", ":execution": "#execution = :execution"}
        pipeline.account.dynamodb.update_item(
            TableName="videos",
            Key={"video_id": {"S": VIDEO}, "record": {"S": "status"}},
            UpdateExpression="SET " + ", ".join(sets[name] for name in change),
            ExpressionAttributeNames={f"#{name[1:]}": name[1:] for name in change},
            ExpressionAttributeValues={name: {"S": value} for name, value in change.items()},
        )
        return restoring(payload, context)

    pipeline.functions["ProbeVideo"] = meanwhile
    assert pipeline.run(pipeline.upload(b"whatever")).status == "SUCCEEDED"

    assert pipeline.invoked == ["ProbeVideo"]
    assert pipeline.service.waits == []
    assert pipeline.status()["state"] == left
