"""The runbook's commands (docs/promotion.md) in a checkout of its own: from dev to staging, deployed as CI's role.

IAM is enforced: what a deploy role lacks for this program fails here, and not on the first day in an account.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.product import ROOT, Outcome

_ISSUER = "https://token.actions.githubusercontent.com"
_TARGETS = ("api", "vision")


@dataclass(frozen=True)
class Desk:
    """A checkout with its own history, and an embedded AWS."""

    root: Path
    home: Path

    def run(self, *command: str, **variables: str) -> Outcome:
        """`python -m COMMAND…` in the checkout, as the operator unless `variables` say who."""
        daemon = self.home / "daemon.json"
        facts: dict[str, Any] = json.loads(daemon.read_text()) if daemon.exists() else {}
        own = {} if "AWS_ROLE_ARN" in variables else {
            "AWS_ACCESS_KEY_ID": facts.get("access_key_id", ""),
            "AWS_SECRET_ACCESS_KEY": facts.get("secret_access_key", ""),
        }  # fmt: skip
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        given = {"AWS_ENDPOINT_URL": facts.get("endpoint_url", ""), **own, **variables}
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env={**inherited, "EMBEDDED_HOME": str(self.home), **given},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def does(self, *command: str, **variables: str) -> str:
        done = self.run(*command, **variables)
        assert done.code == 0, done.out + done.err
        return done.out

    def refuses(self, *command: str) -> str:
        done = self.run(*command)
        assert done.code == 1, done.out
        return done.err + done.out

    def deploys(self, environment: str) -> None:
        """As a job of the GitHub environment."""
        claims = {
            "iss": _ISSUER,
            "aud": "sts.amazonaws.com",
            "sub": f"repo:example/shoppable-video:environment:{environment}",
            "exp": int(time.time()) + 600,
        }
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        token = self.home / "token"
        token.write_text(f"e30.{body}.e30")
        self.does(
            *("embedded", "up", "--stack", environment, "--own-credentials"),
            AWS_ROLE_ARN=f"arn:aws:iam::123456789012:role/shoppable-video-ci-{environment}-deploy",
            AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
        )

    def commit(self, message: str) -> None:
        for command in (["add", "-A"], ["commit", "-q", "-m", message]):
            who = ["-c", "user.name=Ops", "-c", "user.email=ops@example.com"]
            subprocess.run(["git", *who, *command], cwd=self.root, check=True)

    def releases(self) -> dict[str, str]:
        """The digests that dev runs, by target."""
        self.deploys("dev")
        self.does("release", "release", "--outputs", str(self.home / "shop" / "dev.json"))
        self.commit("Release")
        images = json.loads((self.root / "promotions" / "dev.json").read_text())["images"]
        return {target: images[target]["arm64"] for target in _TARGETS}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    root = tmp_path / "checkout"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    player = root / "web" / "dist"
    player.mkdir(parents=True, exist_ok=True)
    (player / "index.html").write_text("<!doctype html><title>player</title>")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    desk = Desk(root, tmp_path / "home")
    desk.commit("The checkout")
    yield desk
    desk.run("embedded", "down", "--force")


def test_what_dev_deployed_is_promoted_once_the_tree_is_clean_and_no_finding_critical(
    desk: Desk,
) -> None:
    desk.does("embedded", "up", "--project", "bootstrap", "--stack", "shared")
    first = desk.releases()

    (desk.root / "stray").touch()
    assert "stray" in desk.refuses("release", "promote", "dev", "staging", "--yes")
    (desk.root / "stray").unlink()
    scans = desk.home / "scans.json"
    scans.write_text(json.dumps({first["api"]: {"CRITICAL": 1}}))
    assert "critical" in desk.refuses("release", "promote", "dev", "staging", "--yes")
    scans.unlink()
    desk.does("release", "promote", "dev", "staging", "--yes")
    desk.commit("Promote to staging")
    promoted = json.loads((desk.root / "promotions" / "staging.json").read_text())["images"]
    assert {target: promoted[target]["arm64"] for target in _TARGETS} == first
