"""Budgets."""

from typing import Any

from embedded.engine.model import Created
from embedded.provider.kinds import Arguments, Call, Calls, Naming, Request, Steps, kind, undo

_RENAME = {
    "budget.name": "BudgetName",
    "budget.limitAmount": "BudgetLimit.Amount",
    "budget.limitUnit": "BudgetLimit.Unit",
}


def _given(arguments: Arguments) -> dict[str, Any]:
    filters: list[dict[str, Any]] = arguments.take("costFilters", [])
    given: dict[str, Any] = {"costFilters": {item["name"]: item["values"] for item in filters}} if filters else {}
    return {**given, **arguments.take_rest()}


def _change(request: Request) -> Steps:
    old = request.old
    assert old is not None  # noqa: S101  (an update has something to change)
    account, name = old.outputs["accountId"], old.inputs["name"]
    request.arguments.take("accountId")
    wanted = [_notice(notice) for notice in request.arguments.take("notifications", [])]
    rename = {key.replace("budget.", "newBudget.", 1): target for key, target in _RENAME.items()}
    yield Call(
        operation="UpdateBudget",
        arguments={"newBudget": _given(request.arguments)},
        rename=rename,
        params={"AccountId": account},
    )
    where = {"AccountId": account, "BudgetName": name}
    yield from _renotice(where, [_notice(notice) for notice in old.inputs.get("notifications", [])], wanted)
    return Created(id=old.id, outputs={"accountId": account})


def _renotice(where: dict[str, Any], present: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> Calls:
    for notice in present:
        if notice not in wanted:
            arguments = {"notification": notice["notification"]}
            yield Call(operation="DeleteNotification", params=where, arguments=arguments)
    for notice in wanted:
        if notice not in present:
            yield Call(operation="CreateNotification", params=where, arguments=notice)


@kind(
    "aws:budgets/budget:Budget",
    "budgets",
    naming=Naming(longest=100),
    tags=True,
    region="us-east-1",
    identity=("accountId",),
    put=True,
    update=_change,
    delete=undo("DeleteBudget", AccountId="{accountId}", BudgetName="{name}"),
)
def budget(request: Request) -> Steps:
    """A budget and who hears of it."""
    arguments = request.arguments
    account = arguments.take("accountId", request.account)
    name = request.goal.inputs["name"]
    notices = [_notice(notice) for notice in arguments.take("notifications", [])]
    tags = arguments.take_some("tags")
    yield Call(
        operation="CreateBudget",
        arguments={"budget": _given(arguments), "notificationsWithSubscribers": notices, **tags},
        rename={**_RENAME, "tags": "ResourceTags"},
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
