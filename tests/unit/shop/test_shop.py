import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shop import catalogue
from shop.__main__ import parser, run_import, run_status
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


def test_import_names_the_products_that_need_a_semantic_engine(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = stack.client("s3")
    products = "".join(json.dumps({"product_id": f"p-{n}", "feed_id": f"SKU-{n}"}) + "\n" for n in range(4))
    for key, body in (
        ("index/manifest.json", json.dumps({"untextured": ["p-1", "p-3"]})),
        ("products.jsonl", products),
    ):
        client.put_object(Bucket="catalogue-bucket", Key=f"revisions/tea/r-1/{key}", Body=body.encode())
    record = {"shop_id": "tea", "revision": "r-1", "state": "live", "products": 4, "untextured_products": 2}

    def import_feed(*_: Any) -> dict[str, Any]:
        return record

    monkeypatch.setattr(catalogue, "import_feed", import_feed)
    options = Namespace(shop="tea", feed=Path("feed.tsv"), images=None, timeout=1, json=None)

    assert run_import(stack, options) == 0

    said = capsys.readouterr()
    assert "untextured products 2" in said.out
    assert said.err.splitlines()[-2:] == ["SKU-1", "SKU-3"]


def test_status_counts_the_products_that_need_a_semantic_engine(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    rows = [{"state": "live", "key": "feeds/tea/feed.tsv", "untextured_products": 37}]

    def query(stack: Stack, table: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return rows if table == "imports-table" else []

    monkeypatch.setattr("shop.records.query", query)

    run_status(stack, Namespace(shop="tea", json=False))

    assert "need a semantic engine" in (shown := capsys.readouterr().out)
    assert "37" in shown


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
