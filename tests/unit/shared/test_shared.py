import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError, ReadTimeoutError
from pydantic import Field, ValidationError

from functions.contracts.base import Contract
from functions.contracts.catalogue import Money
from functions.shared import environment
from functions.shared.errors import Permanent, Transient, aws_errors
from functions.shared.objects import canonical_json, json_lines
from functions.shared.observability import observed

ROOT = Path(__file__).parents[3]


class Example(Contract):
    table: str = Field(alias="EXAMPLE_TABLE")
    share: float = Field(alias="EXAMPLE_SHARE")
    option: str | None = Field(default=None, alias="EXAMPLE_OPTION")


@pytest.fixture(autouse=True)
def _forget() -> Any:
    environment.forget()
    yield
    environment.forget()


def any_client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation")  # type: ignore[typeddict-item]


def test_environment_is_read_by_alias_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_TABLE", "imports")
    monkeypatch.setenv("EXAMPLE_SHARE", "0.25")
    loaded = environment.load(Example)
    assert (loaded.table, loaded.share, loaded.option) == ("imports", 0.25, None)
    monkeypatch.setenv("EXAMPLE_TABLE", "other")
    assert environment.load(Example) is loaded


@pytest.mark.parametrize("value", [None, ""])
def test_missing_or_empty_variable_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.setenv("EXAMPLE_SHARE", "0.25")
    if value is None:
        monkeypatch.delenv("EXAMPLE_TABLE", raising=False)
    else:
        monkeypatch.setenv("EXAMPLE_TABLE", value)
    with pytest.raises(ValidationError, match="EXAMPLE_TABLE"):
        environment.load(Example)


def test_names_of_variables_are_the_aliases() -> None:
    assert environment.variables(Example) == ("EXAMPLE_TABLE", "EXAMPLE_SHARE", "EXAMPLE_OPTION")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (any_client_error("SlowDown", 503), Transient),
        (any_client_error("ThrottlingException"), Transient),
        (any_client_error("Anything", 500), Transient),
        (any_client_error("Anything", 429), Transient),
        (ConnectTimeoutError(endpoint_url="x"), Transient),
        (ReadTimeoutError(endpoint_url="x"), Transient),
        (any_client_error("AccessDenied", 403), Permanent),
        (any_client_error("NoSuchBucket", 404), Permanent),
        (NoCredentialsError(), Permanent),
    ],
)
def test_errors_of_aws_are_transient_or_permanent(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="put the thing"), aws_errors("put the thing"):
        raise error


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(KeyError), aws_errors("put the thing"):
        raise KeyError("x")


def test_canonical_json_sorts_keys_keeps_unicode_and_takes_models_anywhere() -> None:
    money = Money(minor_units=1, currency="EUR")
    assert canonical_json({"b": [money], "a": "ü"}) == '{"a":"ü","b":[{"currency":"EUR","minor_units":1}]}'.encode()
    assert json_lines([money, money]).count(b"\n") == 2
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))
    with pytest.raises(TypeError):
        canonical_json({1, 2})


def test_handler_answers_and_raises_through_its_decoration() -> None:
    class Context:
        function_name = "function"
        memory_limit_in_mb = 128
        invoked_function_arn = "arn"
        aws_request_id = "request"

    @observed
    def handler(event: dict[str, Any], context: Any) -> int:
        return 10 // event["by"]

    context: Any = Context()
    assert handler({"by": 5}, context) == 2
    with pytest.raises(ZeroDivisionError):
        handler({"by": 0}, context)


def _modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_handlers_of_the_small_image_import_no_vision() -> None:
    steps = (
        "functions.intake.start",
        "functions.intake.record_failure",
        "functions.catalogue.read_feed",
        "functions.catalogue.publish_catalogue",
        "functions.video.plan_segments",
        "functions.video.publish",
        "functions.storefront.unpublish",
    )
    loaded = _modules_after(f"import {', '.join(f'{step}.handler' for step in steps)}")
    assert {f"{step}.store" for step in steps} <= loaded
    assert not {"numpy", "cv2", "av", "faiss"} & loaded


def test_importing_a_handler_loads_no_more_than_it_uses() -> None:
    """Clients and traces are made by the first call that wants them; who decodes no film loads no decoder."""
    steps = sorted(found.parent for found in ROOT.glob("functions/*/*/handler.py"))
    assert len(steps) > 10
    for step in steps:
        name = ".".join(step.relative_to(ROOT).parts)
        loaded = _modules_after(f"import {name}.handler")
        assert not {"boto3", "botocore.session", "botocore.httpsession", "aws_xray_sdk", "faiss"} & loaded, name
        assert ("av" in loaded) is (step.name in {"probe_video", "detect_shots", "sample_frames"}), name


_TRACED = """
import json, os, socket
daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
daemon.bind(("127.0.0.1", 0))
daemon.settimeout(10)
os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{daemon.getsockname()[1]}"
from functions.shared.observability import observed
@observed
def handler(event, context):
    return 1
class Context:
    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "f", 128, "arn", "r"
def call(sampled):
    ids = "Root=1-67891233-abcdef012345678912345678;Parent=0123456789abcdef"
    os.environ["_X_AMZN_TRACE_ID"] = f"{ids};Sampled={sampled}"
    return handler({}, Context())
call(0)
import sys
assert "aws_xray_sdk" not in sys.modules
call(1)
print(json.loads(daemon.recv(65536).split(b"\\n", 1)[1])["name"])
"""


def test_an_invocation_that_xray_samples_is_traced_and_no_other() -> None:
    variables = {"LAMBDA_TASK_ROOT": str(ROOT), "AWS_DEFAULT_REGION": "eu-central-1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", _TRACED], capture_output=True, text=True, cwd=ROOT, env=variables, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "## handler"


def test_environment_models_import_no_aws_and_no_vision() -> None:
    models = sorted(
        ".".join(found.relative_to(ROOT).with_suffix("").parts) for found in ROOT.glob("functions/*/*/env.py")
    )
    assert len(models) > 10
    unwanted = {"boto3", "botocore", "numpy", "cv2", "av", "faiss", "aws_lambda_powertools"}
    assert not unwanted & _modules_after(f"import {', '.join(models)}")
