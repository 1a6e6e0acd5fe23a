"""`python -m policy.controls`: writes docs/controls.md."""

from pathlib import Path

from policy.controls import load
from policy.controls.page import page
from policy.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "controls.md"

if __name__ == "__main__":
    PAGE.write_text(page(load(), RULES))
