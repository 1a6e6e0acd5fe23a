"""Versions and aliases of functions: a version stays what it was, and what follows an alias follows it everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud import ACCOUNT, REGION, RunningCloud, unique


def published(cloud: RunningCloud, name: str, **changes: Any) -> str:
    """The number of a new version, of the function with these changes."""
    client = cloud.client("lambda")
    if changes:
        client.update_function_configuration(FunctionName=name, **changes)
    return str(client.publish_version(FunctionName=name)["Version"])


def coloured(colour: str) -> dict[str, Any]:
    return {"Environment": {"Variables": {"COLOUR": colour}}}


def live(cloud: RunningCloud, name: str, version: str) -> str:
    """Point the alias at a version, which makes it the first time; its ARN."""
    client = cloud.client("lambda")
    where = {"FunctionName": name, "Name": "live", "FunctionVersion": version}
    known = client.list_aliases(FunctionName=name)["Aliases"]
    return str((client.update_alias if known else client.create_alias)(**where)["AliasArn"])


def colour(cloud: RunningCloud, function: str, **options: Any) -> tuple[str, str]:
    """What the function knows of itself, and the version that ran."""
    answer = cloud.client("lambda").invoke(FunctionName=function, **options)
    found = json.loads(answer["Payload"].read())["variables"]
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == answer["ExecutedVersion"]
    return found["COLOUR"], answer["ExecutedVersion"]


def test_a_version_keeps_what_it_was_published_with(cloud: RunningCloud) -> None:
    name = cloud.function("environment", **coloured("red"))
    first, second = published(cloud, name), published(cloud, name, **coloured("blue"))
    cloud.client("lambda").update_function_configuration(FunctionName=name, **coloured("green"))
    assert (first, second) == ("1", "2")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    assert [colour(cloud, f"{arn}:{version}") for version in (first, second, "$LATEST")] == [
        ("red", "1"),
        ("blue", "2"),
        ("green", "$LATEST"),
    ]
    assert colour(cloud, name, Qualifier="1") == ("red", "1")


def test_a_version_keeps_its_image(cloud: RunningCloud) -> None:
    name, client = cloud.function("echo"), cloud.client("lambda")
    published(cloud, name)
    image = client.get_function(FunctionName=name)["Code"]["ImageUri"]
    client.update_function_code(FunctionName=name, ImageUri=image.replace("a" * 64, "b" * 64))
    published(cloud, name)
    images = [client.get_function(FunctionName=name, Qualifier=one)["Code"]["ImageUri"] for one in ("1", "2")]
    assert images == [image, image.replace("a" * 64, "b" * 64)]


def test_nothing_new_is_no_new_version(cloud: RunningCloud) -> None:
    name = cloud.function("echo")
    assert published(cloud, name) == "1"
    cloud.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert published(cloud, name) == "1"


def test_the_alias_runs_the_version_that_it_points_at(cloud: RunningCloud) -> None:
    name = cloud.function("environment", **coloured("red"))
    first, second = published(cloud, name), published(cloud, name, **coloured("blue"))
    arn = live(cloud, name, second)
    assert arn == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:live"
    assert colour(cloud, arn) == ("blue", "2")
    live(cloud, name, first)
    assert colour(cloud, arn) == ("red", "1")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*:absent"):
        colour(cloud, name, Qualifier="absent")


def test_reserved_concurrency_is_that_of_all_versions(cloud: RunningCloud) -> None:
    name = cloud.function("environment", **coloured("red"))
    arn = live(cloud, name, published(cloud, name))
    cloud.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        colour(cloud, arn)


def test_an_event_source_follows_the_alias_that_it_was_given(cloud: RunningCloud) -> None:
    source, source_arn = cloud.queue()
    urls = [cloud.queue()[0] for _ in range(2)]
    first, second = ({"Environment": {"Variables": {"OUTPUT": url}}} for url in urls)
    name = cloud.function("copies_to_queue", **first)
    arn = live(cloud, name, published(cloud, name))
    client = cloud.client("lambda")
    made = client.create_event_source_mapping(EventSourceArn=source_arn, FunctionName=arn, BatchSize=1)
    assert made["FunctionArn"] == arn
    for url, version in zip(urls, ("1", published(cloud, name, **second)), strict=True):
        live(cloud, name, version)
        cloud.client("sqs").send_message(QueueUrl=source, MessageBody=version)
        message = cloud.receive(url)
        assert message is not None
        assert json.loads(message["Body"])["Records"][0]["body"] == version
    changed = client.update_event_source_mapping(UUID=made["UUID"], FunctionName=f"{arn.removesuffix(':live')}:1")
    assert changed["FunctionArn"].endswith(":1")
    client.delete_event_source_mapping(UUID=made["UUID"])


def test_a_failed_event_goes_where_the_qualifier_sends_it(cloud: RunningCloud) -> None:
    (of_alias, alias_arn), (of_latest, latest_arn) = cloud.queue(), cloud.queue()
    name, client = cloud.function("raises"), cloud.client("lambda")
    arn = live(cloud, name, published(cloud, name))
    for qualifier, queue in (("live", alias_arn), ("$LATEST", latest_arn)):
        put = client.put_function_event_invoke_config(
            FunctionName=name,
            Qualifier=qualifier,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": queue}},
        )
        assert put["FunctionArn"] == f"{arn.removesuffix(':live')}:{qualifier}"
    client.invoke(FunctionName=arn, InvocationType="Event", Payload=b"1")
    client.invoke(FunctionName=name, InvocationType="Event", Payload=b"2")
    for url, payload, function in ((of_alias, 1, arn), (of_latest, 2, f"{arn.removesuffix('live')}$LATEST")):
        message = cloud.receive(url)
        assert message is not None
        record = json.loads(message["Body"])
        assert (record["requestPayload"], record["requestContext"]["functionArn"]) == (payload, function)


def test_a_configuration_of_failures_is_read_changed_and_removed(cloud: RunningCloud) -> None:
    name, client = cloud.function("echo"), cloud.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
    client.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    found = client.get_function_event_invoke_config(FunctionName=name)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)
    assert len(client.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]) == 1
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    assert "MaximumEventAgeInSeconds" not in client.get_function_event_invoke_config(FunctionName=name)
    client.delete_function_event_invoke_config(FunctionName=name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_function_event_invoke_config(FunctionName=name)
    with pytest.raises(ClientError, match="ValidationException"):
        client.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=21_601)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.put_function_event_invoke_config(FunctionName=unique("nobody"), MaximumRetryAttempts=0)


def test_a_permission_is_that_of_its_qualifier(cloud: RunningCloud) -> None:
    name, client = cloud.function("echo"), cloud.client("lambda")
    arn = live(cloud, name, published(cloud, name))
    client.add_permission(
        FunctionName=name,
        Qualifier="live",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )
    (statement,) = json.loads(client.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
    assert statement["Resource"] == arn
    client.remove_permission(FunctionName=name, Qualifier="live", StatementId="events")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_policy(FunctionName=name, Qualifier="live")
