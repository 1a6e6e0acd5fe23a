"""Deployments after the first: what is made, changed, replaced, kept and removed, and in which order."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from embedded.engine import (
    Deployment,
    DeploymentFailed,
    Destroyed,
    Event,
    ProviderError,
    Snapshot,
    Step,
    destroy,
    run,
    urns,
)
from embedded.provider import AwsProvider
from tests.support.cloud import REGION, RunningCloud, unique
from tests.support.programs import component, write_program

_HEAD = (
    "import json\nimport pulumi\nimport pulumi_aws as aws\nOptions = pulumi.ResourceOptions\n"
    "allow = {'Effect': 'Allow', 'Action': 'sqs:SendMessage', 'Resource': '*'}\n"
    "POLICY = json.dumps({'Version': '2012-10-17', 'Statement': [allow]})\n"
    "ours = {**allow, 'Principal': {'AWS': '123456789012'}}\n"
    "QUEUE_POLICY = json.dumps({'Version': '2012-10-17', 'Statement': [ours]})\n"
)


@dataclass
class World:
    """One stack of a small project in the embedded AWS: what was remembered of it, and what happened last."""

    cloud: RunningCloud
    directory: Path
    project: str
    state: Snapshot = field(default_factory=Snapshot)
    happened: list[str] = field(default_factory=list)
    because: dict[str, tuple[str, ...]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def up(self, source: str, *, preview: bool = False, **options: Any) -> Deployment:
        """Deploy a program, or preview it; what happened are texts like `update queue`."""
        write_program(self.directory, _HEAD + source, project={"name": self.project})
        self._forget()
        before = self.state
        try:
            done = run(
                self.directory,
                "dev",
                preview=preview,
                provider=self.provider,
                state=before,
                on_event=self._saw,
                on_step=self.steps.append,
                **options,
            )
        except DeploymentFailed as failure:
            self._remember(failure.deployment, before, preview=preview)
            raise
        self._remember(done, before, preview=preview)
        return done

    def down(self, **options: Any) -> Destroyed:
        self._forget()
        before = self.state
        done = destroy(
            before,
            provider=self.provider,
            region=REGION,
            on_event=self._saw,
            on_step=self.steps.append,
            **options,
        )
        self.state = done.left
        assert before.after(self.steps) == done.left
        return done

    @property
    def provider(self) -> AwsProvider:
        facts = self.cloud.facts
        return AwsProvider(
            root=self.directory,
            endpoint_url=self.cloud.url,
            access_key_id=facts["access_key_id"],
            secret_access_key=facts["secret_access_key"],
        )

    def one(self, name: str, kind: str = "") -> Any:
        (found,) = [item for item in self.state.resources.values() if item.name == name and item.type.endswith(kind)]
        return found

    def _forget(self) -> None:
        self.happened.clear()
        self.because.clear()
        self.steps.clear()

    def _saw(self, event: Event) -> None:
        if event.kind in ("create", "update", "replace", "same", "delete", "discard", "keep"):
            name = urns.parse(event.urn).name
            self.happened.append(f"{event.kind} {name}")
            self.because[name] = event.properties or self.because.get(name, ())

    def _remember(self, done: Deployment, before: Snapshot, *, preview: bool) -> None:
        if preview:
            assert not self.steps
            return
        self.state = done.snapshot
        # What the journal says is what the run says in the end, but for the outputs of components and of the stack.
        told = before.after(self.steps)
        assert {urn: item.id for urn, item in told.resources.items()} == {
            urn: item.id for urn, item in self.state.resources.items()
        }
        assert (told.replaced, told.begun) == (self.state.replaced, self.state.begun)


@pytest.fixture
def world(cloud: RunningCloud, tmp_path: Path) -> World:
    return World(cloud, tmp_path, unique("world"))


def _queues(world: World) -> set[str]:
    found = world.cloud.client("sqs").list_queues().get("QueueUrls", [])
    return {url for url in found if "queue" in url}


def test_should_say_which_properties_change_and_preview_the_same(world: World) -> None:
    source = "aws.sqs.Queue('queue', visibility_timeout_seconds={}, tags={})\naws.sqs.Queue('other')\n"
    world.up(source.format(30, {"a": "1"}))
    assert sorted(world.happened) == ["create other", "create queue"]
    changed = source.format(40, {"a": "2"})
    world.up(changed, preview=True)
    previewed = (sorted(world.happened), dict(world.because))
    world.up(changed)
    assert (sorted(world.happened), dict(world.because)) == previewed
    assert previewed[0] == ["same other", "update queue"]
    assert previewed[1]["queue"] == ("tagsAll", "visibilityTimeoutSeconds")
    world.up(changed)
    assert sorted(world.happened) == ["same other", "same queue"]


def test_should_make_the_successor_first_and_move_its_dependents_to_it(world: World) -> None:
    source = """
