import hashlib
from contextlib import nullcontext

import pytest
from botocore.exceptions import ClientError

from functions.contracts import ids
from functions.contracts.video import VideoProbed
from functions.shared.errors import Permanent, Transient
from functions.shared.s3_range import ReadDeadlineError, S3RangeFile
from functions.shoppable import ladder
from functions.video.probe_video import logic
from functions.video.probe_video.handler import handler
from functions.video.probe_video.store import Store
from tests.support import clips
from tests.unit.video.builders import SHOP, VIDEO, any_video

LIVE = {
    "shop_id": SHOP,
    "record": "live",
    "revision": "r-1",
    "products_key": "p",
    "manifest_key": "m",
    "sequencer": "0",
}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return clips.write_film(path, clips.pan_and_zoom(clips.wall(1), size=(320, 180), frames=60), silent=False)


@pytest.fixture
def live(account):
    item = {name: {"S": value} for name, value in LIVE.items()} | {"products": {"N": "3"}}
    account.dynamodb.put_item(TableName="imports", Item=item)


def probe(account, context, body: bytes) -> VideoProbed:
    video = any_video()
    version = account.put("video", video.key, body)
    return VideoProbed.model_validate(handler(video.model_copy(update={"version_id": version}).model_dump(), context))


def test_a_film_is_accepted_with_its_facts(account, live, context, film):
    body = film.read_bytes()

    probed = probe(account, context, body)

    assert probed.outcome == "accepted"
    assert probed.reason is None
    assert probed.catalogue_revision == "r-1"
    source = probed.source
    assert source is not None
    assert source.sha256 == hashlib.sha256(body).hexdigest()
    assert source.size_bytes == len(body)
    assert (source.width, source.height, source.video_codec, source.audio_codec) == (320, 180, "h264", "aac")
    assert source.duration_ms == 2400
    assert probed.asset_id == ids.asset_id(VIDEO, source.sha256, ladder.profile_digest(source))


def test_the_version_of_the_event_is_probed_and_not_the_newest(account, live, context, film):
    video = any_video()
    version = account.put("video", video.key, film.read_bytes())
    account.put("video", video.key, b"newer and no video")

    probed = handler(video.model_copy(update={"version_id": version}).model_dump(), context)

    assert probed["outcome"] == "accepted"


def without_moov(film):
    """The media data alone, cut, as an interrupted upload leaves it."""
    body = film.read_bytes()
    return body[: body.index(b"moov") - 4 - 1000]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (lambda film: b"", "EmptyFile"),
        (lambda film: b"This is a text, whatever its name says.\n" * 50, "NotAVideo"),
        (without_moov, "Truncated"),
        (lambda film: film.read_bytes()[:-200], "Truncated"),
        (lambda film: clips.write_sound(film.parent / "sound.mp4").read_bytes(), "NoVideoStream"),
    ],
    ids=["empty", "text", "without moov", "moov cut", "audio only"],
)
def test_what_cannot_be_analysed_is_refused_with_a_code_of_its_own(account, live, context, film, broken, code):
    probed = probe(account, context, broken(film))

    assert probed.outcome == "refused"
    assert probed.reason is not None
    assert probed.reason.code == code
    assert probed.reason.message
    assert probed.source is None


def test_a_shop_without_a_catalogue_is_told_to_import_one(account, context, film):
    probed = probe(account, context, film.read_bytes())

    assert probed.reason is not None
    assert probed.reason.code == "NoCatalogue"
    assert "import a product feed" in probed.reason.message


def test_a_deleted_version_is_refused(account, live, context):
    video = any_video()
    version = account.put("video", video.key, b"something")
    account.s3.delete_object(Bucket="video", Key=video.key, VersionId=version)

    probed = handler(video.model_copy(update={"version_id": version}).model_dump(), context)

    assert probed["reason"]["code"] == "SourceGone"


class Fake:
    """A source that answers as it is told."""

    def __init__(self, *, size=1, file=None, archived="no"):
        self.stored, self.file = logic.Stored(size_bytes=size, archived=archived), file
        self.restored = 0

    def find(self):
        return self.stored

    def restore(self):
        self.restored += 1

    def open(self, size_bytes):
        return self.file

    def sha256(self):
        raise AssertionError("refused before its content is read")

    def live_revision(self):
        return "r-1"


