"""Two stacks of one account, in two regions of one embedded AWS: nothing is shared, and both work."""

import functools
import http.client
import importlib
import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import cv2
import pytest

from embedded.cloud import cdn
from tests.support import clips
from tests.support.product import ROOT, Outcome, Product

pytestmark = pytest.mark.xdist_group("two-regions")

REGIONS = {"dev": "eu-central-1", "dev-west": "us-west-2"}
EDGE = "us-east-1"
SHOP = "https://shop.example.com"
_HEADER = "id\ttitle\tdescription\tlink\timage_link\tprice\tavailability\n"
_ROW = "sku-{0}\tThing {0}\tA thing\thttps://shop.example/{0}\tpack-{0}.png\t9.99 EUR\tin stock\n"


@dataclass(frozen=True)
class Stacks:
    """Both, deployed by the same program under the same settings."""

    product: Product

    def run(self, command: str, stack: str) -> Outcome:
        region = REGIONS[stack]
        settings = {
            "aws:region": region,
            "shoppable-video:imageRepository": f"123456789012.dkr.ecr.{region}.amazonaws.com/shoppable-video",
            "shoppable-video:playerDirectory": str(self.product.home.parent / "player"),
            "shoppable-video:shopOrigins": json.dumps([SHOP]),
            "shoppable-video:firewall": "true",
        }
        given = [part for key, value in settings.items() for part in ("--config", f"{key}={value}")]
        return self.product.run(
            "embedded", command, "--stack", stack, "--config-file", str(ROOT / "Pulumi.dev.yaml"), *given
        )

    def resources(self, stack: str) -> list[dict[str, Any]]:
        listed = self.product.run("embedded", "resources", "--stack", stack, "--json")
        assert listed.code == 0, listed.err
        return [one for one in json.loads(listed.out) if one["type"].startswith("aws:")]

    def file(self, stack: str) -> dict[str, Any]:
        return json.loads((self.product.home / "shop" / f"{stack}.json").read_text())

    def client(self, service: str, region: str) -> Any:
        aws = self.file("dev")["aws"]
        return boto3.client(
            service,
            endpoint_url=aws["endpoint_url"],
            region_name=region,
            aws_access_key_id=aws["aws_access_key_id"],
            aws_secret_access_key=aws["aws_secret_access_key"],
        )


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    folder = tmp_path_factory.mktemp("regions")
    (folder / "player").mkdir()
    (folder / "player" / "index.html").write_text("<!doctype html>")
    stacks = Stacks(Product(folder / "home"))
    try:
        for stack in REGIONS:
            up = stacks.run("up", stack)
            assert up.code == 0, up.out + up.err
        yield stacks
    finally:
        stacks.product.run("embedded", "down", "--force")


