"""MediaConvert queues."""

from embedded.provider.kinds import Naming, simple, undo

simple(
    "aws:mediaconvert/queue:Queue",
    "mediaconvert",
    "CreateQueue",
    naming=Naming(longest=80),
    tags=True,
    id="{name}",
    outputs={"arn": "{response[Queue][Arn]}"},
    identity=("pricingPlan",),
    update=("UpdateQueue", {}),
    resets={"description": "", "status": "ACTIVE"},
    delete=undo("DeleteQueue", Name="{id}"),
)
