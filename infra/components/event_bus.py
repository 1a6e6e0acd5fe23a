"""An event bus of the project's own, encrypted with a customer-managed key."""

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import Access, Statement
from infra.components.key import Key
from infra.components.queue import DeadLetters
from infra.naming import title


@dataclass(frozen=True, kw_only=True)
class EventBusArgs:
    key: Key
    """Must allow `buses_services`."""
    dead_letters: DeadLetters
    """For events that could not be encrypted or decrypted; must accept the buses of this account."""
    description: str


@final
class EventBus(pulumi.ComponentResource):
    """A custom EventBridge bus."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EventBusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:messaging:EventBus", name, None, opts)
        self.label = name
        bus = aws.cloudwatch.EventBus(
            name,
            description=args.description,
            kms_key_identifier=args.key.arn,
            dead_letter_config={"arn": args.dead_letters.arn},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = bus.name
        self.arn = bus.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def put_access(self, *, source: str) -> Access:
        """Putting events that name `source` as theirs."""
        return Access(
            (
                Statement(
                    sid=f"PutEventsOn{title(self.label)}",
                    actions=("events:PutEvents",),
                    resources=(self.arn,),
                    conditions={"StringEquals": {"events:source": source}},
                ),
            )
        )