def test_a_file_above_the_limit_is_refused_unread():
    probed = logic.probe(any_video(), Fake(size=logic.MAX_BYTES + 1))

    assert probed.reason is not None
    assert probed.reason.code == "TooLarge"


@pytest.mark.parametrize(("archived", "asked"), [("yes", 1), ("restoring", 0)])
def test_an_archived_film_is_asked_for_once_and_probed_again_later(archived, asked):
    source = Fake(archived=archived)

    assert logic.probe(any_video(), source).outcome == "restoring"
    assert source.restored == asked


def test_a_film_above_the_limit_is_not_restored_to_be_refused_then():
    source = Fake(size=logic.MAX_BYTES + 1, archived="yes")

    assert logic.probe(any_video(), source).outcome == "refused"
    assert source.restored == 0


@pytest.mark.parametrize(
    ("head", "archived"),
    [
        ({}, "no"),
        ({"StorageClass": "INTELLIGENT_TIERING"}, "no"),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, "yes"),
        ({"ArchiveStatus": "DEEP_ARCHIVE_ACCESS", "Restore": 'ongoing-request="true"'}, "restoring"),
        ({"StorageClass": "GLACIER"}, "yes"),
        ({"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="true"'}, "restoring"),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="Fri, 21 Dec 2026"'}, "no"),
        ({"StorageClass": "GLACIER_IR"}, "no"),
    ],
)
def test_the_headers_of_an_object_say_whether_it_can_be_read(account, monkeypatch, head, archived):
    monkeypatch.setattr(account.s3, "head_object", lambda **_: {"ContentLength": 7, **head})

    assert store(account).find() == logic.Stored(size_bytes=7, archived=archived)


@pytest.mark.parametrize(
    ("head", "days"),
    [({"StorageClass": "INTELLIGENT_TIERING"}, None), ({"StorageClass": "GLACIER"}, 7)],
)
def test_only_a_copy_out_of_glacier_is_asked_for_by_days(account, monkeypatch, head, days):
    asked = []
    monkeypatch.setattr(account.s3, "head_object", lambda **_: head)
    monkeypatch.setattr(account.s3, "restore_object", lambda **given: asked.append(given["RestoreRequest"]))

    store(account).restore()

    (wanted,) = asked
    assert wanted["GlacierJobParameters"] == {"Tier": "Standard"}
    assert wanted.get("Days") == days


@pytest.mark.parametrize(
    ("code", "raised"),
    [("RestoreAlreadyInProgress", None), ("SlowDown", Transient), ("AccessDenied", Permanent)],
)
def test_a_restoration_that_is_under_way_is_no_error(account, monkeypatch, code, raised):
    def refuse(**_):
        raise ClientError({"Error": {"Code": code}}, "RestoreObject")

    monkeypatch.setattr(account.s3, "head_object", lambda **_: {})
    monkeypatch.setattr(account.s3, "restore_object", refuse)

    with pytest.raises(raised) if raised else nullcontext():
        store(account).restore()


def store(account):
    return Store(s3=account.s3, dynamodb=account.dynamodb, imports_table="imports", video=any_video())


@pytest.mark.parametrize("after_reads", [0, 1, 2])
def test_a_film_that_is_not_opened_in_time_is_refused(account, film, monkeypatch, after_reads):
    probed = logic.probe(any_video(), Fake(file=interrupted(account, film, after_reads, ReadDeadlineError("late"))))

    assert probed.reason is not None
    assert probed.reason.code == "Unreadable"


@pytest.mark.parametrize("after_reads", [0, 1, 2])
def test_a_passing_fault_of_s3_is_no_refusal(account, film, after_reads):
    with pytest.raises(Transient):
        logic.probe(any_video(), Fake(file=interrupted(account, film, after_reads, Transient("slow down"))))


def interrupted(account, film, after_reads, error):
    """The film, whose reads fail after so many."""
    body = film.read_bytes()
    version = account.put("video", "film", body)

    class Interrupted(S3RangeFile):
        reads = 0

        def readinto(self, buffer):
            self.reads += 1
            if self.reads > after_reads:
                raise error
            return super().readinto(buffer)

    return Interrupted(account.s3, "video", "film", version, len(body))
