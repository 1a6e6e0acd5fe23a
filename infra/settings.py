"""The settings of a stack: the only reader of Pulumi's configuration. A setting is what environments differ in.

Each field's docstring says what it costs or endangers; Pulumi.yaml carries the same text, type and default.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from infra import advice
from infra.advice import SettingsError
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


class Settings(BaseModel):
    """Everything that may differ between stacks. In the stack's file the names are in camelCase."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )

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
    throttles whoever needs more. Absent, the account's quota is the limit."""
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

    auto_approve_score: Score
    """0 to 1; from here on an appearance is published without a person. Lower publishes more mistakes."""
    review_score: Score
    """0 to 1; below it an appearance is dropped, between the two a person decides. Lower makes more work."""
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
        if self.review_score > self.auto_approve_score:
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


def load() -> Settings:
    """The settings of the stack that runs. Raises SettingsError."""
    project = pulumi.get_project()
    given: dict[str, Any] = {
        key.removeprefix(f"{project}:"): value
        for key, value in {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}.items()
        if key.startswith(f"{project}:")
    }
    return parse(given | {"region": pulumi.Config("aws").require("region")}, pulumi.get_stack(), project)


def parse(given: Mapping[str, Any], stack: str, project: str = "shoppable-video") -> Settings:
    """Settings of values as Pulumi passes them: text, and lists as JSON text. Raises SettingsError."""
    problems, named = _unknown(given)
    if not problems:
        try:
            settings = Settings.model_validate(dict(given))
        except ValidationError as error:
            for problem in error.errors():
                key = str(problem["loc"][0]) if problem["loc"] else ""
                said = problem["msg"].removeprefix("Value error, ")
                problems.append(f"{key}: {said}" if key else said)
                named |= dict.fromkeys([key] if key else [one for one in fields() if re.search(rf"\b{one}\b", said)])
        else:
            _check_stack(stack, settings.environment, project)
            return settings
    lines = [f"Pulumi.{stack}.yaml:", *(f"  {problem}" for problem in problems)]
    if named:
        lines += ["Write there, for example:", "config:"]
        lines += [advice.line(key, fields()[key], project, value) for key, value in named.items()]
    raise SettingsError("\n".join(lines)) from None


def fields() -> dict[str, FieldInfo]:
    """Every setting by its name in a stack's file."""
    return {field.alias or name: field for name, field in Settings.model_fields.items()}


def _unknown(given: Mapping[str, Any]) -> tuple[list[str], dict[str, object]]:
    """What is wrong, and which settings were probably meant, with the values that were given to them."""
    problems: list[str] = []
    meant: dict[str, object] = {}
    for key, value in given.items():
        if key in fields():
            continue
        near = advice.nearest(key, fields())
        problems.append(f"unknown setting {key}{f'; did you mean {near}?' if near else ''}")
        if near:
            meant[near] = value
    return problems, meant


def _check_stack(stack: str, environment: str, project: str) -> None:
    if stack != environment and not stack.startswith(f"{environment}-"):
        raise SettingsError(
            f"stack {stack} has environment {environment}: name it {environment} or "
            f"{environment}-<something>, so that no one updates one for the other"
        )
    longest = longest_stack(project)
    if len(stack) > longest:
        raise SettingsError(
            f"stack {stack} has {len(stack)} characters; more than {longest} leave no room in names that carry it"
        )
