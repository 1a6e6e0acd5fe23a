"""Runs the program with stand-ins for AWS and prints as JSON what it grants and what it makes.

A preview cannot tell what is granted: in it ARNs are unknown, and a policy that names one is unknown as a whole. A
deployment could, but its names differ between environments. So the program runs to its end against Pulumi's own mocks.
`python -m release.recording` takes prod's settings in the same account and region whatever the environment: what
differs between two runs is what the program grants. `python -m release.recording STACK` takes a stack's own settings:
what it would make. A process of its own, since mocks are process-wide.
"""

import asyncio
import json
import runpy
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pulumi.runtime import mocks, set_all_config, set_mocks
from pulumi.runtime.stack import run_pulumi_func

from infra.promotion import TARGETS, Content, Promotion, path
from release.stacks import PROJECT, configuration

_ACCOUNT = "123456789012"
_REGION = "eu-central-1"
_STACK = "prod"


_POLICIES: Mapping[str, str] = {
    "aws:kms/key:Key": "key",
    "aws:kms/keyPolicy:KeyPolicy": "key policy",
    "aws:s3/bucketPolicy:BucketPolicy": "bucket policy",
    "aws:sns/topicPolicy:TopicPolicy": "topic policy",
    "aws:sqs/queuePolicy:QueuePolicy": "queue policy",
}
"""Policies of resources, which grant as those of roles do."""


class _Account(mocks.Mocks):
    """An account in which everything is called as in the program; keeps what is granted and what is made."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._regions: dict[str, str] = {}
        self.permissions: dict[str, dict[str, Any]] = {}
        self.resources: list[dict[str, Any]] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", cast("Any", args).inputs)
        if not args.custom:
            return None, dict(inputs)
        if args.typ == "pulumi:providers:aws":
            self._regions[args.name] = inputs["region"]
            return f"provider-{args.name}", dict(inputs)
        kind = args.typ.split(":")[1]
        self._grant(args.typ, args.name, inputs)
        named = next((inputs[key] for key in ("name", "dashboardName") if isinstance(inputs.get(key), str)), None)
        through = str(args.provider or "").rpartition("::")[0].rpartition("::")[2]
        self.resources.append(
            {
                "type": args.typ,
                "logical": args.name,
                "name": named,
                "region": inputs.get("region") or self._regions.get(through, self._region),
                "memory_mb": int(inputs.get("memorySize") or 0),
            }
        )
        state = {
            "name": args.name,
            "bucket": args.name,
            "arn": f"arn:aws:{kind.split('/')[0]}:{self._region}:{_ACCOUNT}:{kind.split('/')[-1]}/{args.name}",
            "url": f"https://sqs.{self._region}.amazonaws.com/{_ACCOUNT}/{args.name}",
            "digest": f"sha256:{0:064}",
            "domainName": f"{args.name}.cloudfront.example",
            "bucketRegionalDomainName": f"{args.name}.s3.{self._region}.amazonaws.com",
        }
        return f"{kind.split('/')[-1]}-{args.name}", state | inputs

    def _grant(self, kind: str, name: str, inputs: Mapping[str, Any]) -> None:
        match kind:
            case "aws:iam/role:Role":
                self.permissions.setdefault(name, {})["trust"] = json.loads(inputs["assumeRolePolicy"])
            case "aws:iam/rolePolicy:RolePolicy":
                self.permissions.setdefault(name, {})["policy"] = json.loads(inputs["policy"])
            case _ if kind in _POLICIES and inputs.get("policy"):
                self.permissions[f"{name} ({_POLICIES[kind]})"] = {"policy": json.loads(inputs["policy"])}
            case _:
                pass

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": _ACCOUNT, "id": _ACCOUNT},
            "aws:index/getPartition:getPartition": {"partition": "aws", "id": "aws"},
        }
        return answers[args.token], []


def record(root: Path, stack: str | None = None) -> Mapping[str, Any]:
    """`permissions`: whose → documents; `resources`: type, names, region. Raises what the program raises."""
    config = configuration(root, stack or _STACK)
    environment = config[f"{PROJECT}:environment"]
    region = config["aws:region"] if stack else _REGION
    with tempfile.TemporaryDirectory() as directory:
        stands_in = Path(directory)
        (stands_in / "index.html").touch()
        path(stands_in, environment).write_text(_promotion(environment).model_dump_json())
        config |= {
            "aws:region": region,
            f"{PROJECT}:playerDirectory": directory,
            f"{PROJECT}:promotionDirectory": directory,
        }
        if not stack:
            config[f"{PROJECT}:accountId"] = _ACCOUNT
        account = _Account(region)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        set_mocks(account, project=PROJECT, stack=stack or _STACK, preview=False)
        set_all_config(config)
        loop.run_until_complete(run_pulumi_func(lambda: _run(root / "__main__.py")))
        return {"permissions": account.permissions, "resources": account.resources}


def _run(main: Path) -> None:
    runpy.run_path(str(main), run_name="__main__")


def _promotion(environment: str) -> Promotion:
    content = Content(code_digest="0" * 64, workflows={}, settings_schema="0" * 64, permissions={})
    images = {target: {"arm64": f"sha256:{index:064}"} for index, target in enumerate(TARGETS)}
    return Promotion.model_validate(
        {
            "version": 1,
            "environment": environment,
            "commit": "0" * 40,
            "images": images,
            "content": content.model_dump(),
        }
    )


if __name__ == "__main__":
    json.dump(record(Path.cwd(), *sys.argv[1:2]), sys.stdout, sort_keys=True)
