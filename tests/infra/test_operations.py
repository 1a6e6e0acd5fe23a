"""Nothing fails unnoticed: dead-letter queues and state machines have alarms, everything is on the dashboard."""

import re

from tests.infra.policies import statements
from tests.support.recorder import ACCOUNT, ROOT, Recording


def _metrics(recording: Recording) -> dict[tuple[str, str], set[str]]:
    """(dimension, value) → the metrics that some alarm watches."""
    watched: dict[tuple[str, str], set[str]] = {}
    for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"):
        for query in alarm.inputs["metricQueries"]:
            if metric := query.get("metric"):
                for dimension in metric["dimensions"].items():
                    watched.setdefault(dimension, set()).add(metric["metricName"])
    return watched


def test_every_dead_letter_queue_has_an_alarm(recording: Recording) -> None:
    queues = recording.of("sqs/queue:Queue")
    giving_up = recording.of("cloudwatch/eventTarget:EventTarget", "cloudwatch/eventBus:EventBus")
    sources = {one.inputs["deadLetterConfig"]["arn"] for one in giving_up}
    sources |= {one.document("redrivePolicy")["deadLetterTargetArn"] for one in queues if "redrivePolicy" in one.inputs}
    dead = [queue for queue in queues if queue.arn in sources]
    assert len(dead) == 4
    for queue in dead:
        watched = _metrics(recording).get(("QueueName", queue.state["name"]), set())
        assert watched == {"ApproximateNumberOfMessagesVisible"}, queue.name


def test_every_state_machine_has_an_alarm_on_every_bad_end(recording: Recording) -> None:
    for machine in recording.of("sfn/stateMachine:StateMachine"):
        assert _metrics(recording)["StateMachineArn", machine.arn] == {
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionsAborted",
        }


def test_every_alarm_tells_the_topic_and_names_a_runbook_that_exists(recording: Recording) -> None:
    topic = recording.one("sns/topic:Topic", "alarms").arn
    for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"):
        assert alarm.inputs["alarmActions"] == [topic]
        assert alarm.inputs["okActions"] == [topic]
        (runbook,) = re.findall(r"docs/runbooks/\S+\.md", alarm.inputs["alarmDescription"])
        assert (ROOT / runbook).is_file(), runbook


def test_no_alarm_has_a_name_that_another_team_may_use(recording: Recording) -> None:
    assert all("name" not in alarm.inputs for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"))


def test_every_sum_of_metrics_counts_each_once(recording: Recording) -> None:
    for alarm in recording.of("cloudwatch/metricAlarm:MetricAlarm"):
        (total,) = [query for query in alarm.inputs["metricQueries"] if "expression" in query]
        added = re.findall(r"FILL\((m\d+), 0\)", total["expression"])
        assert sorted(added) == sorted(query["id"] for query in alarm.inputs["metricQueries"] if "metric" in query)


def test_only_alarms_of_this_account_may_publish_to_the_topic(dev: Recording) -> None:
    allowed = [one for one in statements(dev.one("sns/topicPolicy:TopicPolicy", "alarms")) if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_staging_and_prod_have_someone_to_tell(prod: Recording, dev: Recording) -> None:
    (subscription,) = prod.of("sns/topicSubscription:TopicSubscription")
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
