"""Every handler inside its image: the real interpreter and packages, read-only, under the runtime interface client.

AWS is a server that denies everything. So a handler that answers has been imported, has read its variables and its
event and has asked AWS for something; what it says is a result or the error that the workflows know by name.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from embedded.cloud.runtime_api import Invocation, RuntimeApi
from images import sandbox
from images.store import TARGETS, Built, Target, read, why_not
from tests.support.functions import Deployed, deployed

pytestmark = pytest.mark.slow

_SECONDS = 120
_SOURCE: dict[str, Any] = {
    "sha256": "0" * 64,
    "size_bytes": 1000,
    "container": "mov,mp4",
    "video_codec": "h264",
    "audio_codec": None,
    "width": 1280,
    "height": 720,
    "rotation_degrees": 0,
    "frame_rate": {"numerator": 25, "denominator": 1},
    "drop_frame": False,
    "duration_ms": 60_000,
}
_IMPORT: dict[str, Any] = {
    "shop_id": "demo-shop",
    "import_id": "import-1",
    "bucket": "catalogue",
    "key": "feeds/demo-shop/feed.tsv",
    "version_id": "1",
    "sequencer": "0" * 32,
}
_REVISION: dict[str, Any] = {
    "shop_id": "demo-shop",
    "import_id": "import-1",
    "revision": "r1",
    "products_key": "p.jsonl",
}
_ANALYSIS: dict[str, Any] = {
    "shop_id": "demo-shop",
    "video_id": "video-1",
    "bucket": "videos",
    "key": "videos/demo-shop/film.mp4",
    "version_id": "1",
    "sequencer": "0" * 32,
    "analysis_revision": "1",
}
_SEGMENT: dict[str, Any] = {
    **{name: _ANALYSIS[name] for name in ("shop_id", "video_id", "bucket", "key", "version_id")},
    "prefix": "video-1/asset-1/r1",
    "catalogue_revision": "r1",
    "source": _SOURCE,
    "segment": {"index": 0, "start_ms": 0, "end_ms": 60_000},
}


def _upload(key: str) -> dict[str, Any]:
    """A batch of one message of the intake queue."""
    detail = {"bucket": {"name": "uploads"}, "object": {"key": key, "version-id": "1", "sequencer": "00"}}
    body = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    return {"Records": [{"messageId": "m1", "body": json.dumps(body)}]}


_ENDED: dict[str, Any] = {
    "time": "2026-01-01T00:00:00Z",
    "detail": {
        "executionArn": "arn:aws:states:eu-central-1:123456789012:execution:video-analysis:one",
        "status": "FAILED",
        "input": json.dumps(_ANALYSIS),
        "inputDetails": {"included": True},
        "error": "States.Runtime",
        "cause": "broken",
    },
}
_FEED = {"outcome": "changed", "revision": "r1", "products": 1, "products_key": "p.jsonl", "batches_key": "b.json"}
_INDEX = {
    "revision": "r1",
    "products": 1,
    "images": 1,
    "descriptors": 10,
    "unmatched_products": 0,
    "untextured_products": 0,
    "manifest_key": "revisions/demo-shop/r1/index/manifest.json",
    "images_key": "revisions/demo-shop/r1/images.jsonl",
}

EVENTS: dict[str, dict[str, Any]] = {
    "read-feed": _IMPORT,
    "index-products": {
        **_REVISION,
        "batch": {"batch": 0, "first": 0, "count": 1, "start_byte": 0, "end_byte": 100},
    },
    "build-index": {**_REVISION, "batches_key": "batches.json"},
    "publish-catalogue": {"source": _IMPORT, "feed": _FEED, "index": _INDEX},
    "catalogue-start": _upload(_IMPORT["key"]),
    "video-start": _upload(_ANALYSIS["key"]),
    "record-failure": _ENDED,
    "probe-video": _ANALYSIS,
    "plan-segments": {
        **{name: _ANALYSIS[name] for name in ("shop_id", "video_id", "bucket", "key")},
        "asset_id": "asset-1",
        "catalogue_revision": "r1",
        "source": _SOURCE,
    },
    "detect-shots": _SEGMENT,
    "sample-frames": _SEGMENT,
    "match-frames": _SEGMENT,
    "build-timeline": {
        "shop_id": "demo-shop",
        "video_id": "video-1",
        "asset_id": "asset-1",
        "catalogue_revision": "r1",
        "prefix": "video-1/asset-1/r1",
        "segments_key": "video-1/asset-1/r1/segments.json",
        "source": _SOURCE,
    },
    "publish": {
        "shop_id": "demo-shop",
        "video_id": "video-1",
        "execution": _ENDED["detail"]["executionArn"],
        "analysis_key": "video-1/asset-1/r1/analysis.json",
        "media_prefix": "media/video-1/asset-1",
    },
    "unpublish": {"shop_id": "demo-shop", "video_id": "video-1"},
}
RESULTS = {name: {"batchItemFailures": [{"itemIdentifier": "m1"}]} for name in ("catalogue-start", "video-start")}
"""The handlers that answer with a result even then; all others with Permanent, which the workflows catch."""


class _Denial(BaseHTTPRequestHandler):
    """Access denied, in the words of the protocol that was spoken."""

    protocol_version = "HTTP/1.1"

    def _deny(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if "x-amz-target" in self.headers:
            body, kind = b'{"__type":"AccessDeniedException","message":"denied"}', "application/x-amz-json-1.0"
        else:
            body, kind = b"<Error><Code>AccessDenied</Code><Message>denied</Message></Error>", "application/xml"
        cast("_Denying", self.server).asked.append(self.path)
        self.send_response(400 if kind.endswith("1.0") else 403)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _deny  # noqa: N815 (the names that http.server calls)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _Denying(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Denial)
        self.asked: list[str] = []


@pytest.fixture
def denying() -> Iterator[_Denying]:
    server = _Denying()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _image(target: Target) -> Built:
    if why := why_not(target):
        pytest.skip(why)
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("mounting an image read-only needs root and util-linux")
    built = read(target)
    assert built is not None
    return built


def test_every_deployed_function_has_an_event_here() -> None:
    assert {one.name for one in deployed()} == set(EVENTS)


@pytest.mark.parametrize("function", deployed(), ids=lambda one: one.name)
def test_a_handler_answers_inside_its_image_with_its_files_read_only(function: Deployed, denying: _Denying) -> None:
    image = _image(function.target)
    answer, log = _invoke(image, function, EVENTS[function.name], f"http://127.0.0.1:{denying.server_port}")
    assert denying.asked, log
    if function.name in RESULTS:
        assert (answer.error, json.loads(answer.result)) == (None, RESULTS[function.name]), log
    else:
        assert answer.error == "Unhandled", log
        problem = json.loads(answer.result)
        assert problem["errorType"] == "Permanent", log
        # HeadObject has no body, and so no code but the status.
        assert "AccessDenied" in problem["errorMessage"] or "(403)" in problem["errorMessage"], problem


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_one_manifest_and_runs_as_nobody(target: Target) -> None:
    image = _image(target)
    assert image.manifests == 1
    assert image.media_type in (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
    assert image.user not in ("", "0", "root")
    assert image.entrypoint == ("/usr/local/bin/python", "-m", "awslambdaric")


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_python_3_13_and_can_write_to_tmp_only(target: Target) -> None:
    image = _image(target)
    said = _python(
        image,
        """
