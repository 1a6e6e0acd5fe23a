"""What the environments of an account share, and none of which may go with one of them."""

import pulumi
import pulumi_aws as aws

from bootstrap import costs
from bootstrap.deployers import Deployers
from bootstrap.repositories import Repositories
from bootstrap.settings import Settings, load

PROJECT = "shoppable-video"


def main() -> None:
    """Settings → resources → outputs."""
    settings = load()
    provider = _provider(settings)
    options = pulumi.ResourceOptions(provider=provider)
    partition = aws.get_partition_output(opts=pulumi.InvokeOptions(provider=provider)).partition
    repositories = Repositories(
        prefix=settings.repository_prefix,
        account=settings.account_id,
        region=settings.region,
        replicas=settings.replication_regions,
        environment_accounts=settings.environment_accounts,
        partition=partition,
        provider=provider,
    ).create()
    outputs = {f"repository_{target}": url for target, url in repositories.items()}
    if settings.repository:
        outputs |= Deployers(
            project=settings.repository_prefix,
            repository=settings.repository,
            oidc_provider_arn=settings.oidc_provider_arn,
            environments=settings.environments,
            account=settings.account_id,
            regions=(settings.region, *settings.environment_regions),
            partition=partition,
            state_bucket=settings.state_bucket,
            secrets_key_arn=settings.secrets_key_arn,
            options=options,
        ).create()
    costs.watch(
        settings.repository_prefix,
        emails=settings.cost_alert_emails,
        threshold_usd=settings.cost_alert_usd,
        monitor_arn=settings.cost_monitor_arn,
        options=options,
    )
    if settings.activate_cost_tags:
        costs.activate_tags(options)
    for name, value in outputs.items():
        pulumi.export(name, value)


def _provider(settings: Settings) -> aws.Provider:
    return aws.Provider(
        "aws",
        region=settings.region,
        allowed_account_ids=[settings.account_id],
        default_tags={
            "tags": {
                "project": PROJECT,
                "environment": "shared",
                "owner": settings.owner,
                "cost-centre": settings.cost_centre,
            }
        },
    )
