"""The promotion file as the program reads it: what is absent, foreign or broken is refused with what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.promotion import Promotion, PromotionError, moved_on, path, read, workflows
from tests.support.recorder import ROOT, STACKS


def _document(**changes: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "environment": "prod",
        "commit": "a" * 40,
        "images": {"api": {"arm64": f"sha256:{'1' * 64}"}, "vision": {"arm64": f"sha256:{'2' * 64}"}},
        "content": {
            "code_digest": "3" * 64,
            "workflows": {"video-analysis": "4" * 64},
            "settings_schema": "5" * 64,
            "permissions": {"read-feed": "6" * 64},
        },
    } | changes


def _written(directory: Path, **changes: Any) -> Path:
    path(directory, "prod").write_text(json.dumps(_document(**changes)))
    return directory


@pytest.mark.parametrize("stack", STACKS)
def test_the_files_in_the_checkout_are_examples_that_no_change_makes_stale(stack: str) -> None:
    promotion = read(ROOT / "promotions", stack)
    assert promotion.environment == stack
    assert promotion.example
    assert not promotion.content.workflows
    (said,) = moved_on(promotion, ROOT)
    assert "nothing was released" in said


def test_should_read_the_digests_that_functions_run(tmp_path: Path) -> None:
    promotion = read(_written(tmp_path), "prod")
    assert promotion.image("api") == f"sha256:{'1' * 64}"
    assert promotion.image("vision") == f"sha256:{'2' * 64}"


def test_should_say_what_to_run_where_nothing_was_promoted(tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match=r"nothing was promoted to prod(.|\n)*make promote FROM=… TO=prod"):
        read(tmp_path, "prod")


def test_should_refuse_a_file_that_was_copied_from_another_environment(tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match=r"prod\.json was written for staging, not for prod"):
        read(_written(tmp_path, environment="staging"), "prod")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": 2}, "version"),
        ({"commit": "HEAD"}, "commit"),
        ({"images": {"api": {"arm64": f"sha256:{'1' * 64}"}}}, "no arm64 image for vision"),
        (
            {"images": {"api": {"amd64": f"sha256:{'1' * 64}"}, "vision": {"arm64": f"sha256:{'2' * 64}"}}},
            "no arm64 image for api",
        ),
        ({"images": {"api": {"arm64": "latest"}, "vision": {"arm64": f"sha256:{'2' * 64}"}}}, "images.api.arm64"),
        (
            {"images": {"api": {"arm64": f"sha256:{'2' * 64}"}, "vision": {"arm64": f"sha256:{'2' * 64}"}}},
            "one digest stands for two images",
        ),
        ({"comment": "by hand"}, "comment"),
    ],
)
def test_should_refuse_a_file_that_does_not_say_what_it_must(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(PromotionError, match=told):
        read(_written(tmp_path, **changes), "prod")


def test_should_refuse_what_is_no_json(tmp_path: Path) -> None:
    path(tmp_path, "prod").write_text("{")
    with pytest.raises(PromotionError, match=r"prod\.json is no promotion"):
        read(tmp_path, "prod")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "handler.py").write_text("x = 1\n")
    (tmp_path / "infra" / "workflows").mkdir(parents=True)
    (tmp_path / "infra" / "workflows" / "video-analysis.asl.json").write_text("{}")
    return tmp_path


def _promotion(checkout: Path) -> Promotion:
    from functions.contracts.code import code_digest

    content = _document()["content"] | {"code_digest": code_digest(checkout), "workflows": workflows(checkout)}
    return Promotion.model_validate(_document(content=content))


def test_a_checkout_that_was_promoted_has_not_moved_on(checkout: Path) -> None:
    assert moved_on(_promotion(checkout), checkout) == ()


def test_a_changed_handler_and_workflow_are_named(checkout: Path) -> None:
    promotion = _promotion(checkout)
    (checkout / "functions" / "handler.py").write_text("x = 2\n")
    (checkout / "infra" / "workflows" / "video-analysis.asl.json").write_text('{"StartAt": "A"}')
    (checkout / "infra" / "workflows" / "new.asl.json").write_text("{}")
    assert moved_on(promotion, checkout) == ("code", "workflow new", "workflow video-analysis")
