"""Runs the program with stand-ins for AWS and prints every role's trust and policy as JSON: what it would be allowed.

A preview cannot tell: in it ARNs are unknown, and a policy that names one is unknown as a whole. A deployment could,
but its names differ between environments. So the program runs to its end against Pulumi's own mocks, always under
prod's settings and in the same account and region: what differs between two runs is what the program grants. A process
of its own (`python -m release.recording`), since mocks are process-wide.
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


class _Account(mocks.Mocks):
    """An account in which everything is called as in the program; keeps what roles may do."""

    def __init__(self) -> None:
        self.roles: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", cast("Any", args).inputs)
        if not args.custom:
            return None, dict(inputs)
        _, kind, _ = args.typ.split(":")
        match args.typ:
            case "aws:iam/role:Role":
                self.roles.setdefault(args.name, {})["trust"] = json.loads(inputs["assumeRolePolicy"])
            case "aws:iam/rolePolicy:RolePolicy":
                self.roles.setdefault(args.name, {})["policy"] = json.loads(inputs["policy"])
            case _:
                pass
        state = {
            "name": args.name,
            "bucket": args.name,
            "arn": f"arn:aws:{kind.split('/')[0]}:{_REGION}:{_ACCOUNT}:{kind.split('/')[-1]}/{args.name}",
            "url": f"https://sqs.{_REGION}.amazonaws.com/{_ACCOUNT}/{args.name}",
            "domainName": f"{args.name}.cloudfront.example",
            "bucketRegionalDomainName": f"{args.name}.s3.{_REGION}.amazonaws.com",
        }
        return f"{kind.split('/')[-1]}-{args.name}", state | inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": _ACCOUNT, "id": _ACCOUNT},
            "aws:index/getPartition:getPartition": {"partition": "aws", "id": "aws"},
        }
        return answers[args.token], []


def record(root: Path) -> Mapping[str, Any]:
    """Role → trust and policy documents. Raises what the program raises."""
    with tempfile.TemporaryDirectory() as directory:
        stands_in = Path(directory)
        (stands_in / "index.html").touch()
        path(stands_in, _STACK).write_text(_promotion().model_dump_json())
        config = configuration(root, _STACK) | {
            "aws:region": _REGION,
            f"{PROJECT}:accountId": _ACCOUNT,
            f"{PROJECT}:playerDirectory": directory,
            f"{PROJECT}:promotionDirectory": directory,
        }
        account = _Account()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        set_mocks(account, project=PROJECT, stack=_STACK, preview=False)
        set_all_config(config)
        loop.run_until_complete(run_pulumi_func(lambda: _run(root / "__main__.py")))
        return account.roles


def _run(main: Path) -> None:
    runpy.run_path(str(main), run_name="__main__")


def _promotion() -> Promotion:
    content = Content(code_digest="0" * 64, workflows={}, settings_schema="0" * 64, permissions={})
    images = {target: {"arm64": f"sha256:{index:064}"} for index, target in enumerate(TARGETS)}
    return Promotion.model_validate(
        {"version": 1, "environment": _STACK, "commit": "0" * 40, "images": images, "content": content.model_dump()}
    )


if __name__ == "__main__":
    json.dump(record(Path.cwd()), sys.stdout, sort_keys=True)
