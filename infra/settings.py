"""The settings of a stack. A setting is what environments differ in.

Each field's docstring says what it costs or endangers; Pulumi.yaml carries the same text, type and default.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from infra.configuration import Configuration, SettingsError
from infra.naming import longest_stack

_RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

_LEAST_DAYS: Mapping[str, Mapping[str, int]] = {
    "staging": {"logRetentionDays": 30, "noncurrentDays": 7},
    "prod": {"logRetentionDays": 365, "noncurrentDays": 30},
}
"""A year of logs: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16"""


def _absent(value: object) -> object:
    return None if value == "" else value


def _integer(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _optional_integer(value: object) -> object:
    return _integer(_absent(value))


def _listed(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Tiering.html
_ArchiveDays = Annotated[int, Field(ge=90, le=730)]
_DeepArchiveDays = Annotated[int, Field(ge=180, le=730)]
_Units = Annotated[int, Field(ge=1)]

_STACK = re.compile(r"[a-z0-9-]+")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])"

Origin = Annotated[str, StringConstraints(pattern=rf"^https://{_HOST}(:[0-9]{{1,5}})?$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,]+@[^@\s,]+\.[^@\s,]+$")]
Domain = Annotated[str, StringConstraints(pattern=f"^{_HOST}$", max_length=253)]
CertificateArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]{36}$")
]
Reservation = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*=(0|[1-9][0-9]{0,4})$")]
Score = Annotated[float, Field(ge=0.0, le=1.0)]


_EXAMPLES: Mapping[str, object] = {
    "region": "eu-central-1",
    "environment": "dev",
    "accountId": "123456789012",
    "owner": "shoppable-video",
    "costCentre": "marketing",
    "imageRepository": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shoppable-video",
    "domain": "videos.example.com",
    "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
    "baseImage": f"python:3.13-slim@sha256:{'0' * 64}",
    "shopOrigins": ["https://shop.example.com"],
    "alarmEmails": ["alarms@example.com"],
    "deletionProtection": True,
    "logRetentionDays": 365,
    "noncurrentDays": 30,
    "framesDays": 30,
    "accessLogDays": 90,
    "originalsArchiveDays": 180,
    "originalsDeepArchiveDays": 365,
    "tableMaxReadUnits": 1000,
    "tableMaxWriteUnits": 1000,
    "monthlyBudgetUsd": 500,
    "reservedConcurrency": ["video-start=5", "match-frames=40"],
    "autoApproveScore": "0.93",
    "reviewScore": "0.4",
    "maxDropShare": "0.2",
    "segmentSeconds": 120,
    "analysisRevision": "1",
}
"""A value for each setting whose default would not show what is meant; a test tries every one."""


class Settings(Configuration):
    """Everything that may differ between stacks. In the stack's file the names are in camelCase."""

    examples: ClassVar[Mapping[str, object]] = _EXAMPLES

    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    """Where everything but CloudFront is, from `aws:region`. Another one is another stack: nothing moves by itself."""
    environment: Literal["dev", "staging", "prod"]
    """Which rules hold: staging and prod refuse what dev may do."""
    account_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
    """The only account that this stack may touch: the provider refuses every other."""
    owner: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """Team that answers for the stack: a tag on everything."""
    cost_centre: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """Who pays: a tag on everything. Bills show it once it is activated as a cost allocation tag."""

    image_repository: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/.+$"),
    ]
    """Registry and path above the repositories `api` and `vision` that bootstrap/ makes, in the stack's own region."""
    promotion_directory: str = "promotions"
    """Of the files that say which images staging and prod run, in the checkout; dev builds its own images instead."""
    base_image: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$")] | None, BeforeValidator(_absent)
    ] = None
    """name:tag@sha256:… that dev's images are built on; empty, the Dockerfile's own, which may change any day."""

    domain: Annotated[Domain | None, BeforeValidator(_absent)] = None
    """Host name of the storefront. Without one viewers may connect with TLS 1.0, so only dev may leave it empty."""
    certificate_arn: Annotated[CertificateArn | None, BeforeValidator(_absent)] = None
    """ACM certificate in us-east-1, of the stack's account, that covers the domain; free, but it must be renewable."""
    shop_origins: Annotated[tuple[Origin, ...], BeforeValidator(_listed)] = ()
    """Sites that may embed the player and read timelines and offers from their pages; name none that is not yours."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    """CloudFront edges that serve: PriceClass_All serves the whole world, at up to twice the price per gigabyte."""
    firewall: bool = False
    """AWS WAF before CloudFront: about 7 USD a month and 0.60 USD per million requests. Off, nothing slows abuse."""
    firewall_rate_limit: Annotated[int, Field(ge=10, le=2_000_000_000)] = 3000
    """Requests per five minutes from one address, beyond which WAF blocks it; a viewer makes 150, an office many."""

    player_directory: str = "web/dist"
    """The built player, in the checkout; `make web` fills it."""

    deletion_protection: bool
    """Keeps buckets, tables and keys from destruction. Off, `pulumi destroy` deletes every video."""
    log_retention_days: Annotated[_RetentionDays, BeforeValidator(_integer)]
    """Days that logs are kept: longer costs storage per gigabyte and month, shorter leaves nothing to look into."""
    noncurrent_days: Annotated[int, Field(ge=1)]
    """Days that an overwritten or deleted object can be brought back; its storage is paid for as long."""
    frames_days: Annotated[int, Field(ge=1)]
    """Days that sampled frames are kept, as evidence and to match again without decoding a video again."""
    access_log_days: Annotated[int, Field(ge=1)]
    """Days that it is kept who asked the buckets for what; a busy bucket's log is paid for per gigabyte and month."""
    originals_archive_days: Annotated[_ArchiveDays | None, BeforeValidator(_optional_integer)] = None
    """An uploaded film that nobody read for so long is archived: cheaper to keep, but analysing it again then waits
    3 to 5 hours until it is restored. Absent, none is."""
    originals_deep_archive_days: Annotated[_DeepArchiveDays | None, BeforeValidator(_optional_integer)] = None
    """The same into the cheapest tier, from which a film takes up to 12 hours to come back."""
    table_max_read_units: Annotated[_Units | None, BeforeValidator(_optional_integer)] = None
    """Upper limit of each table's reads per second, in request units: bounds the bill of a runaway reader, and also
    throttles whoever needs more. Absent, the account's quota is the limit; but emptied it changes nothing, and AWS
    keeps the last number: to be rid of a limit give it that quota."""
    table_max_write_units: Annotated[_Units | None, BeforeValidator(_optional_integer)] = None
    """The same of writes; a large import that is throttled takes longer, and fails when its retries are used up."""
    monthly_budget_usd: Annotated[int, Field(ge=1)]
    """What this environment may cost per month. The alarms' subscribers are told at 80 % and 100 %, and when 100 % is
    forecast; nothing is stopped."""
    alarm_emails: Annotated[tuple[Email, ...], BeforeValidator(_listed)] = ()
    """Who hears of alarms. Each must confirm two messages (of the region and of us-east-1), or alarms go nowhere."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Of the functions. DEBUG logs whole events, and costs accordingly."""
    intake_concurrency: Annotated[int, Field(ge=2, le=1000)] = 5
    """Start functions at once, per pipeline; the queue keeps the rest. They take from the account's concurrency."""

    reserved_concurrency: Annotated[tuple[Reservation, ...], BeforeValidator(_listed)] = ()
    """Functions, as name=count, that have so much of the account's concurrency to themselves and never get more; 0
    stops one. What is reserved nobody else can use, and Lambda keeps 100 free: a small account refuses to deploy."""

    auto_approve_score: Annotated[Score | None, BeforeValidator(_absent)] = None
    """0 to 1; from here on an appearance is published without a person. Lower publishes more mistakes. Absent, that
    score holds that was estimated from films, from which on 99 in 100 are to be right."""
    review_score: Annotated[Score | None, BeforeValidator(_absent)] = None
    """0 to 1; below it an appearance is dropped, between the two a person decides. Lower makes more work. Absent, the
    estimated score holds."""
    max_drop_share: Score
    """0 to 1; a feed that would remove more of the products is held for a person. 1 lets an empty feed empty a shop."""
    segment_seconds: Annotated[int, Field(ge=10, le=900)]
    """Length of the time ranges that a film is analysed in: shorter is faster and costs more invocations."""
    analysis_revision: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,31}$")]
    """Part of every execution's name: a new one lets old uploads be analysed again, at the full price of each."""

    @property
    def reservations(self) -> Mapping[str, int]:
        """Function → reserved concurrency."""
        return {name: int(count) for name, _, count in (one.partition("=") for one in self.reserved_concurrency)}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        problems = [*self._contradictions(), *self._unkept_promises()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _contradictions(self) -> Iterable[str]:
        if (self.review_score or 0.0) > (1.0 if self.auto_approve_score is None else self.auto_approve_score):
            yield "reviewScore is above autoApproveScore: nothing would lie between them"
        if (self.originals_archive_days or 0) >= (self.originals_deep_archive_days or 731):
            yield "originalsDeepArchiveDays must be more than originalsArchiveDays: S3 moves a film once into each"
        if len(self.reservations) < len(self.reserved_concurrency):
            yield "reservedConcurrency names a function twice"
        if (self.domain is None) != (self.certificate_arn is None):
            yield "domain and certificateArn go together: give both or neither"
        if self.certificate_arn and self.certificate_arn.split(":")[4] != self.account_id:
            # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
            yield f"certificateArn is not of account {self.account_id}, and CloudFront takes only its own account's"
        if self.image_repository.split(".")[3] != self.region:
            # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
            yield f"imageRepository is not in {self.region}: Lambda pulls images from its own region only"

    def _unkept_promises(self) -> Iterable[str]:
        if self.environment == "dev":
            return
        promised = {
            "domain": self.domain,
            "certificateArn": self.certificate_arn,
            "alarmEmails": self.alarm_emails,
            "deletionProtection": self.deletion_protection,
        }
        missing = [name for name, value in promised.items() if not value]
        if missing:
            yield f"{self.environment} needs {', '.join(missing)}"
        kept = {"logRetentionDays": self.log_retention_days, "noncurrentDays": self.noncurrent_days}
        for name, least in _LEAST_DAYS[self.environment].items():
            if kept[name] < least:
                yield f"{self.environment} needs {name} of at least {least}, not {kept[name]}"

    def check_stack(self, stack: str, project: str) -> None:
        if stack != self.environment and not stack.startswith(f"{self.environment}-"):
            raise SettingsError(
                f"stack {stack} has environment {self.environment}: name it {self.environment} or "
                f"{self.environment}-<something>, so that no one updates one for the other"
            )
        if not _STACK.fullmatch(stack):
            raise SettingsError(
                f"stack {stack!r}: its name is part of buckets' names; S3 takes lower-case letters, digits and - only"
            )
        longest = longest_stack(project)
        if len(stack) > longest:
            raise SettingsError(
                f"stack {stack} has {len(stack)} characters; more than {longest} leave no room in names that carry it"
            )
