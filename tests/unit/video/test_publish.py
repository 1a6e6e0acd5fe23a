import hashlib
import json
from decimal import Decimal

import pytest

from functions.contracts.analysis import Analysis
from functions.contracts.timeline import Timeline, TimelinePointer
from functions.shared.errors import Permanent, Transient
from functions.shared.objects import canonical_json
from functions.video.publish import store as publish_store
from functions.video.publish.handler import handler
from tests.unit.video.builders import ASSET, EXECUTION, PREFIX, SHOP, VIDEO, any_analysis, any_appearance

ORDER = {
    "shop_id": SHOP,
    "video_id": VIDEO,
    "execution": EXECUTION,
    "analysis_key": f"{PREFIX}/analysis.json",
    "media_prefix": f"media/{VIDEO}/{ASSET}",
}


@pytest.fixture
def processing(account):
    account.put_status(video_id=VIDEO, shop_id=SHOP, state="processing", execution=EXECUTION)


def publish(account, context, analysis: Analysis, **given):
    account.put("analysis", ORDER["analysis_key"], canonical_json(analysis))
    return handler(ORDER | given, context)


def pointer(account):
    return TimelinePointer.model_validate_json(account.get("delivery", f"videos/{VIDEO}.json"))


def many(number: int, **given):
    return tuple(any_appearance(appearance_id=f"x-{index}", **given) for index in range(number))


def test_publishes_timeline_track_json_ld_and_pointer(account, processing, context):
    published = publish(account, context, any_analysis())

    body = account.get("delivery", published["timeline_key"])
    sha256 = hashlib.sha256(body).hexdigest()
    assert published["outcome"] == "published"
    assert published["timeline_sha256"] == sha256
    assert published["timeline_key"] == f"timelines/{VIDEO}/{sha256}/timeline.json"
    assert Timeline.model_validate_json(body).appearances[0].product_id == "p-1"
    now = pointer(account)
    assert (now.state, now.timeline, now.timeline_sha256) == ("published", published["timeline_key"], sha256)
    assert account.get("delivery", now.webvtt).startswith(b"WEBVTT")
    assert json.loads(account.get("delivery", now.json_ld))["@type"] == "VideoObject"


def test_what_is_named_by_its_hash_may_be_cached_for_ever_and_the_pointer_briefly(account, processing, context):
    published = publish(account, context, any_analysis())

    def cached(key):
        return account.s3.head_object(Bucket="delivery", Key=key)["CacheControl"]

    assert cached(published["timeline_key"]) == "public, max-age=31536000, immutable"
    assert cached(f"videos/{VIDEO}.json") == "public, max-age=30"


def test_records_appearances_and_counts(account, processing, context):
    found = (*many(2), any_appearance(appearance_id="x-9", verdict="uncertain"))
    publish(account, context, any_analysis(appearances=found))

    records = account.records(VIDEO)
    assert set(records) == {"status", "appearance#x-0", "appearance#x-1", "appearance#x-9"}
    row = records["appearance#x-9"]
    assert (row["product_id"], row["score"], row["verdict"]) == ("p-1", Decimal("0.9"), "uncertain")
    assert (row["evidence"]["inliers"], row["evidence"]["score"]) == (40, Decimal("0.8"))
    assert "updated_at" not in row
    status = records["status"]
    assert status["state"] == "published"
    assert (status["appearances"], status["uncertain"], status["frames_examined"]) == (2, 1, 12)


def test_publishing_again_leaves_the_same(account, processing, context):
    first = publish(account, context, any_analysis())
    before = account.records(VIDEO), pointer(account)
    second = publish(account, context, any_analysis())

    after = account.records(VIDEO), pointer(account)
    for records, _ in (before, after):
        del records["status"]["updated_at"]
    assert first == second
    assert before == after


def test_appearances_that_are_gone_are_deleted_also_when_they_are_many(account, processing, context):
    publish(account, context, any_analysis(appearances=many(150)))
    publish(account, context, any_analysis(appearances=many(101)))

    assert len(account.records(VIDEO)) == 101 + 1


def test_a_film_without_products_is_published_without_appearances(account, processing, context):
    published = publish(account, context, any_analysis(appearances=()))

    assert (published["outcome"], published["appearances"]) == ("published", 0)
    assert pointer(account).state == "published"


@pytest.mark.parametrize(
    "status",
    [{"state": "processing", "execution": EXECUTION + "-newer"}, {"state": "unpublished", "execution": EXECUTION}],
    ids=["a newer execution", "taken down"],
)
def test_nothing_changes_when_the_record_is_no_longer_this_execution_s(account, context, status):
    account.put_status(video_id=VIDEO, shop_id=SHOP, **status)

    published = publish(account, context, any_analysis())

    assert published["outcome"] == "superseded"
    assert set(account.records(VIDEO)) == {"status"}
    assert account.records(VIDEO)["status"]["state"] == status["state"]
    assert "Contents" not in account.s3.list_objects_v2(Bucket="delivery", Prefix="videos/")


def test_a_film_without_products_is_fenced_too(account, context):
    account.put_status(video_id=VIDEO, shop_id=SHOP, state="processing", execution=EXECUTION + "-newer")

    assert publish(account, context, any_analysis(appearances=()))["outcome"] == "superseded"


def test_a_deleted_record_is_not_brought_back(account, context):
    assert publish(account, context, any_analysis())["outcome"] == "superseded"
    assert account.records(VIDEO) == {}


def test_an_execution_that_takes_over_before_the_pointer_keeps_its_own(account, processing, context, monkeypatch):
    def taken_over(self):
        newer = {"state": "published", "execution": "newer", "timeline_key": "newer.json"}
        account.put_status(video_id=VIDEO, shop_id=SHOP, **newer)
        point(self)

    point = publish_store.Store.point
    monkeypatch.setattr(publish_store.Store, "point", taken_over)

    published = publish(account, context, any_analysis())

    assert published["outcome"] == "superseded"
    assert pointer(account).timeline == "newer.json"
    assert account.records(VIDEO)["status"]["execution"] == "newer"


def test_a_crash_after_any_step_is_repaired_by_the_next_attempt(account, context, monkeypatch):
    for step in ("put_document", "replace_appearances", "set_timeline", "point", "finish"):
        account.put_status(video_id=VIDEO, shop_id=SHOP, state="processing", execution=EXECUTION)
        with monkeypatch.context() as patch:
            original = getattr(publish_store.Store, step)

            def crash(self, *arguments, original=original):
                original(self, *arguments)
                raise Transient("crashed")

            patch.setattr(publish_store.Store, step, crash)
            with pytest.raises(Transient):
                publish(account, context, any_analysis())

        assert publish(account, context, any_analysis())["outcome"] == "published"
        assert account.records(VIDEO)["status"]["state"] == "published"
        assert pointer(account).state == "published"


def test_a_missing_analysis_is_permanent(account, processing, context):
    with pytest.raises(Permanent, match=r"analysis\.json does not exist"):
        handler(ORDER, context)
