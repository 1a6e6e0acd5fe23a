"""The settings of a stack: the only reader of Pulumi's configuration. A setting is what environments differ in."""

import difflib
import json
from typing import Annotated, Any, Literal, Self

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

_RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


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
Origin = Annotated[str, StringConstraints(pattern=r"^https://[a-z0-9.-]+(:[0-9]+)?$")]
Score = Annotated[float, Field(ge=0.0, le=1.0)]


class Settings(BaseModel):
    """Everything that may differ between stacks. In the stack's file the names are in camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    region: str
    """From `aws:region`."""
    environment: Literal["dev", "staging", "prod"]
    account_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
    """The only account that this stack may touch: the provider refuses every other."""
    owner: Annotated[str, StringConstraints(min_length=1)]
    cost_centre: Annotated[str, StringConstraints(min_length=1)]

    image_repository: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/.+$")]
    """Without the target: `…/api` and `…/vision` are below it. Made by `bootstrap/`."""
    promotion_directory: str = "promotions"
    """Of the files that say which images staging and prod run, relative to the checkout; `make promote` writes them.
    Dev reads none: it builds its own images."""
    base_image: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$")] | None, BeforeValidator(_absent)
    ] = None
    """What images are built on, with its digest; the Dockerfile's own default has none."""

    domain: Annotated[str | None, BeforeValidator(_absent)] = None
    """Host name of the storefront. Without one viewers may connect with TLS 1.0: dev only."""
    certificate_arn: Annotated[str | None, BeforeValidator(_absent)] = None
    """Of an ACM certificate in us-east-1 that covers `domain`."""
    shop_origins: Annotated[tuple[Origin, ...], BeforeValidator(_listed)] = ()
    """Sites that may embed the player and read timelines and offers."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    """Which edges serve: more of the world costs more per gigabyte."""

    player_directory: str = "web/dist"
    """Of the built player, relative to the checkout; `make web` fills it."""

    deletion_protection: bool
    """Keeps buckets, tables and keys from destruction. Off, `pulumi destroy` deletes every video."""
    log_retention_days: Annotated[_RetentionDays, BeforeValidator(_integer)]
    """Longer costs storage per gigabyte and month."""
    noncurrent_days: Annotated[int, Field(ge=1)]
    """How long an overwritten or deleted object can be brought back; its storage is paid for as long."""
    frames_days: Annotated[int, Field(ge=1)]
    """How long sampled frames are kept: as evidence, and to match them again without decoding the video again."""
    access_log_days: Annotated[int, Field(ge=1)]
    """How long it is kept who asked the buckets for what; a busy bucket's log is paid for per gigabyte and month."""
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
    alarm_emails: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """Who hears of alarms."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG logs whole events, and costs accordingly."""
    intake_concurrency: Annotated[int, Field(ge=2, le=1000)] = 5
    """How many `start` functions run at once per pipeline; the queue keeps the rest."""

    auto_approve_score: Score
    """Appearances that score at least this are published without a person."""
    review_score: Score
    """Below it an appearance is dropped; between the two a person decides."""
    max_drop_share: Score
    """A feed that would remove more than this share of the live products is held for a person."""
    segment_seconds: Annotated[int, Field(ge=10, le=900)]
    """Length of the time ranges that a film is analysed in; a function has 15 minutes for one."""
    analysis_revision: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,31}$")]
    """Part of every execution's name: with a new one, an upload that was analysed can be analysed again."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.review_score > self.auto_approve_score:
            raise ValueError("reviewScore is above autoApproveScore: nothing would lie between them")
        if (self.originals_archive_days or 0) >= (self.originals_deep_archive_days or 731):
            raise ValueError(
                "originalsDeepArchiveDays must be more than originalsArchiveDays: S3 moves a film once into each"
            )
        if self.environment == "dev":
            return self
        promised = {
            "domain": self.domain,
            "certificateArn": self.certificate_arn,
            "alarmEmails": self.alarm_emails,
            "deletionProtection": self.deletion_protection,
        }
        missing = [name for name, value in promised.items() if not value]
        if missing:
            raise ValueError(
                f"{self.environment} needs {', '.join(missing)}; see the field's description in infra/settings.py"
            )
        return self


class SettingsError(Exception):
    """A stack's configuration that is not what `Settings` wants; the message names the key and the YAML to write."""


def load() -> Settings:
    """The settings of the stack that runs. Raises SettingsError."""
    project = pulumi.get_project()
    given: dict[str, Any] = {
        key.removeprefix(f"{project}:"): value
        for key, value in {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}.items()
        if key.startswith(f"{project}:")
    }
    return parse(given | {"region": pulumi.Config("aws").require("region")}, pulumi.get_stack())


def parse(given: dict[str, Any], stack: str) -> Settings:
    """Settings of values as Pulumi passes them: text, and lists as JSON text. Raises SettingsError."""
    known = [field.alias or name for name, field in Settings.model_fields.items()]
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"Pulumi.{stack}.yaml: unknown setting {key}{hint}")
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in problem['loc']) or 'settings'}: {problem['msg']}"
            for problem in error.errors()
        ]
        advice = f"Write it under `config:` in Pulumi.{stack}.yaml as `shoppable-video:<name>: <value>`."
        raise SettingsError("\n".join([f"Pulumi.{stack}.yaml:", *lines, advice])) from None
    if stack != settings.environment and not stack.startswith(f"{settings.environment}-"):
        raise SettingsError(
            f"stack {stack} has environment {settings.environment}: name it {settings.environment} or "
            f"{settings.environment}-<something>, so that no one updates one for the other"
        )
    return settings
