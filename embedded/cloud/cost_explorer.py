"""Cost Explorer as far as it can be configured: anomaly monitors, who hears of them, and cost allocation tags.

Nothing costs anything here, so no anomaly is ever found. What is not served goes to moto.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Cost_Explorer_Service.html
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from botocore import xform_name

from embedded.cloud.context import Cloud
from embedded.cloud.locks import lock_of
from embedded.cloud.messages import Request, Response
from embedded.cloud.protocols import JsonService, RefusedError, service_model
from embedded.cloud.router import fallback, service

Json = dict[str, Any]


class CostExplorer:
    """One account's: operations take and return botocore's member names."""

    def __init__(self, account_id: str) -> None:
        self._account = account_id
        self._monitors: dict[str, Json] = {}
        self._subscriptions: dict[str, Json] = {}
        self._tags: dict[str, str] = {}
        self._resource_tags: dict[str, dict[str, str]] = {}

    def create_anomaly_monitor(self, given: Json) -> Json:
        """An account has one monitor of its services."""
        monitor: Json = given["AnomalyMonitor"]
        wanted = (monitor["MonitorType"], monitor.get("MonitorDimension"))
        alike = [(one["MonitorType"], one.get("MonitorDimension")) for one in self._monitors.values()]
        if wanted[0] == "DIMENSIONAL" and wanted in alike:
            raise RefusedError("LimitExceededException", "Limit exceeded on dimensional spend monitor creation")
        if (wanted[0] == "DIMENSIONAL") is not ("MonitorDimension" in monitor):
            raise RefusedError("ValidationException", "MonitorDimension goes with DIMENSIONAL monitors, and only there")
        arn = self._made("anomalymonitor", given)
        self._monitors[arn] = {**monitor, "MonitorArn": arn, "CreationDate": _today(), "LastUpdatedDate": _today()}
        return {"MonitorArn": arn}

    def get_anomaly_monitors(self, given: Json) -> Json:
        """All, or those that are named."""
        wanted: list[str] = given.get("MonitorArnList") or [*self._monitors]
        return {"AnomalyMonitors": [self._monitor(arn) for arn in wanted]}

    def update_anomaly_monitor(self, given: Json) -> Json:
        """Its name; nothing else of one can be changed."""
        monitor = self._monitor(given["MonitorArn"])
        monitor.update(MonitorName=given.get("MonitorName", monitor["MonitorName"]), LastUpdatedDate=_today())
        return {"MonitorArn": given["MonitorArn"]}

    def delete_anomaly_monitor(self, given: Json) -> Json:
        """Subscriptions to it are left with one monitor less."""
        self._monitor(given["MonitorArn"])
        del self._monitors[given["MonitorArn"]]
        return {}

    def create_anomaly_subscription(self, given: Json) -> Json:
        """Mails are sent daily or weekly, topics are told at once."""
        subscription: Json = given["AnomalySubscription"]
        self._check(subscription)
        arn = self._made("anomalysubscription", given)
        self._subscriptions[arn] = {**subscription, "SubscriptionArn": arn, "AccountId": self._account}
        return {"SubscriptionArn": arn}

    def get_anomaly_subscriptions(self, given: Json) -> Json:
        """All, or those that are named."""
        wanted: list[str] = given.get("SubscriptionArnList") or [*self._subscriptions]
        return {"AnomalySubscriptions": [self._subscription(arn) for arn in wanted]}

    def update_anomaly_subscription(self, given: Json) -> Json:
        """What is not given stays."""
        changed = {**self._subscription(given["SubscriptionArn"]), **given}
        self._check(changed)
        self._subscriptions[given["SubscriptionArn"]] = changed
        return {"SubscriptionArn": given["SubscriptionArn"]}

    def delete_anomaly_subscription(self, given: Json) -> Json:
        """It is gone at once."""
        self._subscription(given["SubscriptionArn"])
        del self._subscriptions[given["SubscriptionArn"]]
        return {}

    def update_cost_allocation_tags_status(self, given: Json) -> Json:
        """AWS lists as errors the tags that no resource has borne for a day; here every tag is known at once."""
        self._tags |= {entry["TagKey"]: entry["Status"] for entry in given["CostAllocationTagsStatus"]}
        return {"Errors": []}

    def list_cost_allocation_tags(self, given: Json) -> Json:
        """Those that were ever activated or deactivated."""
        wanted: list[str] = given.get("TagKeys") or [*self._tags]
        found = [(key, self._tags[key]) for key in wanted if key in self._tags]
        status = given.get("Status")
        return {
            "CostAllocationTags": [
                {"TagKey": key, "Type": "UserDefined", "Status": now} for key, now in found if status in (None, now)
            ]
        }

    def tag_resource(self, given: Json) -> Json:
        """Of a monitor or a subscription."""
        self._tags_of(given["ResourceArn"]).update({tag["Key"]: tag["Value"] for tag in given["ResourceTags"]})
        return {}

    def untag_resource(self, given: Json) -> Json:
        """A tag that is not there is no error."""
        for key in given["ResourceTagKeys"]:
            self._tags_of(given["ResourceArn"]).pop(key, None)
        return {}

    def list_tags_for_resource(self, given: Json) -> Json:
        """Of a monitor or a subscription."""
        tags = self._tags_of(given["ResourceArn"])
        return {"ResourceTags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    def _check(self, subscription: Json) -> None:
        for arn in subscription["MonitorArnList"]:
            self._monitor(arn)
        mailed = any(one["Type"] == "EMAIL" for one in subscription["Subscribers"])
        if mailed is (subscription["Frequency"] == "IMMEDIATE"):
            raise RefusedError("ValidationException", "Mails are DAILY or WEEKLY, topics are IMMEDIATE")
        if ("Threshold" in subscription) is ("ThresholdExpression" in subscription):
            raise RefusedError("ValidationException", "One of Threshold and ThresholdExpression is wanted")

    def _monitor(self, arn: str) -> Json:
        if arn not in self._monitors:
            raise RefusedError("UnknownMonitorException", f"Unknown monitor {arn}")
        return self._monitors[arn]

    def _subscription(self, arn: str) -> Json:
        if arn not in self._subscriptions:
            raise RefusedError("UnknownSubscriptionException", f"Unknown subscription {arn}")
        return self._subscriptions[arn]

    def _tags_of(self, arn: str) -> dict[str, str]:
        if arn not in self._monitors and arn not in self._subscriptions:
            raise RefusedError("ResourceNotFoundException", f"Unknown resource {arn}")
        return self._resource_tags.setdefault(arn, {})

    def _made(self, kind: str, given: Json) -> str:
        arn = f"arn:aws:ce::{self._account}:{kind}/{uuid.uuid4()}"
        tags: list[dict[str, str]] = given.get("ResourceTags", [])
        self._resource_tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
        return arn


def install(cloud: Cloud) -> None:
    """Serve `ce` on the running cloud."""
    own = CostExplorer(cloud.account_id)
    answer = JsonService(service_model("ce"), own)
    ours = {name for name in service_model("ce").operation_names if hasattr(own, xform_name(name))}

    def serve(request: Request) -> Response:
        if request.target not in ours:
            return fallback(request)
        with lock_of("ce"):
            return answer(request)

    service("ce")(serve)


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
