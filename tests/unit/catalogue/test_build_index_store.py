"""Index files go up through the very client that the handler has."""

from pathlib import Path

import pytest
from boto3.s3.transfer import TransferConfig

from functions.catalogue.build_index import logic
from functions.catalogue.build_index.store import AwsStore
from functions.shared import aws
from functions.shared.errors import Transient
from tests.unit.catalogue.conftest import Account

_PART_BYTES = 8 << 20


def test_a_large_index_file_goes_up_in_parts_with_its_type(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "descriptors.bin"
    file.write_bytes(b"\x01" * (_PART_BYTES + 1))
    AwsStore(aws.s3(), "catalogue", "digest").put_index_file("revisions/r1/descriptors.bin", file)
    head = aws.s3().head_object(Bucket="catalogue", Key="revisions/r1/descriptors.bin")
    assert (head["ContentLength"], head["ContentType"]) == (_PART_BYTES + 1, "application/octet-stream")
    assert head["ETag"].endswith('-2"')


def test_an_upload_that_failed_may_be_tried_again(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text("{}")
    with pytest.raises(Transient, match=r"put s3://no-such-bucket/manifest\.json"):
        AwsStore(aws.s3(), "no-such-bucket", "digest").put_index_file("manifest.json", file)


@pytest.mark.usefixtures("account")
def test_threads_that_read_features_and_send_parts_have_a_connection_each() -> None:
    assert logic.IO_THREADS + TransferConfig().max_concurrency <= aws.s3().meta.config.max_pool_connections
