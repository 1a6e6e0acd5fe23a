"""Every function: its handler exists, its image has a digest, its variables are those that its model reads."""

import importlib
import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from infra.components.function import variables
from infra.configuration import SettingsError
from infra.promotion import read
from tests.infra.policies import allows
from tests.support.recorder import ROOT, Recorded, Recording, record_project

_THREADS = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
_COMMON = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE"}
_PACKAGES = {path.parent for path in (ROOT / "functions").glob("*/*/env.py")}


def _command(function: Recorded) -> str:
    (command,) = function.inputs["imageConfig"]["commands"]
    return command


def _package(function: Recorded) -> Path:
    return ROOT.joinpath(*_command(function).split(".")[:-2])


def test_every_handler_package_is_deployed_and_nothing_else(recording: Recording) -> None:
    assert {_package(function) for function in recording.of("lambda/function:Function")} == _PACKAGES


def test_every_command_names_a_handler_that_exists(recording: Recording) -> None:
    for function in recording.of("lambda/function:Function"):
        source = _package(function) / "handler.py"
        assert "\ndef handler(" in source.read_text(), _command(function)
        assert _command(function).endswith(".handler.handler")


def test_every_variable_that_a_handler_reads_is_set_and_no_other(recording: Recording) -> None:
    for function in recording.of("lambda/function:Function"):
        module = importlib.import_module(_command(function).removesuffix(".handler.handler") + ".env")
        model: type[BaseModel] = module.Environment
        given = function.inputs["environment"]["variables"]
        threads = _THREADS if "/vision@" in function.inputs["imageUri"] else set[str]()
        assert set(given) == set(variables(model)) | _COMMON | threads, function.name
        # An empty one counts as absent.
        model.model_validate({name: given[name] for name in variables(model) if given[name] != ""})


def test_the_image_is_named_by_digest_and_never_by_tag(recording: Recording) -> None:
    for function in recording.of("lambda/function:Function"):
        repository, digest = function.inputs["imageUri"].split("@")
        assert digest.startswith("sha256:")
        assert ":" not in repository.rsplit("/", 1)[-1]


def test_functions_that_decode_pictures_run_the_vision_image(recording: Recording) -> None:
    vision = {
        function.name
        for function in recording.of("lambda/function:Function")
        if "/vision@" in function.inputs["imageUri"]
    }
    assert vision == {
        "index-products",
        "build-index",
        "probe-video",
        "detect-shots",
        "sample-frames",
        "match-frames",
        "build-timeline",
    }


def test_every_function_runs_on_arm_traced_and_logs_json_to_its_own_group(recording: Recording) -> None:
    for function in recording.of("lambda/function:Function"):
        group = recording.one("cloudwatch/logGroup:LogGroup", function.name)
        assert function.inputs["architectures"] == ["arm64"]
        assert function.inputs["tracingConfig"] == {"mode": "Active"}
        assert function.inputs["loggingConfig"] == {
            "logFormat": "JSON",
            "logGroup": group.state["name"],
            "applicationLogLevel": "INFO",
        }
        assert allows(recording, function.name, "logs:PutLogEvents") == [f"{group.arn}:*"]


def test_every_function_is_published_and_called_live(recording: Recording) -> None:
    functions = recording.of("lambda/function:Function")
    aliases = {alias.name: alias.inputs for alias in recording.of("lambda/alias:Alias")}
    assert len(aliases) == len(functions)
    for function in functions:
        alias = aliases[function.name]
        assert function.inputs["publish"] is True
        assert (alias["name"], alias["functionName"]) == ("live", function.state["name"])
        assert alias["functionVersion"] == function.state["version"]


def test_nothing_that_is_deployed_calls_what_is_not_published(recording: Recording) -> None:
    unqualified = {function.arn for function in recording.of("lambda/function:Function")}
    machines = {machine.arn for machine in recording.of("sfn/stateMachine:StateMachine")}
    for resource in recording.resources:
        text = json.dumps([resource.inputs.get(name) for name in ("functionName", "arn", "definition", "environment")])
        for arn in unqualified | machines:
            assert f'{arn}"' not in text.replace("\\", ""), f"{resource.type} {resource.name}"
    assert recording.outputs["unpublish_function"].endswith(":live")


