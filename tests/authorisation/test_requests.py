"""From raw requests to what must be allowed: implied permissions, encryption contexts, batches, passed roles."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from embedded.authorisation.calls import Call, UnreadableError, read_call
from embedded.authorisation.keys import key_of
from embedded.authorisation.requests import TABLES, UnmappedError, needs_of
from embedded.authorisation.requests.compute import execution_needs, machine_of
from embedded.authorisation.requests.facts import Encryption
from embedded.cloud.messages import Request
from tests.authorisation.requests_support import ACCOUNT, KEY, REGION, Table, call, needs, pairs, raw

BUCKET, OBJECT = "arn:aws:s3:::films", "arn:aws:s3:::films/videos/a+b %2B.mp4"
KEY_NAME = "videos/a+b %2B.mp4"
FILM = {"Bucket": "films", "Key": KEY_NAME}
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/videos"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:intake"
URL = f"http://127.0.0.1:1/{ACCOUNT}/intake"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:film"
BUCKET_KEY = Table(bucket=Encryption(KEY, bucket_key=True))
OBJECT_KEY = Table(bucket=Encryption(KEY))


def context(found: list[Any], action: str) -> dict[str, tuple[str, ...]]:
    return dict(next(need for need in found if need.action == action).keys)


class TestS3:
    def test_a_read_needs_the_object_and_its_key(self) -> None:
        assert pairs("s3", "GetObject", BUCKET_KEY, **FILM) == [("s3:GetObject", OBJECT), ("kms:Decrypt", KEY)]

    def test_a_version_is_an_action_of_its_own(self) -> None:
        found = needs("s3", "GetObject", VersionId="v1", **FILM)
        assert [need.action for need in found] == ["s3:GetObjectVersion"]
        assert context(found, "s3:GetObjectVersion") == {"s3:versionid": ("v1",)}

    def test_a_head_is_a_get_that_decrypts_nothing(self) -> None:
        assert pairs("s3", "HeadObject", BUCKET_KEY, **FILM) == [("s3:GetObject", OBJECT)]
        assert ("kms:Decrypt", KEY) in pairs("s3", "HeadObject", BUCKET_KEY, ChecksumMode="ENABLED", **FILM)

    def test_what_is_not_there_is_told_only_to_whom_may_list(self) -> None:
        assert pairs("s3", "GetObject", Table(missing=True), **FILM) == [
            ("s3:GetObject", OBJECT),
            ("s3:ListBucket", BUCKET),
        ]

    def test_a_bucket_key_has_the_buckets_context_and_an_object_key_the_objects(self) -> None:
        name = "kms:encryptioncontext:aws:s3:arn"
        assert context(needs("s3", "GetObject", BUCKET_KEY, **FILM), "kms:Decrypt")[name] == (BUCKET,)
        assert context(needs("s3", "GetObject", OBJECT_KEY, **FILM), "kms:Decrypt")[name] == (OBJECT,)

    def test_a_key_is_used_through_s3_in_its_region(self) -> None:
        found = needs("s3", "PutObject", BUCKET_KEY, Body=b"1", **FILM)
        assert [(need.action, need.via) for need in found] == [("s3:PutObject", ""), ("kms:GenerateDataKey", "s3")]
        assert context(found, "kms:GenerateDataKey")["kms:viaservice"] == (f"s3.{REGION}.amazonaws.com",)

    def test_a_put_may_choose_its_own_key_or_none(self) -> None:
        other = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"
        chosen = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": other, "Body": b"1"}
        assert pairs("s3", "PutObject", BUCKET_KEY, **chosen, **FILM)[1:] == [("kms:GenerateDataKey", other)]
        plain = pairs("s3", "PutObject", BUCKET_KEY, ServerSideEncryption="AES256", Body=b"1", **FILM)
        assert plain == [("s3:PutObject", OBJECT)]

    def test_tags_and_acls_of_a_put_are_actions_of_their_own(self) -> None:
        found = pairs("s3", "PutObject", Table(), Body=b"1", Tagging="a=b", ACL="public-read", **FILM)
        assert [action for action, _ in found] == ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"]

    @pytest.mark.parametrize(
        ("operation", "more", "expected"),
        [
            ("CreateMultipartUpload", {}, ["s3:PutObject", "kms:GenerateDataKey"]),
            (
                "UploadPart",
                {"UploadId": "u", "PartNumber": 1, "Body": b"1"},
                ["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"],
            ),
            ("CompleteMultipartUpload", {"UploadId": "u"}, ["s3:PutObject", "kms:Decrypt"]),
            ("AbortMultipartUpload", {"UploadId": "u"}, ["s3:AbortMultipartUpload"]),
            ("ListParts", {"UploadId": "u"}, ["s3:ListMultipartUploadParts"]),
        ],
    )
    def test_an_upload_in_parts_reads_them_back(
        self, operation: str, more: dict[str, Any], expected: list[str]
    ) -> None:
        assert [action for action, _ in pairs("s3", operation, BUCKET_KEY, **more, **FILM)] == expected

    def test_a_copy_reads_its_source_and_writes_its_target(self) -> None:
        source = {"Bucket": "other", "Key": KEY_NAME}
        assert pairs("s3", "CopyObject", BUCKET_KEY, CopySource=source, **FILM) == [
            ("s3:GetObject", f"arn:aws:s3:::other/{KEY_NAME}"),
            ("kms:Decrypt", KEY),
            ("s3:PutObject", OBJECT),
            ("kms:GenerateDataKey", KEY),
        ]

    def test_a_deletion_of_several_names_each(self) -> None:
        named = {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "v"}]}
        assert pairs("s3", "DeleteObjects", Bucket="films", Delete=named) == [
            ("s3:DeleteObject", "arn:aws:s3:::films/a"),
            ("s3:DeleteObjectVersion", "arn:aws:s3:::films/b"),
        ]

    def test_a_listing_tells_its_prefix(self) -> None:
        (need,) = needs("s3", "ListObjectsV2", Bucket="films", Prefix="videos/", MaxKeys=5)
        assert (need.action, need.resource) == ("s3:ListBucket", BUCKET)
        assert need.keys == {"s3:prefix": ("videos/",), "s3:max-keys": ("5",)}

    def test_a_presigned_address_is_the_same_call(self) -> None:
        client: Any = botocore.session.get_session().create_client(
            "s3", region_name=REGION, aws_access_key_id="AKIA", aws_secret_access_key="s"
        )
        url = client.generate_presigned_url("get_object", Params={**FILM, "VersionId": "v"})
        path, _, query = url.partition("amazonaws.com")[2].partition("?")
        path = path if path.startswith("/films") else f"/films{path}"
        made = read_call(Request("GET", path, query, {}, service="s3", region=REGION))
        assert (made.operation, made.text("Key"), made.presigned) == ("GetObject", KEY_NAME, True)
        assert [need.action for need in needs_of(made, Table())] == ["s3:GetObjectVersion"]

    def test_a_browsers_form_is_no_known_operation(self) -> None:
        with pytest.raises(UnreadableError):
            read_call(Request("POST", "/films", "", {"authorization": "x"}, service="s3", region=REGION))

    @pytest.mark.parametrize(
        ("operation", "params", "action"),
        [
            ("DeleteBucketLifecycle", {}, "s3:PutLifecycleConfiguration"),
            ("DeletePublicAccessBlock", {}, "s3:PutBucketPublicAccessBlock"),
            ("GetBucketCors", {}, "s3:GetBucketCORS"),
            ("HeadBucket", {}, "s3:ListBucket"),
            ("GetBucketEncryption", {}, "s3:GetEncryptionConfiguration"),
            ("ListBucketIntelligentTieringConfigurations", {}, "s3:GetIntelligentTieringConfiguration"),
        ],
    )
    def test_a_buckets_settings_have_actions_of_other_names(
        self, operation: str, params: dict[str, Any], action: str
    ) -> None:
        assert pairs("s3", operation, Bucket="films", **params) == [(action, BUCKET)]


ITEM = {"id": {"S": "v-1"}, "record": {"S": "status"}}


class TestDynamoDb:
    FACTS = Table(keys={TABLE: KEY})

    def test_an_item_needs_its_table_and_the_tables_key(self) -> None:
        found = needs("dynamodb", "GetItem", self.FACTS, TableName="videos", Key=ITEM)
        assert [(need.action, need.resource) for need in found] == [("dynamodb:GetItem", TABLE), ("kms:Decrypt", KEY)]
        assert context(found, "dynamodb:GetItem") == {"dynamodb:leadingkeys": ("v-1",)}
        keys = context(found, "kms:Decrypt")
        assert keys["kms:encryptioncontext:aws:dynamodb:tablename"] == ("videos",)
        assert keys["kms:encryptioncontext:aws:dynamodb:subscriberid"] == (ACCOUNT,)
        assert keys["kms:viaservice"] == (f"dynamodb.{REGION}.amazonaws.com",)

    def test_an_index_is_a_resource_of_its_own(self) -> None:
        asked = {"KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "1"}}}
        found = pairs("dynamodb", "Query", TableName="videos", IndexName="by-shop", **asked)
        assert found == [("dynamodb:Query", f"{TABLE}/index/by-shop")]

    def test_a_transaction_needs_what_its_items_need(self) -> None:
        items = [
            {"Put": {"TableName": "videos", "Item": ITEM}},
            {"ConditionCheck": {"TableName": "videos", "Key": ITEM, "ConditionExpression": "a = b"}},
            {"Delete": {"TableName": "other", "Key": ITEM}},
        ]
        assert pairs("dynamodb", "TransactWriteItems", self.FACTS, TransactItems=items) == [
            ("dynamodb:PutItem", TABLE),
            ("dynamodb:ConditionCheckItem", TABLE),
            ("dynamodb:DeleteItem", TABLE.replace("videos", "other")),
            ("kms:Decrypt", KEY),
        ]

    def test_a_batch_has_an_action_of_its_own_on_each_table(self) -> None:
        asked = {"videos": [{"PutRequest": {"Item": ITEM}}]}
        assert pairs("dynamodb", "BatchWriteItem", RequestItems=asked) == [("dynamodb:BatchWriteItem", TABLE)]


class TestMessages:
    FACTS = Table(keys={QUEUE: KEY})

    def test_sending_makes_a_data_key_and_receiving_opens_it(self) -> None:
        sent = needs("sqs", "SendMessage", self.FACTS, QueueUrl=URL, MessageBody="m")
        assert [need.action for need in sent] == ["sqs:SendMessage", "kms:GenerateDataKey", "kms:Decrypt"]
        assert context(sent, "kms:Decrypt")["kms:encryptioncontext:aws:sqs:arn"] == (QUEUE,)
        received = pairs("sqs", "ReceiveMessage", self.FACTS, QueueUrl=URL)
        assert received == [("sqs:ReceiveMessage", QUEUE), ("kms:Decrypt", KEY)]

    def test_a_batch_is_checked_as_its_single_operation(self) -> None:
        entries = [{"Id": "1", "ReceiptHandle": "r"}]
        assert pairs("sqs", "DeleteMessageBatch", QueueUrl=URL, Entries=entries) == [("sqs:DeleteMessage", QUEUE)]

    def test_every_entry_tells_its_bus_source_and_type(self) -> None:
        entries = [
            {"EventBusName": "films", "Source": "shop", "DetailType": "A", "Detail": "{}"},
            {"Source": "other", "DetailType": "B", "Detail": "{}"},
        ]
        found = needs("events", "PutEvents", Entries=entries)
        assert [need.resource.rpartition("/")[2] for need in found] == ["films", "default"]
        assert found[0].keys == {"events:source": ("shop",), "events:detail-type": ("A",)}

    def test_a_targets_role_is_passed_to_eventbridge(self) -> None:
        role = f"arn:aws:iam::{ACCOUNT}:role/to-machine"
        found = needs("events", "PutTargets", Rule="r", Targets=[{"Id": "1", "Arn": MACHINE, "RoleArn": role}])
        assert (found[1].action, found[1].resource) == ("iam:PassRole", role)
        assert found[1].keys == {"iam:passedtoservice": ("events.amazonaws.com",)}


class TestCompute:
    @pytest.mark.parametrize(
        ("given", "resource"),
        [
            ({"FunctionName": "f"}, "f"),
            ({"FunctionName": "f", "Qualifier": "live"}, "f:live"),
            ({"FunctionName": "f:live"}, "f:live"),
            ({"FunctionName": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f:3"}, "f:3"),
            ({"FunctionName": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}, "f"),
            ({"FunctionName": f"{ACCOUNT}:function:f"}, "f"),
        ],
    )
    def test_an_invocation_names_the_function_as_it_is_qualified(self, given: dict[str, str], resource: str) -> None:
        assert pairs("lambda", "Invoke", **given) == [
            ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{resource}")
        ]

    def test_a_machine_is_asked_for_without_its_qualifier(self) -> None:
        (need,) = needs("stepfunctions", "StartExecution", stateMachineArn=f"{MACHINE}:live")
        assert (need.action, need.resource) == ("states:StartExecution", MACHINE)
        assert need.keys == {"states:statemachinequalifier": ("live",)}

    def test_reading_an_execution_opens_it_with_the_machines_key(self) -> None:
        execution = MACHINE.replace("stateMachine", "execution") + ":one"
        found = needs("stepfunctions", "DescribeExecution", Table(keys={MACHINE: KEY}), executionArn=execution)
        assert [need.action for need in found] == ["states:DescribeExecution", "kms:Decrypt"]
        assert context(found, "kms:Decrypt")["kms:encryptioncontext:aws:states:statemachinearn"] == (MACHINE,)

    def test_an_executions_data_is_kept_under_the_role_and_through_no_service(self) -> None:
        found = execution_needs(MACHINE, ACCOUNT, Table(keys={MACHINE: KEY}))
        assert [need.action for need in found] == ["kms:GenerateDataKey", "kms:Decrypt"]
        assert all("kms:viaservice" not in need.keys for need in found)

    def test_a_child_of_a_map_run_belongs_to_its_machine(self) -> None:
        assert machine_of(f"arn:aws:states:{REGION}:{ACCOUNT}:execution:film/Segments:one") == MACHINE

    def test_a_job_passes_its_role_and_tags_itself(self) -> None:
        role = f"arn:aws:iam::{ACCOUNT}:role/transcode"
        found = needs("mediaconvert", "CreateJob", Role=role, Settings={}, Tags={"a": "b"})
        prefix = f"arn:aws:mediaconvert:{REGION}:{ACCOUNT}"
        assert [(need.action, need.resource) for need in found] == [
            ("mediaconvert:CreateJob", f"{prefix}:queues/Default"),
            ("iam:PassRole", role),
            ("mediaconvert:TagResource", f"{prefix}:jobs/*"),
        ]

    def test_log_lines_go_to_a_stream(self) -> None:
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/g"
        lines = [{"timestamp": 1, "message": "m"}]
        assert pairs("logs", "PutLogEvents", logGroupName="/g", logStreamName="s", logEvents=lines) == [
            ("logs:PutLogEvents", f"{group}:log-stream:s")
        ]
        assert pairs("logs", "CreateLogStream", logGroupName="/g", logStreamName="s") == [
            ("logs:CreateLogStream", f"{group}:*")
        ]


def test_refuses_what_no_row_maps() -> None:
    with pytest.raises(UnmappedError, match="unmapped: s3:SelectObjectContent"):
        needs_of(Call("s3", "SelectObjectContent", {}, REGION, ACCOUNT), Table())
    with pytest.raises(UnmappedError, match="unmapped: devicefarm:ListProjects"):
        needs_of(call("devicefarm", "ListProjects"), Table())


def test_needs_nothing_to_say_who_one_is() -> None:
    assert needs("sts", "GetCallerIdentity") == []


def test_names_only_operations_that_exist_and_pages_of_aws() -> None:
    session: Any = botocore.session.get_session()
    for service, table in TABLES.items():
        assert set(table) <= set(session.get_service_model(service).operation_names), service
        for operation, row in table.items():
            assert row.source.startswith("https://docs.aws.amazon.com/"), (service, operation)
            assert row.action or row.implied, (service, operation)


def test_fills_in_only_keys_that_are_served() -> None:
    found = [
        *needs("s3", "PutObject", BUCKET_KEY, Body=b"1", ACL="private", **FILM),
        *needs("s3", "ListObjectsV2", Bucket="films", Prefix="p", Delimiter="/", MaxKeys=1),
        *needs("dynamodb", "GetItem", TestDynamoDb.FACTS, TableName="videos", Key=ITEM),
        *needs("events", "PutEvents", Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}]),
        *needs("stepfunctions", "StartExecution", stateMachineArn=f"{MACHINE}:live"),
        *needs("cloudwatch", "PutMetricData", Namespace="n", MetricData=[{"MetricName": "m"}]),
    ]
    for need in found:
        for key, values in need.keys.items():
            assert key_of(key).served, key
            assert key_of(key).several or len(values) == 1, key


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}),
        ("sns", "Publish", {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Message": "m"}),
        (
            "cloudwatch",
            "PutMetricAlarm",
            {"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1},
        ),
        ("cloudfront", "GetDistribution", {"Id": "E1"}),
        ("apigatewayv2", "GetApi", {"ApiId": "a"}),
    ],
)
def test_reads_every_protocol(service: str, operation: str, params: dict[str, Any]) -> None:
    made = call(service, operation, **params)
    name, value = next(iter(params.items()))
    assert made.text(name) == value


def test_leaves_the_body_as_it_was() -> None:
    request = raw("s3", "PutObject", Body=b"content", Bucket="b", Key="k")
    read_call(request)
    assert request.body.read() == b"content"
