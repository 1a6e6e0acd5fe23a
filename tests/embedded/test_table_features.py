"""What the embedded DynamoDB keeps beside moto: Contributor Insights and limits on demand."""

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud import RunningCloud, unique


def test_contributor_insights_are_on_per_index_until_the_table_goes(cloud: RunningCloud) -> None:
    dynamodb, name = cloud.client("dynamodb"), unique("table")
    keys = [{"AttributeName": "a", "KeyType": "HASH"}]
    index = {"IndexName": "by-b", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}]}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in "ab"],
        GlobalSecondaryIndexes=[{**index, "Projection": {"ProjectionType": "ALL"}}],
    )
    assert dynamodb.describe_contributor_insights(TableName=name)["ContributorInsightsStatus"] == "DISABLED"
    wanted = {"TableName": name, "IndexName": "by-b", "ContributorInsightsMode": "THROTTLED_KEYS"}
    dynamodb.update_contributor_insights(**wanted, ContributorInsightsAction="ENABLE")

    told = dynamodb.describe_contributor_insights(TableName=name, IndexName="by-b")
    assert (told["ContributorInsightsStatus"], told["ContributorInsightsMode"]) == ("ENABLED", "THROTTLED_KEYS")
    assert dynamodb.describe_contributor_insights(TableName=name)["ContributorInsightsStatus"] == "DISABLED"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        dynamodb.update_contributor_insights(**wanted | {"IndexName": "by-c"}, ContributorInsightsAction="ENABLE")
    dynamodb.delete_table(TableName=name)
    assert dynamodb.list_contributor_insights(TableName=name)["ContributorInsightsSummaries"] == []


def test_limits_of_a_table_and_its_index_are_described_until_they_are_lifted(cloud: RunningCloud) -> None:
    dynamodb, name = cloud.client("dynamodb"), unique("table")
    limit = {"MaxWriteRequestUnits": 50}
    index = {"IndexName": "by-b", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}]}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in "ab"],
        GlobalSecondaryIndexes=[{**index, "Projection": {"ProjectionType": "ALL"}, "OnDemandThroughput": limit}],
        OnDemandThroughput=limit,
    )
    told = dynamodb.describe_table(TableName=name)["Table"]
    assert (told["OnDemandThroughput"], told["GlobalSecondaryIndexes"][0]["OnDemandThroughput"]) == (limit, limit)

    update = {"Update": {"IndexName": "by-b", "OnDemandThroughput": {"MaxWriteRequestUnits": -1}}}
    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[update])
    dynamodb.update_table(TableName=name, OnDemandThroughput={"MaxWriteRequestUnits": 20})

    told = dynamodb.describe_table(TableName=name)["Table"]
    assert told["OnDemandThroughput"] == {"MaxWriteRequestUnits": 20}
    assert "OnDemandThroughput" not in told["GlobalSecondaryIndexes"][0]
