from pathlib import Path

import pytest

from bench.matching.jobs import two_processes
from bench.matching.memory import digest_of_sources, run_folder


def call_counted(folder: Path, number: int) -> int:
    """How often it has run with this number."""
    with (folder / f"calls-{number}").open("a") as file:
        file.write("x")
    return (folder / f"calls-{number}").stat().st_size


def fail_once(folder: Path) -> str:
    if not (folder / "failed").exists():
        (folder / "failed").touch()
        raise OSError("cut off")
    return "whole"


@pytest.fixture
def sources(tmp_path):
    root = tmp_path / "sources"
    for name in ("functions", "bench", "demo"):
        (root / name / "inner").mkdir(parents=True)
        (root / name / "inner" / "part.py").write_text("1\n")
    (root / "requirements-dev.lock").write_text("numpy==1\n")
    return root


def test_should_take_what_an_earlier_run_of_the_same_sources_kept(tmp_path, sources, capfd):
    def counts(keep: Path | None) -> tuple[int, int, int]:
        with run_folder(keep, sources) as (work, results), two_processes(results) as jobs:
            assert work.is_dir()
            return (
                jobs.ask("one", call_counted, tmp_path, 1).result(),
                jobs.ask("two", call_counted, tmp_path, number=2).result(),
                jobs.ask_anew("three", call_counted, tmp_path, 3).result(),
            )

    assert counts(tmp_path / "keep") == (1, 1, 1)
    assert "kept" not in capfd.readouterr().err

    assert counts(tmp_path / "keep") == (1, 1, 2)
    said = capfd.readouterr().err
    assert all(line in said for line in ("one: kept", "two: kept", "three: done"))

    (sources / "functions" / "inner" / "part.py").write_text("2\n")
    assert counts(tmp_path / "keep") == (2, 2, 3)

    assert counts(None) == (3, 3, 4)
    assert "kept" not in capfd.readouterr().err


def test_should_keep_nothing_of_a_job_that_failed(tmp_path, sources):
    with run_folder(tmp_path / "keep", sources) as (_, results), two_processes(results) as jobs:
        with pytest.raises(OSError, match="cut off"):
            jobs.ask("one", fail_once, tmp_path).result()
        assert jobs.ask("one", fail_once, tmp_path).result() == "whole"


def test_should_find_again_what_jobs_left_for_one_another(tmp_path, sources):
    for _ in range(2):
        with run_folder(tmp_path / "keep", sources) as (work, _results):
            (work / "films").mkdir(exist_ok=True)

    assert [path.name for path in work.iterdir()] == ["films"]


@pytest.mark.parametrize(
    "changed", ["functions/inner/part.py", "bench/inner/part.py", "demo/inner/new.json", "requirements-dev.lock"]
)
def test_should_tell_sources_apart_by_every_file_that_results_depend_on(sources, changed):
    before = digest_of_sources(sources)
    (sources / changed).write_text("2\n")

    assert digest_of_sources(sources) != before


def test_should_tell_no_sources_apart_by_what_python_caches(sources):
    before = digest_of_sources(sources)
    (sources / "bench" / "__pycache__").mkdir()
    (sources / "bench" / "__pycache__" / "part.pyc").write_bytes(b"2")

    assert digest_of_sources(sources) == before
