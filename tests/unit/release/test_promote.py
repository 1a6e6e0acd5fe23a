"""Release, promotion and rollback: each refusal by its reason, and what is written where nothing stands against it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from infra.promotion import PromotionError, read
from release import promote
from release.promote import Desk, RefusedError
from release.registry import ImageError
from tests.support.recorder import ROOT
from tests.unit.release.builders import (
    Ecr,
    any_account,
    any_checkout,
    any_desk,
    commit,
    outputs_of,
    with_roles,
)


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecr]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield any_account()


@pytest.fixture
def digests(ecr: Ecr) -> dict[str, str]:
    return {target: ecr.push(target, "dev-1") for target in ("api", "vision")}


@pytest.fixture
def desk(tmp_path: Path, ecr: Ecr) -> Desk:
    return any_desk(any_checkout(tmp_path), ecr)


@pytest.fixture
def released(desk: Desk, ecr: Ecr, digests: dict[str, str]) -> Desk:
    """Dev runs the checkout, was released, and its images were scanned."""
    promote.release(desk, outputs_of(desk, digests))
    for target, digest in digests.items():
        ecr.scan(target, digest)
    commit(desk.checkout.root, "release")
    return desk


def _promote(desk: Desk, source: str = "dev", target: str = "staging") -> str:
    promotion, description = promote.prepare(desk, source, target)  # pyright: ignore[reportArgumentType]
    promote.write(desk, promotion)
    commit(desk.checkout.root, f"promote to {target}")
    return description


def test_a_release_says_what_dev_runs_and_names_its_images_for_good(
    desk: Desk, ecr: Ecr, digests: dict[str, str]
) -> None:
    promote.release(desk, outputs_of(desk, digests))
    written = read(desk.directory, "dev")
    assert written.commit == desk.checkout.head()
    assert {target: dict(images) for target, images in written.images.items()} == {
        target: {"arm64": digest} for target, digest in digests.items()
    }
    assert written.content == desk.content()
    tagged = ecr.describe_images(repositoryName="shoppable-video/api", imageIds=[{"imageDigest": digests["api"]}])
    assert f"release-{desk.checkout.head()}" in tagged["imageDetails"][0]["imageTags"]


def test_a_second_release_of_the_same_commit_is_no_error(desk: Desk, digests: dict[str, str]) -> None:
    outputs = outputs_of(desk, digests)
    first = promote.release(desk, outputs)
    (desk.directory / "dev.json").unlink()
    assert promote.release(desk, outputs) == first


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"commit": "b" * 40}, "dev runs b{40}"),
        ({"code_digest": "b" * 64}, "deploy dev from it first"),
    ],
)
def test_a_release_is_refused_where_dev_runs_another_commit(
    desk: Desk, digests: dict[str, str], changes: dict[str, str], reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        promote.release(desk, outputs_of(desk, digests) | changes)
    assert not desk.directory.exists()


def test_a_release_is_refused_from_a_stack_that_does_not_say_what_it_runs(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="no output commit, code_digest, image_api, image_vision"):
        promote.release(desk, {})


def test_an_index_of_images_is_no_release(desk: Desk, ecr: Ecr) -> None:
    digests = {
        target: ecr.push(target, "dev-2", media_type="application/vnd.oci.image.index.v1+json")
        for target in ("api", "vision")
    }
    with pytest.raises(ImageError, match="index of images, which Lambda refuses"):
        promote.release(desk, outputs_of(desk, digests))


def test_images_for_another_machine_are_no_release(desk: Desk, ecr: Ecr, digests: dict[str, str]) -> None:
    ecr.architecture = "amd64"
    with pytest.raises(ValueError, match="no arm64 image for api, vision"):
        promote.release(desk, outputs_of(desk, digests))


def test_staging_gets_what_dev_released_and_prod_what_staging_has(released: Desk) -> None:
    _promote(released)
    _promote(released, "staging", "prod")
    dev, prod = read(released.directory, "dev"), read(released.directory, "prod")
    assert prod.images == dev.images
    assert prod.commit == dev.commit
    assert prod.environment == "prod"


@pytest.mark.parametrize(("source", "target"), [("dev", "prod"), ("prod", "staging"), ("dev", "dev")])
def test_no_step_is_left_out_and_none_goes_back(released: Desk, source: str, target: str) -> None:
    with pytest.raises(RefusedError, match=f"{source} to {target} is no step"):
        _promote(released, source, target)


def test_what_was_not_released_is_not_promoted(desk: Desk) -> None:
    with pytest.raises(PromotionError, match="nothing was promoted to dev"):
        promote.prepare(desk, "dev", "staging")


def test_a_dirty_tree_is_refused_by_the_names_of_its_files(released: Desk) -> None:
    (released.checkout.root / "forgotten.txt").write_text("x")
    with pytest.raises(RefusedError, match=r"tree is dirty: forgotten\.txt"):
        promote.prepare(released, "dev", "staging")


def test_a_commit_that_changes_nothing_that_runs_is_no_drift(released: Desk) -> None:
    (released.checkout.root / "README.md").write_text("words")
    commit(released.checkout.root)
    promote.prepare(released, "dev", "staging")


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("functions/handler.py", "code of the functions"),
        ("infra/workflows/video-analysis.asl.json", "workflow video-analysis"),
        ("infra/workflows/other.asl.json", r"workflow other \(new\)"),
    ],
)
def test_drift_of_what_runs_is_refused_by_name(released: Desk, file: str, named: str) -> None:
    (released.checkout.root / file).write_text("changed = True\n")
    commit(released.checkout.root)
    with pytest.raises(RefusedError, match=f"drift: (.|\n)*differs in {named}"):
        promote.prepare(released, "dev", "staging")


def test_drift_of_permissions_is_refused_by_the_name_of_the_role(released: Desk) -> None:
    wider = with_roles(released, start="may do anything")
    with pytest.raises(RefusedError, match="differs in permissions of start"):
        promote.prepare(wider, "dev", "staging")


def test_images_that_were_not_scanned_are_refused(desk: Desk, digests: dict[str, str]) -> None:
    promote.release(desk, outputs_of(desk, digests))
    commit(desk.checkout.root)
    with pytest.raises(RefusedError, match="was not scanned: status ABSENT") as refused:
        promote.prepare(desk, "dev", "staging")
    assert len(refused.value.reasons) == 2


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED"])
def test_a_scan_that_found_nothing_since_it_did_not_end_is_refused(released: Desk, ecr: Ecr, status: str) -> None:
    ecr.status = status
    with pytest.raises(RefusedError, match=f"was not scanned: status {status}"):
        promote.prepare(released, "dev", "staging")


def test_critical_findings_are_refused_and_counted(released: Desk, ecr: Ecr) -> None:
    ecr.critical = 3
    with pytest.raises(RefusedError, match=r"vision \(arm64\) has 3 critical findings"):
        promote.prepare(released, "dev", "staging")


def test_images_that_the_target_cannot_pull_are_refused(released: Desk, ecr: Ecr, digests: dict[str, str]) -> None:
    ecr.batch_delete_image(repositoryName="shoppable-video/vision", imageIds=[{"imageDigest": digests["vision"]}])
    with pytest.raises(RefusedError, match=f"vision has no image {digests['vision']}") as refused:
        promote.prepare(released, "dev", "staging")
    assert len(refused.value.reasons) == 1


def test_every_reason_is_told_at_once(released: Desk, ecr: Ecr) -> None:
    ecr.critical = 1
    (released.checkout.root / "functions" / "handler.py").write_text("x = 2\n")
    with pytest.raises(RefusedError) as refused:
        promote.prepare(released, "dev", "staging")
    told = str(refused.value)
    assert re.search("dirty(.|\n)*drift(.|\n)*api(.|\n)*vision", told)


def test_a_person_sees_images_workflows_roles_and_commits_that_change(
    released: Desk, ecr: Ecr, digests: dict[str, str]
) -> None:
    assert "everything is new" in _promote(released)
    root = released.checkout.root
    (root / "functions" / "handler.py").write_text("x = 2\n")
    (root / "infra" / "workflows" / "video-analysis.asl.json").write_text('{"a": 1}')
    commit(root, "finds more")
    wider = with_roles(released, start="may start", publish="may publish")
    newer = digests | {"vision": ecr.push("vision", "dev-3")}
    ecr.scan("vision", newer["vision"])
    promote.release(wider, outputs_of(wider, newer))
    commit(root, "release")
    described = _promote(wider)
    assert f"image vision (arm64): {digests['vision']} → {newer['vision']}" in described
    assert "image api" not in described
    for line in ("code of the functions", "workflow video-analysis", "permissions of publish (new)", "finds more"):
        assert line in described
    assert "role start" not in described


def test_a_rollback_is_the_promotion_before(released: Desk, ecr: Ecr, digests: dict[str, str]) -> None:
    _promote(released)
    first = read(released.directory, "staging")
    (released.checkout.root / "functions" / "handler.py").write_text("x = 2\n")
    commit(released.checkout.root)
    newer = {target: ecr.push(target, "dev-4") for target in digests}
    for target, digest in newer.items():
        ecr.scan(target, digest)
    promote.release(released, outputs_of(released, newer))
    commit(released.checkout.root)
    _promote(released)
    ecr.critical = 9  # what is known today of an old image must not keep anyone from going back to it
    assert promote.previous(released, "staging") == first
    assert first.commit[:12] in promote.describe(released, first)


def test_there_is_no_rollback_from_the_first_promotion(released: Desk) -> None:
    _promote(released)
    with pytest.raises(RefusedError, match="history holds no other promotion"):
        promote.previous(released, "staging")


def _example(desk: Desk, environment: str) -> None:
    text = (ROOT / "promotions" / f"{environment}.json").read_text()
    desk.directory.mkdir(exist_ok=True)
    (desk.directory / f"{environment}.json").write_text(text)
    commit(desk.checkout.root, "the example")


def test_the_example_is_not_promoted(desk: Desk) -> None:
    _example(desk, "dev")
    with pytest.raises(RefusedError, match=r"dev\.json is the example: nothing was released"):
        promote.prepare(desk, "dev", "staging")


def test_there_is_no_rollback_to_the_example(desk: Desk, ecr: Ecr, digests: dict[str, str]) -> None:
    _example(desk, "staging")
    promote.release(desk, outputs_of(desk, digests))
    for target, digest in digests.items():
        ecr.scan(target, digest)
    commit(desk.checkout.root, "release")
    assert "0" * 12 in _promote(desk)
    with pytest.raises(RefusedError, match="history holds no other promotion"):
        promote.previous(desk, "staging")


def test_no_rollback_to_images_that_are_gone(released: Desk, ecr: Ecr, digests: dict[str, str]) -> None:
    _promote(released)
    newer = {target: ecr.push(target, "dev-5") for target in digests}
    for target, digest in newer.items():
        ecr.scan(target, digest)
    promote.release(released, outputs_of(released, newer))
    commit(released.checkout.root)
    _promote(released)
    ecr.batch_delete_image(repositoryName="shoppable-video/api", imageIds=[{"imageDigest": digests["api"]}])
    with pytest.raises(RefusedError, match=f"api has no image {digests['api']}"):
        promote.previous(released, "staging")
