"""How an audit's findings are judged. What Prowler itself finds is `make audit`'s business."""

from policy.audit.judgement import judge, missing, table, useless
from policy.audit.prowler import Finding
from policy.controls import Control


def _finding(check: str, status: str, resource: str = "arn:aws:s3:::prod-a") -> Finding:
    return Finding(check=check, service="s3", status=status, resource=resource, environment="prod", says="it is so")


_EXCEPTED = Control(
    service="S3",
    id="S3.99",
    demands="something",
    exception="because",
    scope="logs",
    audit=("logged",),
    resources=("*-logs",),
)


def test_a_failure_is_explained_only_where_an_exception_covers_its_resource() -> None:
    findings = [_finding("logged", "FAIL", "arn:aws:s3:::prod-logs"), _finding("logged", "FAIL")]
    [verdict] = judge(findings, [], [_EXCEPTED])
    assert (verdict.explained, verdict.controls) == (1, ("S3.99",))
    assert verdict.unexplained == (findings[1],)


def test_a_check_that_passes_on_mistakes_too_is_no_proof() -> None:
    ours = [_finding("blind", "PASS"), _finding("able", "PASS")]
    mistakes = [_finding("blind", "PASS"), _finding("able", "FAIL"), _finding("able", "PASS")]
    assert {verdict.check: verdict.proof for verdict in judge(ours, mistakes, [])} == {"able": True, "blind": False}


def test_what_only_a_person_can_tell_has_no_verdict() -> None:
    assert judge([_finding("enclave", "MANUAL")], [], []) == ()


def test_an_exception_that_explains_nothing_is_told() -> None:
    assert list(useless([_finding("logged", "FAIL", "arn:aws:s3:::prod-logs")], [_EXCEPTED])) == []
    assert list(useless([_finding("logged", "PASS")], [_EXCEPTED])) == ["S3.99: logged"]


def test_a_demand_that_the_matrix_lacks_is_told() -> None:
    assert missing(["S3.99", "S3.100"], [_EXCEPTED]) == ["S3.100"]


def test_the_table_adds_up() -> None:
    findings = [_finding("logged", "FAIL", "arn:aws:s3:::prod-logs"), _finding("logged", "FAIL"), _finding("x", "PASS")]
    *_, last = table(judge(findings, [_finding("x", "FAIL")], [_EXCEPTED]))
    assert last.split() == ["all", "2", "1", "1", "1", "1"]