queue = aws.sqs.Queue("queue", **{})
policy = aws.sqs.QueuePolicy("policy", queue_url=queue.url, policy=QUEUE_POLICY)
aws.sns.Topic("topic")
"""
    world.up(source.format("{}"))
    old = world.one("queue", "Queue").id
    fifo = source.format('{"fifo_queue": True}')
    world.up(fifo, preview=True)
    assert sorted(world.happened) == ["replace policy", "replace queue", "same topic"]
    world.up(fifo)
    new = world.one("queue", "Queue").id
    assert world.because["queue"] == ("fifoQueue",)
    assert world.happened.index("replace queue") < world.happened.index("discard policy")
    # The dependents of the old one go before it.
    assert world.happened[-1] == "discard queue"
    assert new.endswith(".fifo")
    assert new.removesuffix(".fifo") != old
    assert _queues(world) & {old, new} == {new}
    assert world.one("policy").id == new


def test_should_keep_the_name_of_a_successor_until_the_next_replacement(world: World) -> None:
    source = "aws.iam.Role('role', path='/{}/', assume_role_policy=json.dumps({{'Version': '2012-10-17'}}))"
    world.up(source.format("a"))
    names = [world.one("role").id]
    for path in ("b", "b", "c"):
        world.up(source.format(path))
        names.append(world.one("role").id)
    assert names[1] == names[2]
    assert len(set(names)) == 3


def test_should_delete_a_fixed_name_first_with_what_must_follow_it(world: World) -> None:
    name = unique("bucket")
    source = f"""
bucket = aws.s3.Bucket("bucket", bucket="{name}", object_lock_enabled={{}})
enabled = {{{{"status": "Enabled"}}}}
versions = aws.s3.BucketVersioning("versions", bucket=bucket.bucket, versioning_configuration=enabled)
after = Options(depends_on=[versions])
aws.s3.BucketPublicAccessBlock("block", bucket=bucket.bucket, block_public_acls=True, opts=after)
aws.sqs.Queue("queue", tags={{{{"bucket": bucket.arn}}}})
"""
    world.up(source.format("None"))
    world.up(source.format("True"), preview=True)
    expected = ["replace block", "replace bucket", "replace versions", "same queue"]
    # Nobody knows yet that the ARN will be the same one.
    assert sorted(world.happened) == [*expected[:3], "update queue"]
    world.up(source.format("True"))
    assert world.happened[:3] == ["discard block", "discard versions", "discard bucket"]
    assert sorted(world.happened[3:]) == expected
    s3 = world.cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def test_should_replace_where_the_option_says_so(world: World) -> None:
    source = "aws.sqs.Queue('queue', delay_seconds={}, opts=Options(replace_on_changes=['delaySeconds'{}]))"
    world.up(source.format(1, ""))
    world.up(source.format(2, ""))
    assert world.happened == ["replace queue", "discard queue"]
    world.up(source.format(3, "], delete_before_replace=[True][0], depends_on=["))
    assert world.happened == ["discard queue", "replace queue"]


def test_should_remove_what_left_the_program_after_what_is_new_and_dependents_first(world: World) -> None:
    pair = """
dead = aws.sqs.Queue("dead")
redrive = pulumi.Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
aws.sqs.Queue("alive", redrive_policy=redrive)
"""
    world.up(pair)
    world.up("aws.sqs.Queue('fresh')", preview=True)
    assert sorted(world.happened) == ["create fresh", "delete alive", "delete dead"]
    world.up("aws.sqs.Queue('fresh')")
    assert world.happened == ["create fresh", "delete alive", "delete dead"]


def test_should_refuse_to_remove_or_replace_what_is_protected(world: World) -> None:
    source = "aws.sqs.Queue('queue', fifo_queue={}, opts=Options(protect=True))"
    world.up(source.format(None))
    for preview in (True, False):
        with pytest.raises(DeploymentFailed, match="fifoQueue would replace it, and it is protected"):
            world.up(source.format(True), preview=preview)
        with pytest.raises(DeploymentFailed, match="::queue cannot be removed: it is protected"):
            world.up("aws.sqs.Queue('other')", preview=preview)
    assert world.one("queue").id in _queues(world)
    world.up("aws.sqs.Queue('queue')\naws.sqs.Queue('other')")
    assert sorted(world.happened) == ["same other", "same queue"]
    assert world.down().refused == {}


def test_should_leave_to_aws_what_is_to_be_retained(world: World) -> None:
    world.up("aws.sqs.Queue('queue', opts=Options(retain_on_delete=True))")
    url = world.one("queue").id
    world.up("aws.sqs.Queue('other')")
    assert "keep queue" in world.happened
    assert url in _queues(world)


def test_should_not_delete_what_goes_with_another(world: World) -> None:
    source = """
