"""What the documentation names is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_PATH = re.compile(r"`((?:bench|bootstrap|demo|docker|docs|embedded|functions|infra|schema|shop|tests|web)/[\w./-]*)`")
_STATE = re.compile(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`")
_ARROW = re.compile(r"^\s+(\w+) --> (\w+)", re.MULTILINE)


def _states(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("States", {})
        for value in node.values():
            yield from _states(value)
    elif isinstance(node, list):
        for value in node:
            yield from _states(value)


STATES = {
    state
    for path in (ROOT / "infra" / "workflows").glob("*.asl.json")
    for state in _states(json.loads(path.read_text(encoding="utf-8")))
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_path_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    # `web/dist` is what is built, and built only where it is needed.
    broken += [path for path in _PATH.findall(text) if not (ROOT / path).exists() and path != "web/dist"]
    assert broken == []


def test_every_state_in_the_readme_s_table_is_one_of_a_state_machine() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [row.split("|")[2] for row in readme.splitlines() if re.match(r"\| \d ", row)]
    assert len(rows) == 8
    named = {state for row in rows for state in _STATE.findall(row)}
    assert len(named) > 8
    assert named <= STATES


def test_every_state_in_the_diagrams_is_one_of_a_state_machine() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    diagrams = [block for block in re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL) if "stateDiagram" in block]
    assert len(diagrams) == 2
    drawn = {state for block in diagrams for pair in _ARROW.findall(block) for state in pair}
    # `Work` stands for the Parallel state.
    assert drawn - {"Work"} <= STATES
