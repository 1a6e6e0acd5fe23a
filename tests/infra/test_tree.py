"""How resources hang together: under components, with one provider, named so that they can be replaced."""

import re

import pytest

from tests.support.recorder import STACKS, Recording, record_stack

_NAMED_ON_PURPOSE = {
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": "called as its source",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "a name is required, and replaces it with its distribution",
    "aws:kms/alias:Alias": "an alias is its name",
    "aws:lambda/alias:Alias": "an alias is its name",
    "aws:sfn/alias:Alias": "an alias is its name",
    "aws:sfn/stateMachine:StateMachine": "its role must name it before it exists; the type is in the hash",
}
_PHYSICAL_LIMIT = 64
"""Of a role's and of a function's name, the shortest of those that auto-naming makes."""


def test_every_resource_is_the_child_of_a_component_of_ours(recording: Recording) -> None:
    components = {one.urn for one in recording.resources if one.type.startswith("shoppable:")}
    for resource in recording.resources:
        if resource.type.startswith(("aws:", "docker-build:")):
            assert resource.parent in components, f"{resource.type} {resource.name}"


def test_only_parts_stand_at_the_top(recording: Recording) -> None:
    top = {one.type for one in recording.resources if one.parent.split("::")[2] == "pulumi:pulumi:Stack"}
    assert {one for one in top if not one.startswith(("shoppable:parts:", "pulumi:providers:"))} == set()


_AT_THE_EDGE = {
    ("shoppable:security:Key", "edge"),
    ("shoppable:operations:AlarmTopic", "edge-alarms"),
    ("shoppable:operations:Alarm", "storefront-errors"),
    ("shoppable:delivery:Firewall", "storefront"),
    ("shoppable:delivery:LogDelivery", "storefront"),
}
"""CloudFront has its metrics, logs and firewall in us-east-1 alone, and with them goes what they need there."""


def test_every_resource_of_aws_uses_the_provider_of_its_region(stack: str, recording: Recording) -> None:
    home, edge = (recording.one("providers:aws", name) for name in ("aws", "edge"))
    assert edge.inputs["region"] == "us-east-1"
    components = {one.urn: (one.type, one.name) for one in recording.resources if one.type.startswith("shoppable:")}
    seen: set[tuple[str, str]] = set()
    for resource in recording.resources:
        if resource.type.startswith("aws:"):
            seen.add(components[resource.parent])
            provider = edge if components[resource.parent] in _AT_THE_EDGE else home
            assert resource.provider.startswith(f"{provider.urn}::"), f"{resource.type} {resource.name}"
    assert _AT_THE_EDGE - seen == ({("shoppable:delivery:Firewall", "storefront")} if stack == "dev" else set())


def test_both_providers_tag_everything_and_touch_one_account_only(stack: str, recording: Recording) -> None:
    providers = recording.of("providers:aws")
    assert {provider.name for provider in providers} == {"aws", "edge"}
    for provider in providers:
        tags = provider.document("defaultTags")
        assert set(tags["tags"]) == {"project", "environment", "owner", "cost-centre"}
        assert tags["tags"]["environment"] == stack
        assert "123456789012" in provider.inputs["allowedAccountIds"]


def test_stateful_resources_are_named_by_pulumi(recording: Recording) -> None:
    for resource in recording.resources:
        if resource.type.startswith("aws:") and resource.type not in _NAMED_ON_PURPOSE:
            explicit = {"name", "bucketPrefix"} | ({"bucket"} if resource.type == "aws:s3/bucket:Bucket" else set())
            assert not explicit & set(resource.inputs), f"{resource.type} {resource.name}"


def test_names_made_from_project_stack_and_name_fit_everywhere(recording: Recording) -> None:
    for resource in recording.of("iam/role:Role", "lambda/function:Function", "s3/bucket:Bucket", "sqs/queue:Queue"):
        made = f"shoppable-video-staging-{resource.name}-0123456"
        assert len(made) <= min(_PHYSICAL_LIMIT, 63), made
        assert re.fullmatch(r"[a-z0-9-]+", made)


@pytest.mark.parametrize("type_", ["s3/bucket:Bucket", "dynamodb/table:Table", "kms/key:Key"])
def test_what_holds_data_is_protected_where_the_settings_say_so(stack: str, recording: Recording, type_: str) -> None:
    for resource in recording.of(type_):
        assert resource.protect is (stack != "dev"), resource.name


def test_only_a_bucket_without_protection_may_be_emptied(stack: str, recording: Recording) -> None:
    for bucket in recording.of("s3/bucket:Bucket"):
        assert bucket.inputs["forceDestroy"] is (stack == "dev")


def test_the_outputs_are_what_the_operators_command_line_reads(recording: Recording) -> None:
    assert set(recording.outputs) == {
        "region",
        "catalogue_bucket",
        "video_bucket",
        "analysis_bucket",
        "delivery_bucket",
        "imports_table",
        "products_table",
        "videos_table",
        "catalogue_state_machine_arn",
        "video_state_machine_arn",
        "unpublish_function",
        "distribution_domain",
        "distribution_id",
        "event_bus_name",
        "commit",
        "code_digest",
        "image_api",
        "image_vision",
    }
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", recording.outputs["commit"])


def test_no_stack_asks_aws_for_more_than_account_and_partition() -> None:
    for stack in STACKS:
        assert sorted(record_stack(stack).invokes) == [
            "aws:index/getCallerIdentity:getCallerIdentity",
            "aws:index/getPartition:getPartition",
        ]
