"""A handler that reaches for more than its role allows learns of it here, and not on AWS."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.product import ROOT, Product

pytestmark = pytest.mark.xdist_group("trespass")

_DEPLOYED = ("embedded", "functions", "infra", "promotions", "schema", "shop", "web/dist")
_PROBE = Path("functions/video/probe_video/store.py")
_HONEST = "        head = self._head()\n"
_TRESPASS = """\
        with aws_errors("read a master"):
            self.s3.get_object(Bucket=self.video.bucket, Key="masters/film.mp4")
"""


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[Product]:
    """The dev stack of a copy of the checkout whose ProbeVideo also reads outside `videos/`."""
    copy = tmp_path / "checkout"
    for folder in _DEPLOYED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(file, copy)
    honest = (copy / _PROBE).read_text()
    assert honest.count(_HONEST) == 1
    (copy / _PROBE).write_text(honest.replace(_HONEST, _TRESPASS + _HONEST))
    deployed = Product(tmp_path / "home", copy)
    try:
        up = deployed.run("embedded", "up", "--stack", "dev", "--port", "0")
        assert up.code == 0, up.out + up.err
        yield deployed
    finally:
        deployed.run("embedded", "down", "--force")


def test_a_handler_that_reads_outside_its_prefix_is_denied_and_the_failure_says_so(
    changed: Product, tmp_path: Path
) -> None:
    outputs = changed.stack["outputs"]
    changed.client("s3").put_object(Bucket=outputs["video_bucket"], Key="masters/film.mp4", Body=b"not for ProbeVideo")
    film = tmp_path / "film.mp4"
    film.write_bytes(b"any bytes")

    analysed = changed.shop("analyse", str(film), timeout=120)

    denial = (
        f's3:GetObject on resource: "arn:aws:s3:::{outputs["video_bucket"]}/masters/film.mp4" '
        "because no identity-based policy allows the s3:GetObject action"
    )
    assert analysed.code == 1, analysed.out + analysed.err
    assert denial in analysed.err
    (record,) = json.loads(changed.shop("status", "--json").out)["videos"]
    assert record["state"] == "failed"
    assert denial in record["reason"]["message"]
    closed = changed.client("stepfunctions").describe_execution(executionArn=record["execution"])
    assert closed["status"] == "FAILED"
    assert denial in closed["cause"]
    assert "assumed-role/" in closed["cause"]
