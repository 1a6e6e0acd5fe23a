"""Records of a large catalogue are read one by one."""

import cv2
import numpy as np
import pytest

from functions.shared import aws
from functions.shared.errors import Permanent, Transient
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import IndexEntry, IndexManifest, build_index
from functions.video.match_frames import index, records

PREFIX = "revisions/s/r/index"


def pack(seed: int):
    rough = np.random.default_rng(seed).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(rough, (300, 400), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture
def manifest(account, tmp_path, monkeypatch) -> IndexManifest:
    """An index of three products is stored, and too large to be fetched as a whole; nothing is kept unpacked."""
    monkeypatch.setattr("functions.shoppable.matching.index._KEPT", 0)
    monkeypatch.setattr(index, "cache_root", lambda: tmp_path / "cache")
    monkeypatch.setattr(index, "WHOLE_BYTES", 1)
    index.forget()
    (tmp_path / "built").mkdir()
    built = build_index(
        [
            IndexEntry(product_id=f"p-{seed}", image_sha256=f"{seed}" * 64, features=describe_image(pack(seed)))
            for seed in (1, 2, 3)
        ],
        tmp_path / "built",
    )
    for file in (tmp_path / "built").iterdir():
        account.put("catalogue", f"{PREFIX}/{file.name}", file.read_bytes())
    return built


@pytest.fixture
def ranges(account, monkeypatch) -> list[str]:
    """Of every request for part of an object."""
    asked: list[str] = []
    client = aws.s3()
    plain = client.get_object

    def get_object(**given):
        if "Range" in given:
            asked.append(given["Range"])
        return plain(**given)

    monkeypatch.setattr(client, "get_object", get_object)
    return asked


def test_a_product_is_found_by_records_that_were_never_fetched_as_a_whole(account, manifest, tmp_path):
    found = index.load(aws.s3(), "catalogue", PREFIX).match(pack(2))

    assert found[0].match.product_id == "p-2"
    fetched = {file.name for file in next((tmp_path / "cache").iterdir()).iterdir()}
    assert fetched == {*manifest.files, "manifest.json"} - {*manifest.records}


def test_a_record_is_asked_for_once_and_by_its_bytes_only(account, manifest, ranges):
    matcher = index.load(aws.s3(), "catalogue", PREFIX)
    matcher.match(pack(2))
    asked = list(ranges)
    matcher.match(pack(2))

    assert ranges == asked
    assert len(set(asked)) == len(asked) <= 3


def test_what_is_kept_in_memory_is_bounded(account, manifest, ranges, monkeypatch):
    monkeypatch.setattr(records, "KEPT_BYTES", 1)
    matcher = index.load(aws.s3(), "catalogue", PREFIX)
    matcher.match(pack(2))
    asked = len(ranges)
    matcher.match(pack(2))

    assert len(ranges) > asked


def test_a_damaged_record_is_transient_and_not_kept(account, manifest):
    key = f"{PREFIX}/{manifest.records[0]}"
    whole = account.get("catalogue", key)
    account.put("catalogue", key, bytes(len(whole)))
    matcher = index.load(aws.s3(), "catalogue", PREFIX)
    with pytest.raises(Transient, match="not what the index says"):
        matcher.match(pack(2))

    account.put("catalogue", key, whole)
    assert matcher.match(pack(2))[0].match.product_id == "p-2"


def test_records_that_are_gone_are_permanent(account, manifest):
    matcher = index.load(aws.s3(), "catalogue", PREFIX)
    account.s3.delete_object(Bucket="catalogue", Key=f"{PREFIX}/{manifest.records[0]}")

    with pytest.raises(Permanent, match="records-0000"):
        matcher.match(pack(2))
