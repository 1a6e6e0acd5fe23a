"""Programs under the engine: previews, deployments, and what comes back to the program."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embedded.engine import Deployment, DeploymentFailed, run
from embedded.engine.values import UNKNOWN, Asset, Secret
from embedded.provider import AwsProvider
from tests.support.cloud import RunningCloud, unique
from tests.support.programs import component, write_program

_PROGRAM = (
    """
import json
import pulumi
import pulumi_aws as aws

"""
    + component(
        "Inbox",
        """
        child = pulumi.ResourceOptions(parent=self)
        self.dead = aws.sqs.Queue(f"{name}-dead", opts=child)
        self.queue = aws.sqs.Queue(
            f"{name}-queue",
            visibility_timeout_seconds=60,
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": self.dead.arn, "maxReceiveCount": 3}),
            opts=child,
        )
        self.register_outputs({"url": self.queue.url})
        """,
    )
    + """
inbox = Inbox("orders")
bucket = aws.s3.Bucket("files", tags={"colour": "blue"})
note = aws.s3.BucketObjectv2(
    "note", bucket=bucket.bucket, key="a+b ü.txt", source=pulumi.FileAsset("note.txt"),
    opts=pulumi.ResourceOptions(depends_on=[inbox]),
)
role = aws.iam.Role("worker", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
policy = aws.iam.RolePolicy(
    "worker",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": inbox.queue.arn}]}
    ),
)
parameter = aws.sqs.Queue("secretive", tags={"token": pulumi.Output.secret("hunter2")})
caller = aws.get_caller_identity()
pulumi.log.info("as many as three")
print("printed by the program")
pulumi.export("account", caller.account_id)
pulumi.export("url", inbox.queue.url)
pulumi.export("bucket", bucket.bucket)
pulumi.export("secret", pulumi.Output.secret("s"))
pulumi.export("etag", note.etag)
"""
)
_TAGS = {"aws:region": "eu-west-1", "aws:defaultTags": {"tags": {"owner": "tests"}}}


def provider_of(cloud: RunningCloud, root: Path) -> AwsProvider:
    return AwsProvider(
        root=root,
        endpoint_url=cloud.url,
        access_key_id=cloud.facts["access_key_id"],
        secret_access_key=cloud.facts["secret_access_key"],
        account=cloud.facts["account_id"],
    )


Deploy = Callable[..., Deployment]


@pytest.fixture
def deploy(cloud: RunningCloud) -> Deploy:
    """Run a project in earnest; `state` is the deployment before."""

    def run_it(directory: Path, before: Deployment | None = None, **options: Any) -> Deployment:
        state = before.snapshot if before else None
        return run(directory, "dev", preview=False, provider=provider_of(cloud, directory), state=state, **options)

    return run_it


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = write_program(
        tmp_path_factory.mktemp("example"), _PROGRAM, project={"name": unique("example")}, stacks={"dev": _TAGS}
    )
    (directory / "note.txt").write_text("noted")
    return directory


@pytest.fixture(scope="module")
def previewed(example: Path) -> Deployment:
    return run(example, "dev", preview=True)


@pytest.fixture(scope="module")
def deployed(example: Path, cloud: RunningCloud) -> Deployment:
    return run(example, "dev", preview=False, provider=provider_of(cloud, example))


def _one(deployment: Deployment, name: str, kind: str = "Queue") -> Any:
    (found,) = [item for item in deployment.resources if item.name == name and item.type.endswith(f":{kind}")]
    return found


def test_should_leave_unknown_in_a_preview_what_only_a_deployment_knows(previewed: Deployment) -> None:
    assert _one(previewed, "orders-queue").inputs["redrivePolicy"] == UNKNOWN
    assert _one(previewed, "worker", "RolePolicy").inputs["policy"] == UNKNOWN
    assert previewed.outputs["url"] == UNKNOWN
    assert previewed.outputs["etag"] == UNKNOWN


def test_should_know_automatic_names_in_a_preview(previewed: Deployment, deployed: Deployment) -> None:
    assert previewed.outputs["bucket"].startswith("files-")
    assert previewed.outputs["bucket"] == deployed.outputs["bucket"]


def test_should_name_resources_by_their_parents_types(deployed: Deployment) -> None:
    urn = f"urn:pulumi:dev::{deployed.project}::example:parts:Inbox$aws:sqs/queue:Queue::orders-queue"
    assert _one(deployed, "orders-queue").urn == urn
    assert _one(deployed, "orders-queue").parent == _one(deployed, "orders", "Inbox").urn


def test_should_make_what_the_program_asks_for(deployed: Deployment, cloud: RunningCloud) -> None:
    sqs = cloud.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=deployed.outputs["url"], AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert (
        json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == _one(deployed, "orders-dead").outputs["arn"]
    )
    policy = cloud.client("iam").get_role_policy(
        RoleName=_one(deployed, "worker", "Role").id, PolicyName=_one(deployed, "worker", "RolePolicy").inputs["name"]
    )["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == attributes["QueueArn"]


def test_should_upload_a_file_asset_under_its_literal_key(deployed: Deployment, cloud: RunningCloud) -> None:
    found = cloud.client("s3").get_object(Bucket=deployed.outputs["bucket"], Key="a+b ü.txt")
    assert found["Body"].read() == b"noted"
    source = _one(deployed, "note", "BucketObjectv2").inputs["source"]
    assert isinstance(source, Asset)
    assert source.path == "note.txt"


def test_should_give_every_taggable_resource_the_default_tags(deployed: Deployment, cloud: RunningCloud) -> None:
    tags = cloud.client("s3").get_bucket_tagging(Bucket=deployed.outputs["bucket"])["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"owner": "tests", "colour": "blue"}
    assert _one(deployed, "orders-queue").outputs["tagsAll"] == {"owner": "tests"}


def test_should_keep_secrets_marked_in_inputs_and_outputs(deployed: Deployment) -> None:
    tags = _one(deployed, "secretive").inputs["tags"]
    assert isinstance(tags, Secret)
    assert "hunter2" not in repr(tags)
    assert deployed.outputs["secret"] == Secret("s")


def test_should_record_what_depends_on_what(deployed: Deployment) -> None:
    queue, dead = _one(deployed, "orders-queue"), _one(deployed, "orders-dead")
    assert queue.property_dependencies["redrivePolicy"] == (dead.urn,)
    # Depending on a component means depending on what it consists of.
    assert set(_one(deployed, "note", "BucketObjectv2").dependencies) >= {queue.urn, dead.urn}


def test_should_keep_what_the_program_prints_and_logs(deployed: Deployment) -> None:
    assert {"as many as three", "printed by the program"} <= set(deployed.messages)


def test_should_answer_data_sources(deployed: Deployment) -> None:
    assert deployed.outputs["account"] == "123456789012"


def test_should_call_nothing_for_unchanged_inputs_and_update_changed_ones(
    tmp_path: Path, deploy: Deploy, cloud: RunningCloud
) -> None:
    source = """
        import pulumi_aws as aws
        import pulumi
        queue = aws.sqs.Queue("queue", visibility_timeout_seconds={seconds}, tags={tags})
        bucket = aws.s3.Bucket("bucket")
        aws.s3.BucketObjectv2("note", bucket=bucket.bucket, key="note", source=pulumi.FileAsset("note.txt"))
        pulumi.export("url", queue.url)
    """
    name = {"name": unique("update")}
    (tmp_path / "note.txt").write_text("one")
    write_program(tmp_path, source.format(seconds=30, tags={"a": "1", "b": "2"}), project=name)
    first = deploy(tmp_path)
    kinds: list[str] = []
    second = deploy(tmp_path, first, on_event=lambda event: kinds.append(event.kind))
    assert kinds == ["same", "same", "same"]
    assert second.outputs == first.outputs

    (tmp_path / "note.txt").write_text("two")
    write_program(tmp_path, source.format(seconds=45, tags={"a": "1", "c": "3"}), project=name)
    kinds.clear()
    third = deploy(tmp_path, second, on_event=lambda event: kinds.append(event.kind))
    assert sorted(kinds) == ["same", "update", "update"]
    sqs = cloud.client("sqs")
    url = third.outputs["url"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "45"
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1", "c": "3"}
    note = cloud.client("s3").get_object(Bucket=_one(third, "bucket", "Bucket").id, Key="note")
    assert note["Body"].read() == b"two"


def test_should_remove_what_the_program_no_longer_asks_for(tmp_path: Path, deploy: Deploy, cloud: RunningCloud) -> None:
    source = "import pulumi_aws as aws\naws.sqs.Queue('kept')\n"
    name = {"name": unique("remove")}
    first = deploy(write_program(tmp_path, source + "aws.sqs.Queue('gone')\n", project=name))
    second = deploy(write_program(tmp_path, source, project=name), first)
    assert [item.name for item in second.resources if item.custom] == ["kept"]
    urls = cloud.client("sqs").list_queues().get("QueueUrls", [])
    assert _one(first, "kept").id in urls
    assert _one(first, "gone").id not in urls


def test_should_find_a_renamed_resource_and_its_children_by_alias(tmp_path: Path, deploy: Deploy) -> None:
    source = "import pulumi\nimport pulumi_aws as aws\n" + component(
        "Part", "aws.sqs.Queue(f'{name}-queue', opts=pulumi.ResourceOptions(parent=self))"
    )
    name = {"name": unique("alias")}
    first = deploy(write_program(tmp_path, f"{source}\nPart('old')\n", project=name))
    renamed = "Part('new', pulumi.ResourceOptions(aliases=[pulumi.Alias(name='old')]))"
    kinds: list[str] = []
    second = deploy(
        write_program(tmp_path, f"{source}\n{renamed}\n", project=name),
        first,
        on_event=lambda event: kinds.append(event.kind),
    )
    assert kinds == ["same"]
    assert _one(second, "new-queue").id == _one(first, "old-queue").id


def test_should_apply_transforms_of_the_stack_and_of_a_resource(tmp_path: Path) -> None:
    program = write_program(
        tmp_path,
        """
        import pulumi
        import pulumi_aws as aws

        def longer(args):
            if args.type_ == "aws:sqs/queue:Queue":
                return pulumi.ResourceTransformResult({**args.props, "delaySeconds": 7}, args.opts)

        def hidden(args):
            return pulumi.ResourceTransformResult(
                {**args.props, "visibilityTimeoutSeconds": 9},
                pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True)),
            )

        pulumi.runtime.register_resource_transform(longer)
        aws.sqs.Queue("plain")
        aws.sqs.Queue("own", opts=pulumi.ResourceOptions(transforms=[hidden]))
        """,
    )
    deployment = run(program, "dev", preview=True)
    plain, own = _one(deployment, "plain"), _one(deployment, "own")
    assert plain.inputs["delaySeconds"] == 7
    assert "visibilityTimeoutSeconds" not in plain.inputs
    assert (own.inputs["delaySeconds"], own.inputs["visibilityTimeoutSeconds"]) == (7, 9)
    assert (plain.protect, own.protect) == (False, True)


def test_should_refuse_two_resources_of_one_urn(tmp_path: Path) -> None:
    program = write_program(
        tmp_path, "import pulumi_aws as aws\naws.sqs.Queue('twin')\naws.sqs.Queue('twin')\naws.sns.Topic('twin')\n"
    )
    with pytest.raises(DeploymentFailed, match=r"Duplicate resource URN 'urn:pulumi:dev::example::aws:sqs.*::twin'"):
        run(program, "dev", preview=True)


def test_should_report_every_mistake_of_a_program_in_one_preview(tmp_path: Path) -> None:
    program = write_program(
        tmp_path,
        """
        import pulumi
        import pulumi_aws as aws
        aws.sqs.Queue("typo", tags={"a": "b"}, visibility_timeout_seconds=5)
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        aws.s3.Bucket("bucket", acl="private")
        aws.s3.BucketVersioning("versions", bucket="b", versioning_configuration={"status": "On"})
        """,
    )
    with pytest.raises(DeploymentFailed) as caught:
        run(program, "dev", preview=True)
    status = "PutBucketVersioning.VersioningConfiguration.Status"
    assert sorted(caught.value.errors) == [
        "aws:ec2/vpc:Vpc vpc: unknown resource type aws:ec2/vpc:Vpc",
        "aws:s3/bucket:Bucket bucket: unsupported arguments: acl",
        f"aws:s3/bucketVersioning:BucketVersioning versions: {status}: 'On' is none of Enabled, Suspended",
    ]


def test_should_end_with_the_programs_own_traceback(tmp_path: Path) -> None:
    program = write_program(tmp_path, "import pulumi\nraise ValueError('no such shop')\n")
    with pytest.raises(DeploymentFailed, match=r"ValueError: no such shop$") as caught:
        run(program, "dev", preview=True)
    (error,) = caught.value.errors
    assert error.splitlines()[:2] == [
        "Traceback (most recent call last):",
        f'  File "{tmp_path}/__main__.py", line 2, in <module>',
    ]


def test_should_stop_at_a_failed_call_and_remember_what_exists(tmp_path: Path, deploy: Deploy) -> None:
    program = write_program(
        tmp_path,
        """
        import pulumi
        import pulumi_aws as aws
        first = aws.sqs.Queue("first")
        broken = aws.kms.Alias("broken", target_key_id=first.arn)
        aws.sqs.Queue("after", delay_seconds=1, opts=pulumi.ResourceOptions(depends_on=[broken]))
        """,
        project={"name": unique("broken")},
    )
    with pytest.raises(DeploymentFailed, match=r"aws:kms/alias:Alias broken: .*CreateAlias") as caught:
        deploy(program)
    assert [item.name for item in caught.value.deployment.resources if item.custom] == ["first"]


def test_should_refuse_a_deployment_that_needs_an_output_which_does_not_exist(tmp_path: Path, deploy: Deploy) -> None:
    program = write_program(
        tmp_path,
        """
        import pulumi_aws as aws
        bucket = aws.s3.Bucket("bucket")
        aws.sqs.Queue("queue", policy=bucket.website_endpoint)
        """,
        project={"name": unique("missing")},
    )
    with pytest.raises(DeploymentFailed, match="no value for policy of aws:sqs/queue:Queue queue"):
        deploy(program)


def test_should_refuse_the_default_provider_where_the_stack_disables_it(tmp_path: Path) -> None:
    program = write_program(
        tmp_path,
        """
        import pulumi
        import pulumi_aws as aws
        provider = aws.Provider("eu", region="eu-central-1", default_tags={"tags": {"via": "provider"}})
        aws.sqs.Queue("explicit", opts=pulumi.ResourceOptions(provider=provider))
        aws.sqs.Queue("implicit")
        """,
        stacks={"dev": {"pulumi:disable-default-providers": ["aws"]}},
    )
    with pytest.raises(DeploymentFailed, match="Queue implicit: default provider for 'aws' disabled") as caught:
        run(program, "dev", preview=True)
    assert len(caught.value.errors) == 1
    assert _one(caught.value.deployment, "explicit").inputs["tagsAll"] == {"via": "provider"}


def test_should_read_another_stacks_outputs(tmp_path: Path) -> None:
    program = write_program(
        tmp_path,
        """
        import pulumi
        import pulumi_aws as aws
        base = pulumi.StackReference("organization/base/dev")
        aws.sqs.Queue("queue", name=base.require_output("queue_name"))
        pulumi.export("password", base.require_output("password"))
        """,
    )
    outputs = {"organization/base/dev": {"queue_name": "from-below", "password": Secret("hunter2")}}
    deployment = run(program, "dev", preview=True, stack_references=outputs.get)
    assert _one(deployment, "queue").inputs["name"] == "from-below"
    assert deployment.outputs["password"] == Secret("hunter2")
    unknown = run(program, "dev", preview=True)
    assert _one(unknown, "queue").inputs["name"] == UNKNOWN
