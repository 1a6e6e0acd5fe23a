"""The command line: asks before it writes, and says in one line why it does not."""

import json
from pathlib import Path

import pytest

from release import __main__ as command
from release import promote
from release.git import Checkout
from release.registry import Registry, Scan
from tests.unit.release.builders import BASE, any_checkout, commit, content_of


class _Shelf(Registry):
    """Has every image, scanned and clean."""

    def __init__(self) -> None:
        super().__init__(BASE, client=object())

    def has(self, target: str, digest: str) -> bool:
        return bool(target and digest)

    def scan(self, target: str, digest: str) -> Scan:
        return Scan(status="COMPLETE" if target and digest else "ABSENT", findings={})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = any_checkout(tmp_path)
    released = {
        "version": 1,
        "environment": "dev",
        "commit": Checkout(root).head(),
        "images": {"api": {"arm64": f"sha256:{'1' * 64}"}, "vision": {"arm64": f"sha256:{'2' * 64}"}},
        "content": content_of(root).model_dump(mode="json"),
    }
    (root / "promotions").mkdir()
    (root / "promotions" / "dev.json").write_text(json.dumps(released))
    commit(root)
    monkeypatch.setattr(command, "ROOT", root)
    monkeypatch.setattr(command, "of_checkout", content_of)
    monkeypatch.setattr(command, "_registry", lambda _environment: _Shelf())
    return root


def _answer(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: answer)


@pytest.mark.parametrize("answer", ["", "n", "no", "what?"])
def test_nothing_is_written_without_a_yes(root: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    _answer(monkeypatch, answer)
    assert command.main(["promote", "dev", "staging"]) == 1
    assert not (root / "promotions" / "staging.json").exists()


@pytest.mark.parametrize("answer", ["y", "Yes"])
def test_a_yes_writes(root: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    _answer(monkeypatch, answer)
    assert command.main(["promote", "dev", "staging"]) == 0
    assert promote.read(root / "promotions", "staging").environment == "staging"


def test_yes_may_be_said_before(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["promote", "dev", "staging", "--yes"]) == 0
    assert "everything is new" in capsys.readouterr().out
    assert (root / "promotions" / "staging.json").exists()


def test_a_refusal_is_told_without_a_stack_trace(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "new.txt").touch()
    assert command.main(["promote", "dev", "staging", "--yes"]) == 1
    told = capsys.readouterr().err
    assert "is refused:\n  - the tree is dirty: new.txt" in told
    assert "Traceback" not in told


def test_check_passes_on_what_was_promoted_and_fails_once_it_moved_on(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["promote", "dev", "staging", "--yes"]) == 0
    assert command.main(["check", "staging"]) == 0
    (root / "functions" / "handler.py").write_text("x = 3\n")
    assert command.main(["check", "staging"]) == 1
    assert "differs in code of the functions" in capsys.readouterr().out


def test_a_release_reads_outputs_as_pulumi_and_the_embedded_aws_write_them(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = root.parent / "outputs.json"
    for document in ({"commit": "b" * 40}, {"outputs": {"commit": "b" * 40}}):
        outputs.write_text(json.dumps(document))
        assert command.main(["release", "--outputs", str(outputs)]) == 1
        assert "no output code_digest, image_api, image_vision" in capsys.readouterr().err