import json, os, sys, tempfile
def writable(path):
    try:
        with tempfile.TemporaryFile(dir=path): return True
    except OSError: return False
print(json.dumps({
    "python": sys.version_info[:2], "user": os.getuid(), "directory": os.getcwd(),
    "writable": [path for path in ("/", "/var/task", "/opt/packages", "/usr/local", "/tmp") if writable(path)],
}))
""",
    )
    assert said == {"python": [3, 13], "user": int(image.user), "directory": "/var/task", "writable": ["/tmp"]}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_holds_no_build_tools_and_no_secret_of_the_build(target: Target) -> None:
    image = _image(target)
    assert {tool for tool in ("pip", "pip3", "gcc", "cc", "make", "git", "curl") if _holds(image, tool)} == set()
    assert _python(image, "import json, importlib.util as u; print(json.dumps(u.find_spec('pip') is None))") is True
    for secret in ("etc/pip.conf", "run/secrets/certificates", "run/secrets/pip"):
        assert not (image.rootfs / secret).exists() or (image.rootfs / secret).stat().st_size == 0, secret


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_has_the_versions_of_its_lock_and_its_bill_of_materials_names_them(target: Target) -> None:
    from tests.contract.test_images import pins

    image = _image(target)
    bill = json.loads(image.sbom.read_text())
    named = {one["purl"] for one in bill["components"]}
    locked = {f"pkg:pypi/{name}@{version}" for name, version in pins(target).items()}
    assert {purl for purl in named if purl.startswith("pkg:pypi/")} <= locked
    # A lock also holds what other systems need; all that are installed here are named.
    assert _python(image, _INSTALLED) == sorted(purl for purl in named if purl.startswith("pkg:pypi/"))
    assert any(purl.startswith("pkg:deb/debian/libc6@") for purl in named)
    assert bill["metadata"]["component"]["version"] == image.digest


_INSTALLED = """
import json, re
from importlib.metadata import distributions
print(json.dumps(sorted(
    f"pkg:pypi/{re.sub('[-_.]+', '-', one.metadata['Name']).lower()}@{one.version}"
    for one in distributions(path=["/opt/packages"])
)))
"""


@pytest.mark.parametrize("target", TARGETS)
def test_every_module_of_an_image_is_compiled_beforehand(target: Target) -> None:
    image = _image(target)
    for root in ("var/task/functions", "opt/packages/pydantic", "opt/packages/botocore"):
        for file in (image.rootfs / root).rglob("*.py"):
            assert (file.parent / "__pycache__" / f"{file.stem}.cpython-313.pyc").is_file(), file


def _holds(image: Built, tool: str) -> bool:
    return any((image.rootfs / folder / tool).exists() for folder in ("usr/local/bin", "usr/bin"))


def _python(image: Built, code: str) -> Any:
    with sandbox.popen(image, [image.entrypoint[0], "-c", code], {}) as process:
        said = process.communicate(timeout=_SECONDS)[0].decode()
    assert process.returncode == 0, said
    return json.loads(said)


def _invoke(image: Built, function: Deployed, event: dict[str, Any], aws: str) -> tuple[Invocation, str]:
    """One invocation of a fresh container; what it logged."""
    api = RuntimeApi()
    invocation = Invocation("3e0c2a56-0000-4000-8000-000000000000", json.dumps(event).encode(), "arn:aws:lambda", 60.0)
    api.give(invocation)
    lambda_own = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": aws,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_REGION": "eu-central-1",
        "_HANDLER": function.command,
    }
    process = sandbox.popen(image, [*image.entrypoint, function.command], {**function.environment, **lambda_own})
    log: list[bytes] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: log.extend(process.stdout or ()))
    reader.start()
    # A container that dies never finishes the invocation: its death is what is waited for then.
    threading.Thread(target=lambda: (process.wait(), invocation.finish(b"{}", "Died")), daemon=True).start()
    try:
        done = invocation.done.wait(_SECONDS)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        api.close()
    text = b"".join(log).decode()
    assert done, f"no answer\n{text}"
    assert api.init_error is None, f"{api.init_error!r}\n{text}"
    return invocation, text