def _names(resources: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What each kind of resource is known by, ARNs where there are any."""
    names: dict[str, set[str]] = defaultdict(set)
    for one in resources:
        names[one["type"]].add(str(one["outputs"].get("arn") or one["id"]))
        for key in ("name", "bucket", "dashboardName", "policyName"):
            if isinstance(one["inputs"].get(key), str):
                names[f"{one['type']} {key}"].add(one["inputs"][key])
    return names


def test_the_two_share_no_name_id_or_arn(stacks: Stacks) -> None:
    one, other = (_names(stacks.resources(stack)) for stack in REGIONS)
    assert set(one) == set(other)
    shared = {kind: found for kind in one if (found := one[kind] & other[kind])}
    # An alias is called `live` in each function and in each state machine.
    of_an_owner = {"aws:lambda/alias:Alias name", "aws:sfn/alias:Alias name"}
    assert {kind: found for kind, found in shared.items() if kind not in of_an_owner} == {}
    assert sum(len(found) for found in one.values()) > 300


def test_each_stands_in_its_region_and_at_the_edge(stacks: Stacks) -> None:
    for stack, region in REGIONS.items():
        found: dict[str, set[str]] = defaultdict(set)
        for one in stacks.resources(stack):
            arn = str(one["outputs"].get("arn", ""))
            if arn.startswith("arn:"):
                found[arn.split(":")[3]].add(one["type"])
        assert set(found) == {region, EDGE, ""}
        assert found[""] <= {
            "aws:cloudfront/cachePolicy:CachePolicy",
            "aws:cloudfront/distribution:Distribution",
            "aws:cloudfront/originAccessControl:OriginAccessControl",
            "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
            "aws:budgets/budget:Budget",
            "aws:iam/role:Role",
            "aws:s3/bucket:Bucket",
            "aws:s3/bucketObjectv2:BucketObjectv2",
        }
        assert found[EDGE] == {
            "aws:cloudwatch/logDelivery:LogDelivery",
            "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
            "aws:cloudwatch/logDeliverySource:LogDeliverySource",
            "aws:cloudwatch/logGroup:LogGroup",
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "aws:kms/alias:Alias",
            "aws:kms/key:Key",
            "aws:sns/topic:Topic",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:wafv2/webAcl:WebAcl",
        }


def test_amazon_holds_what_both_have_made(stacks: Stacks) -> None:
    for stack, region in REGIONS.items():
        resources = stacks.resources(stack)
        tables = {one["id"] for one in resources if one["type"] == "aws:dynamodb/table:Table"}
        assert set(stacks.client("dynamodb", region).list_tables()["TableNames"]) == tables
        (acl,) = [one for one in resources if one["type"] == "aws:wafv2/webAcl:WebAcl"]
        (distribution,) = [one for one in resources if one["type"] == "aws:cloudfront/distribution:Distribution"]
        config = stacks.client("cloudfront", EDGE).get_distribution_config(Id=distribution["id"])["DistributionConfig"]
        assert config["WebACLId"] == acl["outputs"]["arn"]
        logged = stacks.client("wafv2", EDGE).get_logging_configuration(ResourceArn=acl["outputs"]["arn"])
        (group,) = logged["LoggingConfiguration"]["LogDestinationConfigs"]
        assert f":log-group:aws-waf-logs-shoppable-video-{stack}-" in group
        sources = stacks.client("logs", EDGE).describe_delivery_sources()["deliverySources"]
        assert [distribution["outputs"]["arn"]] in [source["resourceArns"] for source in sources]


@functools.cache
def _takes_tags(token: str) -> bool:
    """Whether the provider's own package says so."""
    service, _, name = token.removeprefix("aws:").partition("/")
    module = importlib.import_module(f"pulumi_aws.{'lambda_' if service == 'lambda' else service}")
    kind = getattr(module, name.rpartition(":")[2])
    return "tags" in inspect.signature(kind._internal_init).parameters


def test_everything_that_can_be_tagged_is_tagged_and_the_commit_is_no_tag(stacks: Stacks) -> None:
    resources = stacks.resources("dev")
    taggable = [one for one in resources if _takes_tags(one["type"])]
    assert len({one["type"] for one in taggable}) > 15
    tags = {
        "project": "shoppable-video",
        "environment": "dev",
        "owner": "shoppable-video",
        "cost-centre": "development",
    }
    assert [one["urn"] for one in taggable if one["outputs"].get("tagsAll") != tags] == []
    assert stacks.file("dev")["outputs"]["commit"]


def test_amazon_shows_the_tags(stacks: Stacks) -> None:
    for region in (REGIONS["dev"], EDGE):
        pages = (
            stacks.client("resourcegroupstaggingapi", region)
            .get_paginator("get_resources")
            .paginate(
                TagFilters=[
                    {"Key": "environment", "Values": ["dev"]},
                    {"Key": "cost-centre", "Values": ["development"]},
                ]
            )
        )
        shown = {found["ResourceARN"].split(":")[2] for page in pages for found in page["ResourceTagMappingList"]}
        wanted = {EDGE: {"kms", "sns", "logs"}}.get(region, {"dynamodb", "kms", "lambda", "logs", "s3", "sns", "sqs"})
        assert wanted <= shown


@pytest.fixture(scope="module")
def imported(stacks: Stacks, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A catalogue in the stack that is not in the embedded AWS's first region: queue, functions, state machine, map."""
    folder = tmp_path_factory.mktemp("feed")
    (folder / "feed.tsv").write_text(_HEADER + _ROW.format(0) + _ROW.format(1))
    for number in range(2):
        cv2.imwrite(str(folder / f"pack-{number}.png"), clips.wall(number, (320, 480)))
    report = folder / "import.json"
    assert stacks.product.stack["stack"] == "dev-west"
    done = stacks.product.shop(
        "import",
        str(folder / "feed.tsv"),
        "--images",
        str(folder),
        "--shop",
        "west",
        "--json",
        str(report),
        timeout=120,
    )
    assert done.code == 0, done.out + done.err
    return json.loads(report.read_text())


def test_a_feed_goes_live_in_the_second_region(stacks: Stacks, imported: dict[str, Any]) -> None:
    assert (imported["state"], imported["products"]) == ("live", 2)
    for stack, region in REGIONS.items():
        states = stacks.client("stepfunctions", region)
        machines = [machine["stateMachineArn"] for machine in states.list_state_machines()["stateMachines"]]
        assert machines
        assert all(f":stateMachine:shoppable-video-{stack}-" in arn for arn in machines)
        started = [one for arn in machines for one in states.list_executions(stateMachineArn=arn)["executions"]]
        assert [one["status"] for one in started] == (["SUCCEEDED"] if stack == "dev-west" else [])


@pytest.fixture
def edge(stacks: Stacks) -> Iterator[http.client.HTTPConnection]:
    server = cdn.serve(stacks.product.home / "shop" / "dev-west.json")
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    yield connection
    connection.close()
    server.stop()


def _ask(edge: http.client.HTTPConnection, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    edge.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = edge.getresponse()
    answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def _offer(stacks: Stacks) -> str:
    return "/" + stacks.product.keys("delivery_bucket", "offers/west/")[0]


def test_a_page_of_the_shop_may_read_offers_after_asking(
    stacks: Stacks, imported: dict[str, Any], edge: http.client.HTTPConnection
) -> None:
    assert imported["state"] == "live"
    asked = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "if-none-match"}
    status, headers = _ask(edge, "OPTIONS", _offer(stacks), Origin=SHOP, **asked)
    assert status == 200
    assert headers["access-control-allow-origin"] == SHOP
    assert "if-none-match" in headers["access-control-allow-headers"].lower()
    status, headers = _ask(edge, "GET", _offer(stacks), Origin=SHOP)
    assert (status, headers["access-control-allow-origin"]) == (200, SHOP)


def test_a_page_of_anyone_else_may_not(
    stacks: Stacks, imported: dict[str, Any], edge: http.client.HTTPConnection
) -> None:
    assert imported["state"] == "live"
    other = "https://elsewhere.example"
    assert _ask(edge, "OPTIONS", _offer(stacks), Origin=other, Access_Control_Request_Method="GET")[0] == 403
    assert _ask(edge, "OPTIONS", _offer(stacks), Origin=SHOP, Access_Control_Request_Method="PUT")[0] == 403
    status, headers = _ask(edge, "GET", _offer(stacks), Origin=other)
    assert status == 200
    assert "access-control-allow-origin" not in headers
    assert _ask(edge, "OPTIONS", "/index.html", Origin=SHOP, Access_Control_Request_Method="GET")[0] == 403


def test_every_answer_has_the_headers_that_keep_browsers_safe(edge: http.client.HTTPConnection) -> None:
    _, headers = _ask(edge, "GET", "/")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    policy = headers["content-security-policy"]
    assert f"frame-ancestors 'self' {SHOP}" in policy
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy


@pytest.mark.parametrize("stack", REGIONS)
def test_deploying_either_again_changes_nothing(stacks: Stacks, stack: str, imported: dict[str, Any]) -> None:
    assert imported["state"] == "live"
    again = stacks.run("preview", stack)
    assert again.code == 0, again.err
    changes = [
        line for line in again.out.splitlines() if line.startswith(("create ", "update ", "replace ", "delete "))
    ]
    assert changes == []
