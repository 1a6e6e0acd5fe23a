"""What the bootstrap stack is told. Pulumi.yaml beside it says the same of every setting; a test compares them."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from infra import advice
from infra.advice import SettingsError


def _listed(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _parsed(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,]+@[^@\s,]+\.[^@\s,]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
_ISSUER = r"token\.actions\.githubusercontent\.com"
Repository = Annotated[str, StringConstraints(pattern=r"^([^/:*\s]+/[^/:*\s]+)?$")]
ProviderArn = Annotated[str, StringConstraints(pattern=rf"^(arn:[a-z-]+:iam::[0-9]{{12}}:oidc-provider/{_ISSUER})?$")]
KeyArn = Annotated[str, StringConstraints(pattern=r"^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]+)?$")]
MonitorArn = Annotated[str, StringConstraints(pattern=r"^(arn:[a-z-]+:ce::[0-9]{12}:anomalymonitor/[0-9a-f-]+)?$")]
Bucket = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(min_length=1)]
Regions = Annotated[tuple[Region, ...], BeforeValidator(_listed)]


class Settings(BaseModel):
    """In the stack's file the names are in camelCase."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )

    region: Region
    """From `aws:region`: where images are pushed, and where the environments are that no other region is named for."""
    account_id: Account
    """The only account that this stack may touch: the provider refuses every other."""
    owner: Annotated[str, StringConstraints(min_length=1)]
    """Team that answers for what environments share: a tag on everything."""
    cost_centre: Annotated[str, StringConstraints(min_length=1)]
    """Who pays for what environments share: a tag on everything."""
    repository_prefix: Name = "shoppable-video"
    """Repositories are <prefix>/<target>, roles <prefix>-ci-…; environments name it in imageRepository."""
    environment_accounts: Annotated[tuple[Account, ...], BeforeValidator(_listed), Field(min_length=1)]
    """Accounts whose functions pull the images; who is not listed cannot run one."""
    replication_regions: Regions = ()
    """Other regions that hold every image too: storage and transfer are paid for in each. Replaces the replication
    rules of the whole registry: an account has one set of them."""
    repository: Repository = ""
    """owner/name on GitHub, as in the sub claim of its tokens; empty: no OIDC provider, no deploy roles."""
    oidc_provider_arn: ProviderArn = ""
    """GitHub's OIDC provider where the account has it already (there can be one per issuer); empty: it is made."""
    environments: Names = (
        "dev",
        "staging",
        "prod",
    )
    """Environments in this account: each gets a deploy and a preview role, which trust its GitHub environment."""
    environment_regions: Regions = ()
    """Regions that deploy roles may deploy to besides aws:region. CloudFront's us-east-1 is always among them."""
    state_bucket: Bucket = ""
    """Bucket of Pulumi's state, which deploy roles read and write. Needed with repository."""
    secrets_key_arn: Annotated[
        str, StringConstraints(pattern=r"^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]+)?$")
    ] = ""
    """KMS key of the stacks' secrets provider, by its own ARN and no alias. Needed with repository."""
    cost_alert_emails: Annotated[tuple[Email, ...], BeforeValidator(_listed)] = ()
    """Who hears, once a day, of spending that departs from the account's habit; empty: it is only recorded."""
    cost_alert_usd: Annotated[int, Field(ge=1), BeforeValidator(_number)] = 100
    """Impact of an anomaly, in US dollars, from which on it is told: lower is noisier."""
    cost_monitor_arn: Annotated[
        str, StringConstraints(pattern=r"^(arn:[a-z-]+:ce::[0-9]{12}:anomalymonitor/[0-9a-f-]+)?$")
    ] = ""
    """The account's monitor of its services where there is one already (AWS makes it in accounts that opened Cost
    Explorer since 2023, and allows one); empty: it is made."""
    activate_cost_tags: Annotated[bool, BeforeValidator(_parsed)] = False
    """Lets bills be told apart by project, environment and cost-centre. AWS knows the tags a day after the first
    resource bore them; in an organisation only its management account may do this: elsewhere `pulumi up` fails."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.repository and not (self.state_bucket and self.secrets_key_arn):
            raise ValueError("repository is set: deploy roles also need stateBucket and secretsKeyArn")
        if self.oidc_provider_arn and not self.repository:
            raise ValueError("oidcProviderArn is set and repository is not: no role would trust it")
        if self.region in self.replication_regions:
            raise ValueError(f"replicationRegions names {self.region}, where images are pushed; name others only")
        if len(set(self.replication_regions)) != len(self.replication_regions):
            raise ValueError("replicationRegions names a region twice")
        return self


def load() -> Settings:
    """The settings of the stack that runs. Raises SettingsError."""
    project = pulumi.get_project()
    given: dict[str, Any] = {
        key.removeprefix(f"{project}:"): value
        for key, value in {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}.items()
        if key.startswith(f"{project}:")
    }
    return parse(given | {"region": pulumi.Config("aws").require("region")}, pulumi.get_stack(), project)


def parse(given: Mapping[str, Any], stack: str, project: str) -> Settings:
    """Settings of values as Pulumi passes them: text, and lists as JSON text. Raises SettingsError."""
    problems: list[str] = []
    for key in given:
        if key not in fields():
            near = advice.nearest(key, fields())
            problems.append(f"unknown setting {key}{f'; did you mean {near}?' if near else ''}")
    if not problems:
        try:
            return Settings.model_validate(dict(given))
        except ValidationError as error:
            for problem in error.errors():
                key = str(problem["loc"][0]) if problem["loc"] else ""
                said = problem["msg"].removeprefix("Value error, ")
                problems.append(f"{project}:{key}: {said}" if key else said)
                if key:
                    described = " ".join((fields()[key].description or "").split())
                    problems.append(f"  # {described}")
    raise SettingsError("\n".join([f"Pulumi.{stack}.yaml:", *(f"  {problem}" for problem in problems)])) from None


def fields() -> dict[str, FieldInfo]:
    """Every setting by its name in a stack's file."""
    return {field.alias or name: field for name, field in Settings.model_fields.items()}