bucket = aws.s3.Bucket("bucket", force_destroy=True)
aws.s3.BucketVersioning("versions", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"},
    opts=Options(deleted_with=bucket))
"""
    world.up(source)
    calls: list[str] = []
    provider_class = type(world.provider)
    original = provider_class.delete

    def counted(self: AwsProvider, old: Any, settings: Any) -> None:
        calls.append(old.name)
        original(self, old, settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider_class, "delete", counted)
        assert world.down().refused == {}
    assert calls == ["bucket"]


@pytest.mark.parametrize(
    ("ignored", "happens"),
    [
        (["delaySeconds", "tags"], "same"),
        (["delaySeconds", "tags.a"], "same"),
        (["delaySeconds", 'tags["a"]'], "same"),
        (["delaySeconds", "tags.b"], "update"),
        (["tags"], "update"),
    ],
)
def test_should_ignore_changes_at_the_paths_given(world: World, ignored: list[str], happens: str) -> None:
    source = "aws.sqs.Queue('queue', delay_seconds={}, tags={}, opts=Options(ignore_changes={}))"
    world.up(source.format(1, {"a": "1"}, ignored))
    world.up(source.format(2, {"a": "2"}, ignored))
    assert world.happened == [f"{happens} queue"]


def test_should_take_a_renamed_component_for_the_old_one(world: World) -> None:
    part = component("Part", "aws.sqs.Queue(f'{name}-queue', opts=pulumi.ResourceOptions(parent=self))")
    world.up(f"{part}\nPart('old')\n")
    before = world.one("old-queue").id
    renamed = f"{part}\nPart('new', Options(aliases=[pulumi.Alias(name='old')]))\n"
    world.up(renamed, preview=True)
    assert world.happened == ["same new-queue"]
    world.up(renamed)
    assert world.happened == ["same new-queue"]
    assert world.one("new-queue").id == before
    world.up(renamed)
    assert world.happened == ["same new-queue"]


def test_should_refuse_options_that_it_does_not_honour(world: World) -> None:
    with pytest.raises(DeploymentFailed, match="the resource option import_ is not supported here"):
        world.up("aws.sqs.Queue('queue', opts=Options(import_='https://queue'))", preview=True)


def test_should_follow_the_outputs_of_another_stack(world: World) -> None:
    source = "base = pulumi.StackReference('base')\naws.sqs.Queue('queue', delay_seconds=base.require_output('delay'))"
    outputs = {"base": {"delay": 3}}
    world.up(source, stack_references=outputs.get)
    world.up(source, stack_references=outputs.get)
    assert world.happened == ["same queue"]
    outputs["base"] = {"delay": 4}
    world.up(source, stack_references=outputs.get)
    assert world.happened == ["update queue"]


def test_should_remove_everything_dependents_first(world: World) -> None:
    world.up("""
key = aws.kms.Key("key")
aws.kms.Alias("alias", target_key_id=key.key_id)
queue = aws.sqs.Queue("queue", kms_master_key_id=key.arn)
aws.sqs.QueuePolicy("policy", queue_url=queue.url, policy=QUEUE_POLICY)
""")
    url = world.one("queue").id
    done = world.down()
    assert done.refused == {}
    assert done.left == Snapshot()
    assert sorted(world.happened) == ["delete alias", "delete key", "delete policy", "delete queue"]
    assert world.happened[-1] == "delete key"
    assert url not in _queues(world)


def test_should_remove_nothing_of_a_stack_with_a_protected_resource_unless_told_to(world: World) -> None:
    world.up("""
