"""The state machine's definition over the real handlers; AWS itself is moto's, a MediaConvert job ends as told."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from embedded.cloud.stepfunctions.integrations import CallError
from functions.contracts.analysis import Analysis
from functions.contracts.timeline import TimelinePointer
from functions.contracts.video import VideoAnalysis
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
from tests.embedded.stepfunctions_support import Service
from tests.unit.video.builders import REVISION, SHOP, VIDEO, any_video
from tests.unit.video.conftest import Account
from tests.unit.video.pictures import film_with_pack, pack

DEFINITION = Path(__file__).parents[3] / "infra" / "workflows" / "video-analysis.asl.json"
FUNCTIONS: dict[str, Any] = {
    "ProbeVideo": probe_video,
    "PlanSegments": plan_segments,
    "DetectShots": detect_shots,
    "SampleFrames": sample_frames,
    "MatchFrames": match_frames,
    "BuildTimeline": build_timeline,
    "Publish": publish,
}


class Pipeline:
    """Runs executions over an account."""

    def __init__(self, account: Account, context: Any) -> None:
        self.account = account
        self.context = context
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.failing: dict[str, Exception] = {}
        self.invoked: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self.job_end: dict[str, Any] = {"Status": "COMPLETE"}
        self.service = Service(self._answer)
        definition = DEFINITION.read_text()
        values = {
            "VideosTable": "videos",
            "AnalysisBucket": "analysis",
            "EventBusName": "shoppable",
            "MediaConvertRoleArn": "arn:aws:iam::123456789012:role/transcode",
        }
        for name in FUNCTIONS:
            values[f"{name}Arn"] = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        for name, value in values.items():
            definition = definition.replace(f"${{{name}}}", value)
        assert "${" not in definition
        self.machine = self.service.create(definition)
        self._runs = 0

    def run(self, given: VideoAnalysis) -> Any:
        self._runs += 1
        started = self.service.api.start_execution(
            {"stateMachineArn": self.machine, "name": f"run-{self._runs}", "input": given.model_dump_json()}
        )
        return self.service.finish(started["executionArn"], 120)

    def upload(self, body: bytes, sequencer: int = 1) -> VideoAnalysis:
        """A new version of the video."""
        given = any_video(sequencer=f"{sequencer:032x}")
        return given.model_copy(update={"version_id": self.account.put("video", given.key, body)})

    def status(self) -> dict[str, Any]:
        return self.account.records(VIDEO).get("status", {})

    def pointer(self) -> TimelinePointer:
        return TimelinePointer.model_validate_json(self.account.get("delivery", f"videos/{VIDEO}.json"))

    def _answer(self, service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if service == "lambda":
            return self._invoke(params["FunctionName"].rpartition(":")[2], json.loads(params["Payload"]))
        if service == "events":
            self.events += [(entry["DetailType"], json.loads(entry["Detail"])) for entry in params["Entries"]]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in params["Entries"]]}
        if service == "mediaconvert":
            return self._transcode(operation, params)
        client = {"dynamodb": self.account.dynamodb, "s3": self.account.s3}[service]
        try:
            answer = getattr(client, botocore.xform_name(operation))(**params)
        except ClientError as error:
            raise CallError(error.response["Error"]["Code"], str(error)) from error
        return {name: value.read() if name == "Body" else value for name, value in answer.items()}

    def _transcode(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        model = botocore.session.get_session().get_service_model("mediaconvert").operation_model(operation)
        report = ParamValidator().validate(dict(params), model.input_shape)
        assert not report.has_errors(), report.generate_report()
        if operation == "CreateJob":
            self.jobs.append(dict(params))
            return {"Job": {"Id": f"job-{len(self.jobs)}", "Status": "SUBMITTED"}}
        return {"Job": {"Id": params.get("Id"), **self.job_end}}

    def _invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.invoked.append(name)
        try:
            if name in self.failing:
                raise self.failing[name]
            answer, failed = FUNCTIONS[name](payload, self.context), {}
        except Exception as error:  # noqa: BLE001 (as the runtime does)
            answer = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": ["line"]}
            failed = {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": json.dumps(answer).encode(), "ExecutedVersion": "$LATEST", **failed}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film_with_pack(tmp_path_factory.mktemp("film") / "film.mp4").read_bytes()


@pytest.fixture
def pipeline(account: Account, context: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
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
    return Pipeline(account, context)


def test_a_film_is_transcoded_analysed_published_and_announced(account: Account, pipeline: Pipeline, film: bytes):
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


def test_a_second_run_publishes_the_same_timeline(pipeline: Pipeline, film: bytes):
    given = pipeline.upload(film)
    assert pipeline.run(given).status == "SUCCEEDED"
    first = pipeline.status()["timeline_key"]
    assert pipeline.run(given).status == "SUCCEEDED"

    assert pipeline.status()["timeline_key"] == first


def test_a_file_that_is_no_video_is_refused_with_reason_and_event(pipeline: Pipeline):
    execution = pipeline.run(pipeline.upload(b"a text, whatever its name says"))

    assert execution.status == "SUCCEEDED"
    assert pipeline.status()["state"] == "refused"
    assert pipeline.status()["reason"]["code"] == "NotAVideo"
    assert pipeline.invoked == ["ProbeVideo"]
    refused = {"shop_id": SHOP, "video_id": VIDEO, "reason": pipeline.status()["reason"]}
    assert pipeline.events == [("VideoRejected", refused)]


def test_a_refused_new_version_leaves_what_is_public(pipeline: Pipeline, film: bytes):
    assert pipeline.run(pipeline.upload(film)).status == "SUCCEEDED"
    before = pipeline.pointer()
    assert pipeline.run(pipeline.upload(b"", sequencer=2)).status == "SUCCEEDED"

    assert pipeline.status()["reason"]["code"] == "EmptyFile"
    assert pipeline.pointer() == before
    assert before.state == "published"


def test_an_older_version_that_comes_late_changes_nothing(pipeline: Pipeline):
    older, newer = pipeline.upload(b"older", sequencer=1), pipeline.upload(b"newer", sequencer=2)
    assert pipeline.run(newer).status == "SUCCEEDED"
    before = pipeline.status()
    pipeline.invoked.clear()
    assert pipeline.run(older).status == "SUCCEEDED"

    assert pipeline.invoked == []
    assert pipeline.status() == before


def test_a_failing_function_leaves_a_readable_reason_and_an_event(pipeline: Pipeline, film: bytes):
    pipeline.failing["BuildTimeline"] = RuntimeError("the disk is full")
    execution = pipeline.run(pipeline.upload(film))

    assert (execution.status, execution.error, execution.cause) == ("FAILED", "RuntimeError", "the disk is full")
    reason = {"code": "RuntimeError", "message": "The analysis failed. the disk is full"}
    assert (pipeline.status()["state"], pipeline.status()["reason"]) == ("failed", reason)
    assert pipeline.events == [("VideoRejected", {"shop_id": SHOP, "video_id": VIDEO, "reason": reason})]


def test_a_failing_transcoding_says_what_mediaconvert_said(pipeline: Pipeline, film: bytes):
    pipeline.job_end = {"Status": "ERROR", "ErrorCode": 1040, "ErrorMessage": "Unable to open input file"}
    assert pipeline.run(pipeline.upload(film)).status == "FAILED"

    assert pipeline.status()["reason"]["message"] == "The analysis failed. MediaConvert: Unable to open input file"


def test_a_failing_segment_fails_the_analysis(pipeline: Pipeline, film: bytes):
    pipeline.failing["SampleFrames"] = RuntimeError("no memory")
    assert pipeline.run(pipeline.upload(film)).status == "FAILED"

    assert pipeline.status()["reason"]["code"] == "States.ExceedToleratedFailureThreshold"
    assert "Publish" not in pipeline.invoked


def test_a_video_that_is_taken_down_while_it_is_analysed_stays_down(pipeline: Pipeline, film: bytes):
    def take_down(payload: dict[str, Any], context: Any) -> Any:
        pipeline.account.dynamodb.update_item(
            TableName="videos",
            Key={"video_id": {"S": VIDEO}, "record": {"S": "status"}},
            UpdateExpression="SET #state = :unpublished",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":unpublished": {"S": "unpublished"}},
        )
        return build_timeline(payload, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FUNCTIONS, "BuildTimeline", take_down)
        assert pipeline.run(pipeline.upload(film)).status == "SUCCEEDED"

    assert pipeline.status()["state"] == "unpublished"
    assert pipeline.events == []
    assert "Contents" not in pipeline.account.s3.list_objects_v2(Bucket="delivery", Prefix="videos/")