def test_what_is_invoked_asynchronously_loses_no_event(recording: Recording) -> None:
    targets = {
        target.inputs["arn"]: target.name
        for target in recording.of("cloudwatch/eventTarget:EventTarget")
        if ":lambda:" in target.inputs["arn"]
    }
    kept = {
        f"{config.inputs['functionName']}:{config.inputs['qualifier']}"
        for config in recording.of("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
        if config.inputs["destinationConfig"]["onFailure"]["destination"]
    }
    assert {arn.partition("unction:")[2] for arn in targets} == kept


def test_a_function_waits_for_its_permissions(recording: Recording) -> None:
    for function in recording.of("lambda/function:Function"):
        assert recording.one("iam/rolePolicy:RolePolicy", function.name).urn in function.dependencies


@pytest.mark.parametrize(("stack", "built"), [("dev", 2), ("staging", 0), ("prod", 0)])
def test_only_dev_builds_images(built: int, recording: Recording) -> None:
    images = recording.of("index:Image")
    assert len(images) == built
    for image in images:
        assert image.inputs["platforms"] == ["linux/arm64"]
        assert image.inputs["target"] == image.name
        assert image.inputs["exports"] == [{"registry": {"ociMediaTypes": False, "push": True}}]
        assert image.inputs["tags"][0].rsplit(":", 1)[1].startswith("dev-")


def test_images_and_code_digest_of_staging_and_prod_are_what_was_promoted(stack: str, recording: Recording) -> None:
    function = recording.one("lambda/function:Function", "build-index")
    variables = function.inputs["environment"]["variables"]
    if stack == "dev":
        (tag,) = recording.one("index:Image", "vision").inputs["tags"]
        assert tag.endswith(f":dev-{variables['CODE_DIGEST'][:16]}")
    else:
        promoted = read(ROOT / "promotions", stack)
        assert variables["CODE_DIGEST"] == promoted.content.code_digest
        assert function.inputs["imageUri"].endswith(f"/vision@{promoted.image('vision')}")


@pytest.mark.parametrize(("setting", "level"), [("DEBUG", "DEBUG"), ("WARNING", "WARN")])
def test_the_log_level_is_lambdas_too(tmp_path: Path, setting: str, level: str) -> None:
    """Lambda's own filter goes before a library's level, and is at INFO where nothing else is said."""
    (tmp_path / "index.html").write_text("<!doctype html>")
    recording = record_project(ROOT, "dev", logLevel=setting, playerDirectory=str(tmp_path))
    for function in recording.of("lambda/function:Function"):
        assert function.inputs["loggingConfig"]["applicationLogLevel"] == level
        assert function.inputs["environment"]["variables"]["POWERTOOLS_LOG_LEVEL"] == setting


def _reserving(player: Path, *reservations: str) -> Recording:
    (player / "index.html").write_text("<!doctype html>")
    settings = {"reservedConcurrency": json.dumps(reservations), "playerDirectory": str(player)}
    return record_project(ROOT, "dev", **settings)


def test_concurrency_is_reserved_for_whom_the_settings_name_and_for_nobody_else(tmp_path: Path) -> None:
    recording = _reserving(tmp_path, "video-start=5", "match-frames=0")
    reserved = {
        function.name: function.inputs["reservedConcurrentExecutions"]
        for function in recording.of("lambda/function:Function")
        if "reservedConcurrentExecutions" in function.inputs
    }
    assert reserved == {"video-start": 5, "match-frames": 0}


@pytest.mark.parametrize(
    ("reservation", "message"),
    [
        ("vidoe-start=5", "there is no function vidoe-start; there are build-index, build-timeline"),
        ("video-start=4", "video-start has 4 reserved, its queue would run 5 at once"),
    ],
)
def test_a_reservation_that_would_do_nothing_or_harm_is_refused(tmp_path: Path, reservation: str, message: str) -> None:
    with pytest.raises((SettingsError, ValueError), match=message):
        _reserving(tmp_path, reservation)
