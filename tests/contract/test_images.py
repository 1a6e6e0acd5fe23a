"""What goes into the images: the same versions as everywhere else, by hash, and nothing but code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(_PIN.findall((ROOT / f"requirements-{name}.lock").read_text()))


@pytest.mark.parametrize("image", ["api", "vision"])
def test_an_image_has_the_versions_that_the_tests_run_with(image: str) -> None:
    dev = pins("dev")
    assert pins(image)
    assert {name: version for name, version in pins(image).items() if dev.get(name) != version} == {}


def test_the_vision_image_adds_to_the_api_image() -> None:
    assert set(pins("api")) < set(pins("vision"))
    assert {"opencv-python-headless", "av", "numpy", "faiss-cpu"} <= set(pins("vision")) - set(pins("api"))


def test_no_image_brings_what_deploys_or_tests() -> None:
    for name in pins("vision"):
        assert not name.startswith(("pulumi", "pytest", "moto", "boto3-stubs", "ruff")), name


@pytest.mark.parametrize("lock", ["api", "vision", "dev"])
def test_a_lock_names_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / f"requirements-{lock}.lock").read_text()
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks if _PIN.match(block))


def test_the_dockerfile_installs_by_hash_without_building_and_runs_as_nobody() -> None:
    text = (ROOT / "docker" / "Dockerfile").read_text()
    stages = re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE)
    assert {"api", "vision"} <= set(stages)
    installs = re.findall(r"pip install(?:\\\n|[^\n])*", text)
    assert len(installs) == 2
    assert all("--require-hashes" in one and "--only-binary :all:" in one and "--no-deps" in one for one in installs)
    assert text.count("\nUSER 10001") == 2
    assert 'ENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]' in text


def test_the_build_context_is_a_list_of_what_is_let_in() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    copied = set(re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE))
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
