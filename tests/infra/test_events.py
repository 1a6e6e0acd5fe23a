"""What happens between the parts: uploads, dead letters, deaths of executions."""

import pytest

from tests.infra.policies import allows, of_role, statements
from tests.support.recorder import Recording

_DEAD = {"catalogue-intake-dead", "video-intake-dead", "record-failure-dead", "events-dead"}


@pytest.mark.parametrize(
    ("pipeline", "bucket", "prefix"), [("catalogue", "catalogue", "feeds/"), ("video", "video", "videos/")]
)
def test_uploads_below_the_prefix_reach_the_intake_queue(
    dev: Recording, pipeline: str, bucket: str, prefix: str
) -> None:
    rule = dev.one("cloudwatch/eventRule:EventRule", f"{pipeline}-uploads")
    assert rule.document("eventPattern") == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [dev.one("s3/bucket:Bucket", bucket).state["bucket"]]},
            "object": {"key": [{"prefix": prefix}]},
        },
    }
    assert "eventBusName" not in rule.inputs
    target = dev.one("cloudwatch/eventTarget:EventTarget", f"{pipeline}-uploads")
    assert target.inputs["rule"] == rule.state["name"]
    assert target.inputs["arn"] == dev.one("sqs/queue:Queue", f"{pipeline}-intake").arn
    assert "roleArn" not in target.inputs


def test_buckets_that_start_something_send_their_events(dev: Recording) -> None:
    notifying = dev.of("s3/bucketNotification:BucketNotification")
    assert {one.name for one in notifying} == {"catalogue", "video"}
    assert all(one.inputs["eventbridge"] is True for one in notifying)


def test_a_rule_may_send_to_its_queue_and_to_its_dead_letters(dev: Recording) -> None:
    for target in dev.of("cloudwatch/eventTarget:EventTarget"):
        (rule,) = [
            one for one in dev.of("cloudwatch/eventRule:EventRule") if one.state["name"] == target.inputs["rule"]
        ]
        dead = target.inputs["deadLetterConfig"]["arn"]
        for queue in [one for one in dev.of("sqs/queue:Queue") if one.arn in {dead, target.inputs["arn"]}]:
            (allowed,) = [
                one
                for one in statements(dev.one("sqs/queuePolicy:QueuePolicy", queue.name))
                if one["Effect"] == "Allow"
            ]
            assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
            assert allowed["Action"] == "sqs:SendMessage"
            assert allowed["Condition"]["ArnLike"]["aws:SourceArn"] == [rule.arn]


def test_every_working_queue_has_a_dead_letter_queue_that_takes_from_it_alone(dev: Recording) -> None:
    working = [queue for queue in dev.of("sqs/queue:Queue") if queue.name not in _DEAD]
    assert {queue.name for queue in working} == {"catalogue-intake", "video-intake"}
    for queue in working:
        dead = dev.one("sqs/queue:Queue", f"{queue.name}-dead")
        assert queue.document("redrivePolicy") == {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5}
        allow = dev.one("sqs/redriveAllowPolicy:RedriveAllowPolicy", queue.name)
        assert allow.inputs["queueUrl"] == dead.state["url"]
        assert allow.document("redriveAllowPolicy") == {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}


@pytest.mark.parametrize("pipeline", ["catalogue", "video"])
def test_start_reads_its_queue_in_batches_that_may_fail_in_part(dev: Recording, pipeline: str) -> None:
    mapping = dev.one("lambda/eventSourceMapping:EventSourceMapping", f"{pipeline}-intake")
    queue = dev.one("sqs/queue:Queue", f"{pipeline}-intake")
    function = dev.one("lambda/function:Function", f"{pipeline}-start")
    assert mapping.inputs["eventSourceArn"] == queue.arn
    assert mapping.inputs["functionName"] == f"{function.arn}:live"
    assert mapping.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * function.inputs["timeout"]
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        assert allows(dev, f"{pipeline}-start", action) == [queue.arn]


@pytest.mark.parametrize(("pipeline", "machine"), [("catalogue", "catalogue-import"), ("video", "video-analysis")])
def test_start_starts_its_own_machine_only(dev: Recording, pipeline: str, machine: str) -> None:
    arn = dev.one("sfn/stateMachine:StateMachine", machine).arn
    starting = [one for one in of_role(dev, f"{pipeline}-start") if "states:StartExecution" in one["Action"]]
    # Of the alias only: a start without a qualifier runs what no alias points at.
    assert [(one["Resource"], one["Condition"]) for one in starting] == [
        ([arn], {"StringEquals": {"states:StateMachineQualifier": "live"}})
    ]
    variables = dev.one("lambda/function:Function", f"{pipeline}-start").inputs["environment"]["variables"]
    assert variables["STATE_MACHINE_ARN"] == f"{arn}:live"
    assert variables["PIPELINE"] == pipeline


def test_deaths_of_both_machines_reach_record_failure_or_its_dead_letters(dev: Recording) -> None:
    rule = dev.one("cloudwatch/eventRule:EventRule", "failed-executions")
    machines = sorted(machine.arn for machine in dev.of("sfn/stateMachine:StateMachine"))
    detail = rule.document("eventPattern")["detail"]
    assert detail["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert sorted(detail["stateMachineArn"]) == machines
    function = dev.one("lambda/function:Function", "record-failure")
    permission = dev.one("lambda/permission:Permission", "failed-executions")
    assert permission.inputs["sourceArn"] == rule.arn
    assert permission.inputs["principal"] == "events.amazonaws.com"
    assert (permission.inputs["function"], permission.inputs["qualifier"]) == (function.state["name"], "live")
    target = dev.one("cloudwatch/eventTarget:EventTarget", "failed-executions")
    assert target.inputs["arn"] == f"{function.arn}:live"
    dead = dev.one("sqs/queue:Queue", "record-failure-dead").arn
    config = dev.one("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "record-failure")
    assert (config.inputs["functionName"], config.inputs["qualifier"]) == (function.state["name"], "live")
    assert config.inputs["destinationConfig"] == {"onFailure": {"destination": dead}}
    assert allows(dev, "record-failure", "sqs:SendMessage") == [dead]


def test_events_may_be_put_by_the_machines_and_unpublish_under_the_projects_name_only(dev: Recording) -> None:
    bus = dev.one("cloudwatch/eventBus:EventBus", "events").arn
    putting = {
        policy.name: statement
        for policy in dev.of("iam/rolePolicy:RolePolicy")
        for statement in statements(policy)
        if "events:PutEvents" in statement["Action"]
    }
    assert set(putting) == {"catalogue-import", "video-analysis", "unpublish"}
    for statement in putting.values():
        assert statement["Resource"] == [bus]
        assert statement["Condition"] == {"StringEquals": {"events:source": "shoppable-video"}}
