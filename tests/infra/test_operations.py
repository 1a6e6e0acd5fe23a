"""Nothing fails unnoticed: each machine, function, queue and table has alarms with runbooks and is on the dashboard."""

import json
import re

from tests.infra.policies import statements
from tests.support.recorder import ACCOUNT, REGION, ROOT, Recorded, Recording


def _watched(recording: Recording, **dimensions: str) -> set[str]:
    """The metrics with exactly these dimensions on which there is an alarm."""
    alarms = recording.of("cloudwatch/metricAlarm:MetricAlarm")
    return {one.inputs["metricName"] for one in alarms if one.inputs["dimensions"] == dimensions}


def _dead(recording: Recording) -> list[Recorded]:
    queues = recording.of("sqs/queue:Queue")
    giving_up = recording.of("cloudwatch/eventTarget:EventTarget", "cloudwatch/eventBus:EventBus")
    sources = {one.inputs["deadLetterConfig"]["arn"] for one in giving_up}
    sources |= {one.document("redrivePolicy")["deadLetterTargetArn"] for one in queues if "redrivePolicy" in one.inputs}
    return [queue for queue in queues if queue.arn in sources]


def test_every_dead_letter_queue_has_an_alarm_on_its_first_message(recording: Recording) -> None:
    dead = _dead(recording)
    assert len(dead) >= 4
    for queue in dead:
        assert _watched(recording, QueueName=queue.state["name"]) == {"ApproximateNumberOfMessagesVisible"}, queue.name


def test_every_working_queue_has_an_alarm_on_age(recording: Recording) -> None:
    dead = {queue.arn for queue in _dead(recording)}
    working = [queue for queue in recording.of("sqs/queue:Queue") if queue.arn not in dead]
    assert working
    for queue in working:
        assert _watched(recording, QueueName=queue.state["name"]) == {"ApproximateAgeOfOldestMessage"}, queue.name


def test_every_state_machine_has_an_alarm_on_every_bad_end_and_on_throttles(recording: Recording) -> None:
    for machine in recording.of("sfn/stateMachine:StateMachine"):
        assert _watched(recording, StateMachineArn=machine.arn) == {
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionsAborted",
            "ExecutionThrottled",
        }


def test_every_function_has_an_alarm_on_errors_and_throttles_that_last(recording: Recording) -> None:
    for function in recording.of("lambda/function:Function"):
        assert _watched(recording, FunctionName=function.state["name"]) == {"Errors", "Throttles"}, function.name
    for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"):
        if alarm.inputs["namespace"] == "AWS/Lambda":
            assert (alarm.inputs["evaluationPeriods"], alarm.inputs["datapointsToAlarm"]) == (3, 2)


def test_every_table_and_every_index_has_an_alarm_on_throttles(recording: Recording) -> None:
    wanted = {"ReadThrottleEvents", "WriteThrottleEvents"}
    for table in recording.of("dynamodb/table:Table"):
        name = table.state["name"]
        assert _watched(recording, TableName=name) == wanted, table.name
        for index in table.inputs.get("globalSecondaryIndexes") or []:
            assert _watched(recording, TableName=name, GlobalSecondaryIndexName=index["name"]) == wanted, index["name"]


def test_an_alarm_is_on_one_metric_that_need_not_exist(recording: Recording) -> None:
    """A sum of metrics has no value until each has had one."""
    for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"):
        assert "metricQueries" not in alarm.inputs
        assert alarm.inputs["treatMissingData"] == "notBreaching"
        assert alarm.inputs["comparisonOperator"] == "GreaterThanThreshold"


def test_every_alarm_tells_the_topic_and_names_a_runbook_that_exists(recording: Recording) -> None:
    # An alarm can tell topics of its own region only: CloudFront's are elsewhere.
    topics = {topic.arn: topic.provider for topic in recording.of("sns/topic:Topic")}
    for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"):
        (topic,) = alarm.inputs["alarmActions"]
        assert topics[topic] == alarm.provider
        assert alarm.inputs["okActions"] == [topic]
        (runbook,) = re.findall(r"docs/runbooks/\S+\.md", alarm.inputs["alarmDescription"])
        assert (ROOT / runbook).is_file(), runbook


