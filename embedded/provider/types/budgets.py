"""Budgets."""

from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Arguments, Call, Naming, Request, Steps, kind


@kind("aws:budgets/budget:Budget", "budgets", naming=Naming(longest=100), region="us-east-1", identity=("accountId",))
def budget(request: Request) -> Steps:
    """A budget and who hears of it."""
    arguments = request.arguments
    account = arguments.take("accountId", request.account)
    name = request.goal.inputs["name"]
    notices = [_notice(notice) for notice in arguments.take("notifications", [])]
    filters: list[dict[str, Any]] = arguments.take("costFilters", [])
    given: dict[str, Any] = {"costFilters": {item["name"]: item["values"] for item in filters}} if filters else {}
    rename = {
        "budget.name": "BudgetName",
        "budget.limitAmount": "BudgetLimit.Amount",
        "budget.limitUnit": "BudgetLimit.Unit",
    }
    yield Call(
        operation="CreateBudget",
        arguments={"budget": {**given, **arguments.take_rest()}, "notificationsWithSubscribers": notices},
        rename=rename,
        params={"AccountId": account},
    )
    outputs = {"arn": request.arn("budgets", f"budget/{name}", region=""), "accountId": account}
    return Created(id=f"{account}:{name}", outputs=outputs)


def _notice(notice: dict[str, Any]) -> dict[str, Any]:
    given = Arguments(notice)
    subscribers = [
        {"subscriptionType": how, "address": address}
        for how, key in (("EMAIL", "subscriberEmailAddresses"), ("SNS", "subscriberSnsTopicArns"))
        for address in given.take(key, [])
    ]
    return {"notification": given.take_rest(), "subscribers": subscribers}
