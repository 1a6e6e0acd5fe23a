"""What the parts of an environment stand on: keys, images, the event bus, and how a function is made here."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import pulumi
import pulumi_aws as aws
from pydantic import BaseModel

from functions.contracts.code import code_digest
from infra.access import Access
from infra.components.access_logs import AccessLogs, AccessLogsArgs
from infra.components.event_bus import EventBus, EventBusArgs
from infra.components.function import Function, FunctionArgs
from infra.components.image import Build, Image, ImageArgs
from infra.components.key import (
    Key,
    KeyArgs,
    alarms_service,
    budgets_service,
    buses_services,
    log_delivery_service,
    logs_service,
    rules_service,
)
from infra.components.queue import DeadLetters, DeadLettersArgs
from infra.naming import Scope
from infra.promotion import TARGETS, Promotion, moved_on, read
from infra.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
_TAG_LENGTH = 16


def provider(name: str, settings: Settings, *, region: str | None = None) -> aws.Provider:
    """A provider: one account, one region (the stack's, unless another is given), the tags that every resource gets."""
    return aws.Provider(
        name,
        region=region or settings.region,
        allowed_account_ids=[settings.account_id],
        default_tags={
            "tags": {
                "project": pulumi.get_project(),
                "environment": settings.environment,
                "owner": settings.owner,
                "cost-centre": settings.cost_centre,
            }
        },
    )


def scope(settings: Settings, through: aws.Provider) -> Scope:
    """Where this stack stands."""
    options = pulumi.InvokeOptions(provider=through)
    return Scope(
        project=pulumi.get_project(),
        environment=pulumi.get_stack(),
        region=settings.region,
        account_id=aws.get_caller_identity_output(opts=options).account_id,
        partition=aws.get_partition_output(opts=options).partition,
    )


def commit() -> str:
    """The commit that is deployed, with `-dirty` where files differ from it; `unknown` outside a checkout."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def _promoted(settings: Settings) -> Promotion | None:
    """What was promoted to this environment; dev is what the checkout is. Raises PromotionError."""
    if settings.environment == "dev":
        return None
    promotion = read(ROOT / settings.promotion_directory, settings.environment)
    if changed := moved_on(promotion, ROOT):
        # `make promoted` refuses this before a deployment; a preview is the place to look at it.
        pulumi.log.warn(f"the checkout is not what was promoted to {settings.environment}: {', '.join(changed)} differ")
    return promotion


_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Small products do not gain from threads, which then fight over the cores; sums in one order give the same bytes."""


@dataclass(frozen=True, kw_only=True)
class FoundationArgs:
    settings: Settings
    scope: Scope


@final
class Foundation(pulumi.ComponentResource):
    """Keys, access logs, images and bus of one environment."""

    def __init__(self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Foundation", name, None, opts)
        self.settings = args.settings
        self.scope = args.scope
        child = pulumi.ResourceOptions(parent=self)
        promoted = _promoted(args.settings)
        self.code_digest = promoted.content.code_digest if promoted else code_digest(ROOT)
        self.data_key = Key(
            "data",
            KeyArgs(
                scope=args.scope,
                description="Private buckets, tables, queues, events, alarms and executions",
                services=(
                    rules_service(args.scope),
                    *buses_services(args.scope),
                    alarms_service(args.scope),
                    log_delivery_service(args.scope),
                    budgets_service(args.scope),
                ),
                protect=args.settings.deletion_protection,
            ),
            child,
        )
        self.logs_key = Key(
            "logs",
            KeyArgs(
                scope=args.scope,
                description="Log groups",
                services=(logs_service(args.scope),),
                protect=args.settings.deletion_protection,
            ),
            child,
        )
        self.access_logs = AccessLogs(
            "access-logs",
            AccessLogsArgs(
                scope=args.scope,
                days=args.settings.access_log_days,
                deletion_protection=args.settings.deletion_protection,
            ),
            child,
        )
        self.bus_dead_letters = DeadLetters(
            "events-dead",
            # The bus names its queue, so the queue can name buses only by pattern.
            DeadLettersArgs(key=self.data_key, senders=(args.scope.arn("events", "event-bus/*"),)),
            child,
        )
        self.bus = EventBus(
            "events",
            EventBusArgs(
                key=self.data_key,
                dead_letters=self.bus_dead_letters,
                description="What became of imports and videos",
            ),
            child,
        )
        self.images: Mapping[str, Image] = {
            target: self._image(target, promoted.image(target) if promoted else None) for target in TARGETS
        }
        self.register_outputs({})

    def _image(self, target: str, digest: str | None) -> Image:
        build = Build(
            context=str(ROOT),
            dockerfile=str(ROOT / "docker" / "Dockerfile"),
            # Only images of this environment are called so; the repository lets these tags be moved, and no others.
            arguments={"BASE": self.settings.base_image} if self.settings.base_image else {},
            tag=f"{pulumi.get_stack()}-{self.code_digest[:_TAG_LENGTH]}",
        )
        return Image(
            target,
            ImageArgs(repository=f"{self.settings.image_repository}/{target}", target=target, source=digest or build),
            pulumi.ResourceOptions(parent=self),
        )

    def function(
        self,
        name: str,
        *,
        parent: pulumi.Resource,
        description: str,
        environment: type[BaseModel],
        image: Literal["api", "vision"],
        memory_mb: int,
        timeout_seconds: int,
        values: Mapping[str, pulumi.Input[str]],
        access: Sequence[Access] = (),
        ephemeral_storage_mb: int = 512,
        on_failure: DeadLetters | None = None,
    ) -> Function:
        """A function of this project. The handler is the one that lies beside the model of its variables."""
        return Function(
            name,
            FunctionArgs(
                scope=self.scope,
                description=description,
                image=self.images[image],
                command=f"{environment.__module__.removesuffix('.env')}.handler.handler",
                memory_mb=memory_mb,
                timeout_seconds=timeout_seconds,
                environment=environment,
                values=values,
                common_values={
                    "POWERTOOLS_SERVICE_NAME": name,
                    "POWERTOOLS_LOG_LEVEL": self.settings.log_level,
                    "POWERTOOLS_METRICS_NAMESPACE": self.scope.project,
                    **(_ONE_THREAD if image == "vision" else {}),
                },
                access=access,
                logs_key=self.logs_key,
                log_retention_days=self.settings.log_retention_days,
                log_level="WARN" if self.settings.log_level == "WARNING" else self.settings.log_level,
                ephemeral_storage_mb=ephemeral_storage_mb,
                on_failure=on_failure,
                reserved_concurrency=self.settings.reservations.get(name),
            ),
            pulumi.ResourceOptions(parent=parent),
        )