def test_no_alarm_has_a_name_that_another_team_may_use(recording: Recording) -> None:
    assert all("name" not in alarm.inputs for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"))


def test_only_alarms_and_budgets_of_this_account_may_publish_to_the_topic(dev: Recording) -> None:
    allowed = {
        one["Principal"]["Service"]: one["Condition"]
        for one in statements(dev.one("sns/topicPolicy:TopicPolicy", "alarms"))
        if one["Effect"] == "Allow"
    }
    account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert allowed == {
        "cloudwatch.amazonaws.com": account
        | {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"}},
        "budgets.amazonaws.com": account | {"ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"}},
    }


def test_who_may_publish_may_also_use_the_topics_key(dev: Recording) -> None:
    topic = dev.one("sns/topic:Topic", "alarms")
    (key,) = [key for key in dev.of("kms/key:Key") if key.arn == topic.inputs["kmsMasterKeyId"]]
    using = {
        one["Principal"].get("Service"): one
        for one in statements(key)
        if one["Sid"] in ("AlarmsToTopics", "BudgetsToTopics")
    }
    for publishing in statements(dev.one("sns/topicPolicy:TopicPolicy", "alarms")):
        if publishing["Effect"] == "Allow":
            use = using[publishing["Principal"]["Service"]]
            assert use["Condition"] == publishing["Condition"]
            assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_the_budget_counts_what_carries_this_environments_tags(stack: str, recording: Recording) -> None:
    (budget,) = recording.of("budgets/budget:Budget")
    assert budget.inputs["limitAmount"] == {"dev": "100", "staging": "300", "prod": "3000"}[stack]
    assert (budget.inputs["limitUnit"], budget.inputs["timeUnit"]) == ("USD", "MONTHLY")
    wanted = {one["tags"]["key"]: one["tags"]["values"] for one in budget.inputs["filterExpression"]["ands"]}
    assert wanted == {"project": ["shoppable-video"], "environment": [stack]}
    for provider in recording.of("providers:aws"):
        tags = provider.inputs["defaultTags"]
        given = (json.loads(tags) if isinstance(tags, str) else tags)["tags"]
        assert {key: [given[key]] for key in wanted} == wanted


def test_the_budget_tells_the_topic_at_80_and_100_percent_and_at_100_forecast(recording: Recording) -> None:
    (budget,) = recording.of("budgets/budget:Budget")
    topic = recording.one("sns/topic:Topic", "alarms").arn
    notices = budget.inputs["notifications"]
    told = {(one["notificationType"], one["threshold"], one["thresholdType"]) for one in notices}
    assert told == {
        ("ACTUAL", 80, "PERCENTAGE"),
        ("ACTUAL", 100, "PERCENTAGE"),
        ("FORECASTED", 100, "PERCENTAGE"),
    }
    assert all(one["subscriberSnsTopicArns"] == [topic] for one in notices)


def test_staging_and_prod_have_someone_to_tell(prod: Recording, dev: Recording) -> None:
    subscribed = prod.of("sns/topicSubscription:TopicSubscription")
    assert {one.inputs["topic"] for one in subscribed} == {topic.arn for topic in prod.of("sns/topic:Topic")}
    for subscription in subscribed:
        assert subscription.inputs["protocol"] == "email"
        assert subscription.inputs["endpoint"] == "prod-alarms@example.com"
    assert not dev.of("sns/topicSubscription:TopicSubscription")


def test_the_dashboard_shows_every_function_queue_table_and_machine(recording: Recording) -> None:
    body = recording.one("cloudwatch/dashboard:Dashboard", "overview").document("dashboardBody")
    shown = {line[3] for widget in body["widgets"] for line in widget["properties"]["metrics"]}
    named = recording.of("lambda/function:Function", "sqs/queue:Queue", "dynamodb/table:Table")
    machines = recording.of("sfn/stateMachine:StateMachine")
    assert shown == {one.state["name"] for one in named} | {machine.arn for machine in machines}


def test_widgets_do_not_lie_on_each_other(dev: Recording) -> None:
    body = dev.one("cloudwatch/dashboard:Dashboard", "overview").document("dashboardBody")
    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(places) == len(set(places))
    assert all(widget["x"] + widget["width"] <= 24 for widget in body["widgets"])
