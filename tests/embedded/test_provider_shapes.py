"""From Pulumi's arguments to AWS's parameters."""

import functools
from typing import Any

import botocore.session
import pytest

from embedded.engine.values import UNKNOWN
from embedded.provider.shapes import ArgumentError, translate, validate


@functools.cache
def _shape(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def _translate(service: str, operation: str, arguments: dict[str, Any], **rename: str) -> Any:
    shape = _shape(service, operation)
    parameters = translate(shape, arguments, rename)
    validate(shape, parameters, operation)
    return parameters


def test_should_match_members_by_their_letters_alone() -> None:
    assert _translate("kms", "CreateAlias", {"aliasName": "alias/a", "targetKeyId": "k"}) == {
        "AliasName": "alias/a",
        "TargetKeyId": "k",
    }


def test_should_rename_by_path_and_descend_by_dots() -> None:
    arguments = {
        "name": "alarm",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricQueries": [
            {"id": "m", "metric": {"metricName": "n", "period": 60, "stat": "Sum", "dimensions": {"A": "1"}}}
        ],
    }
    rename = {
        "name": "AlarmName",
        "metricQueries": "Metrics",
        "metricQueries.metric": "MetricStat",
        "metricQueries.metric.metricName": "Metric.MetricName",
        "metricQueries.metric.dimensions": "Metric.Dimensions",
    }
    metric = {"MetricName": "n", "Dimensions": [{"Name": "A", "Value": "1"}]}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    assert _translate("cloudwatch", "PutMetricAlarm", arguments, **rename)["Metrics"] == [
        {"Id": "m", "MetricStat": stat}
    ]


def test_should_count_the_items_of_cloudfronts_lists() -> None:
    shape = _shape("cloudfront", "CreateDistribution").members["DistributionConfig"]
    assert translate(shape, {"aliases": ["a.example", "b.example"]}, {}) == {
        "Aliases": {"Quantity": 2, "Items": ["a.example", "b.example"]}
    }
    assert translate(shape, {"aliases": {"items": []}}, {}) == {"Aliases": {"Quantity": 0, "Items": []}}


def test_should_wrap_a_single_block_where_aws_wants_a_list() -> None:
    given = {"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforced"}}
    assert _translate("s3", "PutBucketOwnershipControls", given, rule="OwnershipControls.Rules") == {
        "Bucket": "b",
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }


def test_should_turn_tags_into_pairs_of_whatever_name() -> None:
    tags = {"a": "1"}
    assert translate(_shape("kms", "CreateKey"), {"tags": tags}, {}) == {"Tags": [{"TagKey": "a", "TagValue": "1"}]}
    assert translate(_shape("stepfunctions", "CreateStateMachine"), {"tags": tags}, {}) == {
        "tags": [{"key": "a", "value": "1"}]
    }
    assert translate(_shape("sqs", "CreateQueue"), {"tags": tags}, {}) == {"tags": tags}


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "message"),
    [
        ("kms", "CreateAlias", {"aliasName": "a", "colour": 1}, "colour is not an argument of CreateAliasRequest"),
        ("kms", "CreateAlias", {"aliasName": "alias/a"}, "CreateAlias: TargetKeyId required"),
        ("kms", "CreateAlias", {"aliasName": "a b", "targetKeyId": "k"}, "CreateAlias.AliasName: 'a b' does not match"),
        ("kms", "CreateKey", {"keyUsage": "X"}, "CreateKey.KeyUsage: 'X' is none of"),
        ("logs", "CreateLogGroup", {"logGroupName": ""}, "CreateLogGroup.logGroupName: 0 characters is outside 1…512"),
        ("lambda", "PutFunctionConcurrency", {"functionName": "f", "reservedConcurrentExecutions": -1}, "is outside 0"),
        (
            "kms",
            "CreateKey",
            {"tags": {"a": "1"}, "multiRegion": "maybe"},
            "multiRegion: 'maybe' is neither true nor false",
        ),
        ("kms", "CreateKey", {"description": {"a": 1}}, "description: expected a string"),
        (
            "lambda",
            "PutFunctionConcurrency",
            {"functionName": "f", "reservedConcurrentExecutions": "x"},
            "'x' is no integer",
        ),
    ],
)
def test_should_refuse_what_the_operation_does_not_take(
    service: str, operation: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        _translate(service, operation, arguments)


def test_should_let_unknown_values_pass_anywhere() -> None:
    arguments = {"aliasName": f"alias/{UNKNOWN} ", "targetKeyId": UNKNOWN}
    assert _translate("kms", "CreateAlias", arguments) == {"AliasName": f"alias/{UNKNOWN} ", "TargetKeyId": UNKNOWN}
    assert _translate(
        "lambda", "PutFunctionConcurrency", {"functionName": "f", "reservedConcurrentExecutions": UNKNOWN}
    )
