from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shop.__main__ import parser
from shop.catalogue import upload_images
from shop.progress import TimedOutError, wait_for
from shop.stack import Stack, StackError, load


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    names = ("catalogue_bucket", "video_bucket", "analysis_bucket", "delivery_bucket", "imports_table", "videos_table")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="catalogue-bucket")
        outputs = {name: name.replace("_", "-") for name in (*names, "unpublish_function")}
        yield Stack.model_validate({"outputs": {**outputs, "region": "us-east-1"}})


@pytest.mark.parametrize("shop", ["", "Shop", "-shop", "a/b", "shop_1", "s" * 33])
def test_shop_id_that_the_intake_would_drop_is_refused_before_anything_is_uploaded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shop: str
) -> None:
    feed = tmp_path / "feed.tsv"
    feed.write_text("id")
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(["import", str(feed), f"--shop={shop}"])
    assert stopped.value.code == 2
    assert "is no shop id" in capsys.readouterr().err


def test_only_pictures_that_are_new_or_changed_are_uploaded(stack: Stack, tmp_path: Path) -> None:
    for name in ("a.png", "b.GIF", "notes.txt"):
        (tmp_path / name).write_bytes(b"one")
    assert upload_images(stack, "tea", tmp_path) == 2
    assert upload_images(stack, "tea", tmp_path) == 0
    (tmp_path / "a.png").write_bytes(b"two")
    assert upload_images(stack, "tea", tmp_path) == 1
    listed: Any = stack.client("s3").list_objects_v2(Bucket="catalogue-bucket")
    assert [found["Key"] for found in listed["Contents"]] == ["images/tea/a.png", "images/tea/b.GIF"]


def test_waiting_ends_with_what_was_waited_for() -> None:
    with pytest.raises(TimedOutError, match="the import was not finished within 0 s"):
        wait_for(lambda: None, 0, "the import")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outputs": {}}'])
def test_file_that_describes_no_stack_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "stack.json"
    path.write_text(text)
    monkeypatch.setenv("SHOPPABLE_STACK", str(path))
    with pytest.raises(StackError, match=r"stack\.json does not describe a stack"):
        load()
