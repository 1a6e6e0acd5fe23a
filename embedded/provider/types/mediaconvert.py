"""MediaConvert queues."""

from embedded.provider.kinds import Naming, simple

simple(
    "aws:mediaconvert/queue:Queue",
    "mediaconvert",
    "CreateQueue",
    naming=Naming(longest=80),
    tags=True,
    id="{name}",
    outputs={"arn": "{response[Queue][Arn]}"},
    delete=("DeleteQueue", {"Name": "{id}"}),
)
