"""An original that was archived: the real workflow and handlers bring it back out of the embedded S3 and analyse it."""

import time
from pathlib import Path
from typing import Any

import pytest

from embedded.cloud.s3_archive import SMALLEST_BYTES
from functions.shared import aws, environment
from functions.video.match_frames import index
from tests.embedded.stepfunctions_support import Service
from tests.embedded.test_s3_archive import age
from tests.support.cloud import RunningCloud
from tests.unit.video.builders import REVISION, SHOP
from tests.unit.video.conftest import VARIABLES, Account, Blind
from tests.unit.video.pictures import film_with_pack
from tests.unit.video.test_video_workflow import Analyses


@pytest.fixture
def account(cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Clients, of this test and of the handlers, reach the running cloud."""
    variables = {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": cloud.facts["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": cloud.facts["secret_access_key"],
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    for name, value in {**VARIABLES, **variables}.items():
        monkeypatch.setenv(name, str(value))
    aws.forget()
    environment.forget()
    return Account()


def test_an_archived_original_is_restored_and_analysed(
    cloud: RunningCloud, account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    s3: Any = account.s3
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket="video",
        Id="video",
        IntelligentTieringConfiguration={
            "Id": "video",
            "Status": "Enabled",
            "Filter": {"Prefix": "videos/"},
            "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 180}],
        },
    )
    rule = {"ID": "tiering", "Status": "Enabled", "Filter": {"Prefix": ""}}
    moved = {**rule, "Transitions": [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}]}
    s3.put_bucket_lifecycle_configuration(Bucket="video", LifecycleConfiguration={"Rules": [moved]})
    live = {"products_key": "p", "manifest_key": "m", "sequencer": "0", "revision": REVISION, "record": "live"}
    item = {name: {"S": value} for name, value in live.items()} | {"products": {"N": "0"}, "shop_id": {"S": SHOP}}
    account.dynamodb.put_item(TableName="imports", Item=item)
    monkeypatch.setattr(index, "load", lambda *_: Blind())
    states: list[str] = []

    def until_it_is_back(self: Service, _scope: Any, seconds: float) -> None:
        """In place of a quarter of an hour."""
        self.waits.append(seconds)
        states.append(analyses.status()["state"])
        head = {"Bucket": "video", "Key": given.key, "VersionId": given.version_id}
        deadline = time.monotonic() + 30
        while "ArchiveStatus" in s3.head_object(**head):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    monkeypatch.setattr(Service, "_wait", until_it_is_back)
    analyses = Analyses(account)
    # A box that means nothing: what is under 128 KiB is never archived.
    padding = SMALLEST_BYTES.to_bytes(4, "big") + b"free" + bytes(SMALLEST_BYTES - 8)
    body = film_with_pack(tmp_path / "film.mp4").read_bytes() + padding
    given = analyses.upload(body)
    assert age(cloud, "video", 180) == 1

    execution = analyses.run(given)

    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert states == ["restoring"]
    assert analyses.invoked[:2] == ["ProbeVideo", "ProbeVideo"]
    assert analyses.status()["state"] == "published"
    assert s3.get_object(Bucket="video", Key=given.key)["Body"].read() == body
