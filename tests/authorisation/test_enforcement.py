"""A running cloud denies as AWS does: requests of roles, and what services do for one another."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.cloud import ACCOUNT, REGION, RunningCloud, from_event_bridge, unique

Statement = dict[str, Any]


def allow(action: Any, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def limited(cloud: RunningCloud, *statements: Statement, service: str = "lambda.amazonaws.com") -> str:
    """A role that may only this."""
    arn, iam = cloud.role(service), cloud.client("iam")
    name = arn.rpartition("/")[2]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=document(*statements))
    else:
        iam.delete_role_policy(RoleName=name, PolicyName="everything")
    return arn


def as_role(cloud: RunningCloud, role: str, service: str) -> Any:
    """A client under a session of the role."""
    held = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=cloud.url,
        region_name=REGION,
        aws_access_key_id=held["AccessKeyId"],
        aws_secret_access_key=held["SecretAccessKey"],
        aws_session_token=held["SessionToken"],
    )


def denial(call: Any, **params: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def session_arn(role: str) -> str:
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/tester"


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "code", "status"),
    [
        ("s3", "list_objects_v2", {"Bucket": "absent"}, "s3:ListBucket", "AccessDenied", 403),
        ("dynamodb", "describe_table", {"TableName": "t"}, "dynamodb:DescribeTable", "AccessDeniedException", 400),
        ("lambda", "invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", "AccessDeniedException", 403),
        ("stepfunctions", "list_state_machines", {}, "states:ListStateMachines", "AccessDeniedException", 400),
        ("sqs", "list_queues", {}, "sqs:ListQueues", "AccessDenied", 403),
        ("sns", "list_topics", {}, "sns:ListTopics", "AuthorizationError", 403),
        ("iam", "list_roles", {}, "iam:ListRoles", "AccessDenied", 403),
        ("kms", "list_keys", {}, "kms:ListKeys", "AccessDeniedException", 400),
        ("cloudwatch", "list_metrics", {}, "cloudwatch:ListMetrics", "AccessDenied", 403),
        ("cloudfront", "list_distributions", {}, "cloudfront:ListDistributions", "AccessDenied", 403),
        ("mediaconvert", "list_queues", {}, "mediaconvert:ListQueues", "AccessDeniedException", 403),
    ],
)
def test_denies_in_each_protocol_as_the_service_words_it(
    cloud: RunningCloud, service: str, operation: str, params: dict[str, Any], action: str, code: str, status: int
) -> None:
    role = limited(cloud)
    found = denial(getattr(as_role(cloud, role, service), operation), **params)
    assert (found[0], found[2]) == (code, status)
    assert found[1].startswith(f"User: {session_arn(role)} is not authorized to perform: {action} on resource: ")
    assert found[1].endswith(f"because no identity-based policy allows the {action} action")


def test_says_nothing_of_what_is_not_there_to_whom_may_not_list(cloud: RunningCloud) -> None:
    bucket = cloud.bucket()
    read = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    blind = as_role(cloud, limited(cloud, read), "s3")
    code, message, status = denial(blind.get_object, Bucket=bucket, Key="absent")
    assert (code, status) == ("AccessDenied", 403)
    assert "s3:ListBucket" in message
    seeing = as_role(cloud, limited(cloud, read, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")), "s3")
    assert denial(seeing.get_object, Bucket=bucket, Key="absent")[0] == "NoSuchKey"


def test_needs_the_key_of_an_encrypted_bucket_under_its_encryption_context(cloud: RunningCloud) -> None:
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    arn = f"arn:aws:s3:::{bucket}"

    def reader(context: str) -> Any:
        condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": context}}
        use = allow("kms:Decrypt", key, Condition=condition)
        return as_role(cloud, limited(cloud, allow("s3:GetObject", f"{arn}/*"), use), "s3")

    assert reader(arn).get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    code, message, _ = denial(reader(f"{arn}/k").get_object, Bucket=bucket, Key="k")
    assert code == "AccessDenied"
    assert f"kms:Decrypt on resource: {key}" in message


def test_a_deny_of_the_resource_holds_for_the_administrator_too(cloud: RunningCloud) -> None:
    bucket, s3 = cloud.bucket(), cloud.client("s3")
    forbid = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(forbid))
    _, message, _ = denial(s3.put_object, Bucket=bucket, Key="k", Body=b"1")
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_policy_that_cannot_be_judged_denies(cloud: RunningCloud) -> None:
    for condition, word in (
        ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, "aws:sourcevpc, which the embedded AWS does not fill in"),
        ({"StringEquals": {"aws:Moon": "full"}}, "aws:Moon is not known"),
    ):
        role = limited(cloud, allow("*"), {**allow("sqs:*"), "Effect": "Deny", "Condition": condition})
        code, message, _ = denial(as_role(cloud, role, "sqs").list_queues)
        assert code == "AccessDenied"
        assert word in message


def test_a_role_is_passed_only_to_the_service_that_the_caller_may_pass_it_to(cloud: RunningCloud) -> None:
    job = cloud.role("mediaconvert.amazonaws.com")

    def submit(service: str) -> tuple[str, str, int]:
        passing = allow("iam:PassRole", job, Condition={"StringEquals": {"iam:PassedToService": service}})
        client = as_role(cloud, limited(cloud, allow("mediaconvert:*"), passing), "mediaconvert")
        return denial(client.create_job, Role=job, Settings={})

    assert submit("mediaconvert.amazonaws.com")[0] == "BadRequestException"
    code, message, _ = submit("lambda.amazonaws.com")
    assert code == "AccessDeniedException"
    assert f"iam:PassRole on resource: {job}" in message


def test_a_function_runs_with_its_roles_permissions(cloud: RunningCloud) -> None:
    url, _ = cloud.queue()
    role = limited(cloud, allow(["logs:CreateLogStream", "logs:PutLogEvents"]))
    function = cloud.function("copies_to_queue", role=role, Environment={"Variables": {"OUTPUT": url}})
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    assert "is not authorized to perform: sqs:SendMessage" in json.loads(answer["Payload"].read())["errorMessage"]


def test_an_execution_fails_with_what_its_role_may_not_do(cloud: RunningCloud) -> None:
    function = cloud.function("echo")
    states = cloud.client("stepfunctions")
    role = limited(
        cloud, allow("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:other"), service="states.amazonaws.com"
    )
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Call", "States": {"Call": task}})
    machine = states.create_state_machine(name=unique("denied"), definition=definition, roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    found: dict[str, Any] = {"status": "RUNNING"}
    until = time.monotonic() + 30
    while found["status"] == "RUNNING" and time.monotonic() < until:
        found = states.describe_execution(executionArn=execution)
    assert found["status"] == "FAILED"
    assert found["error"] == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in found["cause"]


def test_a_machines_role_is_assumed_only_for_the_machine_that_its_trust_policy_names(cloud: RunningCloud) -> None:
    iam, states = cloud.client("iam"), cloud.client("stepfunctions")
    name = unique("machine")
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
    trusting = {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": arn}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    role = iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=document(trusting))["Role"]["Arn"]
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    states.create_state_machine(name=name, definition=definition, roleArn=role)
    code, _, _ = denial(states.create_state_machine, name=f"{name}-2", definition=definition, roleArn=role)
    assert code == "AccessDeniedException"


def test_eventbridge_sends_only_where_the_queue_names_the_rule(cloud: RunningCloud) -> None:
    events, sqs = cloud.client("events"), cloud.client("sqs")
    name, source = unique("rule"), unique("source")
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))["RuleArn"]
    open_statement = from_event_bridge("sqs:SendMessage")
    named = {**open_statement, "Condition": {"ArnLike": {"aws:SourceArn": rule}}}
    other = {**open_statement, "Condition": {"ArnLike": {"aws:SourceArn": rule + "-2"}}}
    (ours, our_arn), (theirs, their_arn), (dead, dead_arn) = cloud.queue(), cloud.queue(), cloud.queue()
    sqs.set_queue_attributes(QueueUrl=ours, Attributes={"Policy": document(named)})
    sqs.set_queue_attributes(QueueUrl=theirs, Attributes={"Policy": document(other)})
    targets = [
        {"Id": "1", "Arn": our_arn},
        {"Id": "2", "Arn": their_arn, "DeadLetterConfig": {"Arn": dead_arn}},
    ]
    events.put_targets(Rule=name, Targets=targets)
    events.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": "{}"}])
    assert cloud.receive(ours) is not None
    buried = cloud.receive(dead)
    assert buried is not None
    assert buried["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert cloud.receive(theirs, 1) is None


def test_a_queue_is_polled_with_the_permissions_of_the_functions_role(cloud: RunningCloud) -> None:
    url, arn = cloud.queue()
    output, _ = cloud.queue()
    role = limited(cloud, allow("logs:*"), allow("sqs:SendMessage"))
    function = cloud.function("copies_to_queue", role=role, Environment={"Variables": {"OUTPUT": output}})
    api = cloud.client("lambda")
    api.create_event_source_mapping(FunctionName=function, EventSourceArn=arn, BatchSize=1)
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert cloud.receive(output, 3) is None
    everything = document(allow("*"))
    cloud.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="everything", PolicyDocument=everything
    )
    assert cloud.receive(output) is not None
