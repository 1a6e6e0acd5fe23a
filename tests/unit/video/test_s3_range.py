import io
import random
import time

import pytest
from botocore.exceptions import ClientError

from functions.shared import aws
from functions.shared.errors import Permanent
from functions.shared.s3_range import BLOCK_BYTES, ReadDeadlineError, S3RangeFile

SIZE = 5 * BLOCK_BYTES + 4321
KEY = "videos/demo-shop/a+b %2B ü.mp4"


@pytest.fixture
def body():
    return random.Random(7).randbytes(SIZE)


def opened(account, body, **given):
    version = account.put("video", KEY, body)
    return S3RangeFile(aws.s3(), "video", KEY, version, len(body), **given)


def test_reads_at_random_places_what_a_file_reads_there(account, body):
    file, truth, dice = opened(account, body), io.BytesIO(body), random.Random(1)
    for _ in range(60):
        place, length = dice.randrange(SIZE + 100), dice.choice((1, 100, 70_000, 2 * BLOCK_BYTES + 1))
        assert file.seek(place) == truth.seek(place)
        assert file.read(length) == truth.read(length)
        assert file.tell() in {truth.tell(), place}


def test_reads_to_the_end_and_then_nothing(account, body):
    file = opened(account, body)

    assert file.read() == body
    assert file.read(10) == b""


def test_seeks_from_the_end_and_from_the_position(account, body):
    file = opened(account, body)

    assert file.seek(-10, io.SEEK_END) == SIZE - 10
    assert file.seek(4, io.SEEK_CUR) == SIZE - 6
    assert file.read() == body[-6:]


def test_refuses_to_seek_before_the_start(account, body):
    with pytest.raises(ValueError, match="negative"):
        opened(account, body).seek(-1)


def test_reads_ahead_when_it_is_read_in_order_and_not_when_it_is_not(account, body):
    in_order, jumping = opened(account, body), opened(account, body)
    in_order.read()
    for block in (5, 3, 1):
        jumping.seek(block * BLOCK_BYTES)
        jumping.read(10)

    assert in_order.requests == 2
    assert jumping.requests == 3


def test_does_not_fetch_a_cached_block_again(account, body):
    file = opened(account, body)
    for _ in range(3):
        file.seek(100)
        file.read(100)

    assert file.requests == 1


def test_keeps_reading_the_version_it_was_opened_for(account, body):
    file = opened(account, body)
    account.put("video", KEY, b"newer")

    assert file.read(10) == body[:10]


def test_an_empty_object_reads_as_an_empty_file_without_a_request(account):
    file = opened(account, b"")

    assert file.read() == b""
    assert file.requests == 0


def test_a_deleted_version_is_permanent(account, body):
    file = opened(account, body)
    for version in account.s3.list_object_versions(Bucket="video")["Versions"]:
        account.s3.delete_object(Bucket="video", Key=KEY, VersionId=version["VersionId"])

    with pytest.raises(Permanent) as failure:
        file.read(1)
    assert isinstance(failure.value.__cause__, ClientError)


def test_stops_reading_at_its_deadline(account, body, monkeypatch):
    file = opened(account, body, deadline_seconds=30)
    file.read(1)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 31)

    assert file.read(1) == body[1:2]
    file.seek(-1, io.SEEK_END)
    with pytest.raises(ReadDeadlineError):
        file.read(1)