dead = aws.sqs.Queue("dead")
redrive = pulumi.Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
queue = aws.sqs.Queue("queue", redrive_policy=redrive, opts=Options(protect=True))
aws.sqs.Queue("other")
""")
    queue = world.one("queue").urn
    assert world.down().refused == {queue: "it is protected (the option `protect`)"}
    assert world.happened == []
    refused = world.down(exclude_protected=True).refused
    assert world.happened == ["delete other"]
    assert refused == {
        queue: "it is protected (the option `protect`)",
        world.one("dead").urn: f"{queue} depends on it",
    }


def test_should_keep_what_aws_refuses_to_delete_and_remove_it_once_it_can(world: World) -> None:
    world.up("""
bucket = aws.s3.Bucket("bucket")
aws.s3.BucketVersioning("versions", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})
table = aws.dynamodb.Table("table", hash_key="id", attributes=[{"name": "id", "type": "S"}],
    billing_mode="PAY_PER_REQUEST", deletion_protection_enabled=True)
""")
    s3, dynamodb = world.cloud.client("s3"), world.cloud.client("dynamodb")
    bucket, table = world.one("bucket").id, world.one("table").id
    version = s3.put_object(Bucket=bucket, Key="precious", Body=b"x")["VersionId"]
    refused = world.down().refused
    assert {urns.parse(urn).name for urn in refused} == {"bucket", "table"}
    assert "BucketNotEmpty" in refused[world.one("bucket").urn]
    assert "DeletionProtectionEnabled" in refused[world.one("table").urn]
    assert world.happened == ["delete versions"]
    s3.delete_object(Bucket=bucket, Key="precious", VersionId=version)
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    assert world.down().refused == {}
    assert world.state.resources == {}


def test_should_empty_a_bucket_that_may_be_destroyed(world: World) -> None:
    world.up("""
bucket = aws.s3.Bucket("bucket", force_destroy=True)
aws.s3.BucketVersioning("versions", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})
""")
    s3, bucket = world.cloud.client("s3"), world.one("bucket").id
    for index in range(3):
        s3.put_object(Bucket=bucket, Key=f"key {index}", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="key 0")
    assert world.down().refused == {}
    assert bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}


class _Mortal(AwsProvider):
    """A provider whose process has ended: nothing is called any more."""

    dead = False

    def create(self, goal: Any) -> Any:
        self._breathe()
        return super().create(goal)

    def update(self, goal: Any, old: Any) -> Any:
        self._breathe()
        return super().update(goal, old)

    def delete(self, old: Any, settings: Any) -> None:
        self._breathe()
        super().delete(old, settings)

    def _breathe(self) -> None:
        if self.dead:
            raise ProviderError("dead")


@pytest.mark.parametrize("nth", range(1, 11))
def test_should_go_on_where_a_run_was_cut_short(world: World, nth: int) -> None:
    source = """
role = aws.iam.Role("role", path="/{0}/", assume_role_policy=json.dumps({{"Version": "2012-10-17"}}))
aws.iam.RolePolicy("policy", role=role.name, policy=POLICY)
bucket = aws.s3.Bucket("{0}-{1}")
"""
    mark = unique("cut")
    world.up(source.format("a", mark))
    kept: list[Step] = []
    mortal = _Mortal(
        root=world.directory,
        endpoint_url=world.cloud.url,
        access_key_id=world.cloud.facts["access_key_id"],
        secret_access_key=world.cloud.facts["secret_access_key"],
    )

    def take(step: Step) -> None:
        """Dies while the nth step is written: it has been taken, and nobody remembers it."""
        mortal.dead = mortal.dead or len(kept) + 1 == nth
        if not mortal.dead:
            kept.append(step)

    write_program(world.directory, _HEAD + source.format("b", mark), project={"name": world.project})
    with contextlib.suppress(DeploymentFailed):
        run(world.directory, "dev", preview=False, provider=mortal, state=world.state, on_step=take)
    assert mortal.dead
    world.state = world.state.after(kept)
    world.up(source.format("b", mark))
    world.up(source.format("b", mark))
    assert sorted(world.happened) == [f"same b-{mark}", "same policy", "same role"]
    iam, s3 = world.cloud.client("iam"), world.cloud.client("s3")

    def left() -> list[str]:
        roles = [role["RoleName"] for role in iam.list_roles()["Roles"] if role["Path"] in ("/a/", "/b/")]
        return roles + [found["Name"] for found in s3.list_buckets()["Buckets"] if mark in found["Name"]]

    assert sorted(left()) == sorted([world.one("role").id, world.one(f"b-{mark}").id])
    assert world.down().refused == {}
    assert left() == []
