"""How long one run of the program takes, against the least that a program of its kind could.

The least: `import pulumi_aws` and one resource of each service that the program uses, registered with the same stand-in
for an engine. Both are measured as the process's own CPU time and by the clock, in processes of their own that take
turns; the least of some rounds counts. Reported, not asserted: the aim is under 4 seconds.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AIM_SECONDS = 4.0

# What all three have in common: the mocks, one loop, the program inside a stack.
_RUN = """
import asyncio, time
began, began_cpu = time.monotonic(), time.process_time()
import pulumi
from pulumi.runtime import mocks, set_all_config, set_mocks
from pulumi.runtime.stack import run_pulumi_func
class Mocks(mocks.Mocks):
    made = []
    def new_resource(self, args):
        self.made.append(args.typ)
        return args.name, dict(args.inputs)
    def call(self, args):
        return {}, []
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
set_mocks(Mocks(), preview=False)
set_all_config({"aws:region": "eu-central-1"})
def program():
"""
_END = """
loop.run_until_complete(run_pulumi_func(program))
print(time.monotonic() - began, time.process_time() - began_cpu, len(Mocks.made))
"""

# One resource of each service, with the least arguments that it takes.
_ONE_OF_EACH: Mapping[str, str] = {
    "budgets": 'aws.budgets.Budget("x", budget_type="COST", time_unit="MONTHLY")',
    "cloudfront": 'aws.cloudfront.OriginAccessControl("x", origin_access_control_origin_type="s3", '
    'signing_behavior="always", signing_protocol="sigv4")',
    "cloudwatch": 'aws.cloudwatch.LogGroup("x")',
    "dynamodb": 'aws.dynamodb.Table("x")',
    "iam": 'aws.iam.Role("x", assume_role_policy="{}")',
    "kms": 'aws.kms.Key("x")',
    "lambda": 'aws.lambda_.Function("x", role="arn")',
    "s3": 'aws.s3.Bucket("x")',
    "sfn": 'aws.sfn.StateMachine("x", definition="{}", role_arn="arn")',
    "sns": 'aws.sns.Topic("x")',
    "sqs": 'aws.sqs.Queue("x")',
    "wafv2": 'aws.wafv2.WebAcl("x", scope="CLOUDFRONT", default_action={"allow": {}}, '
    'visibility_config={"cloudwatch_metrics_enabled": True, "metric_name": "x", "sampled_requests_enabled": True})',
    "apigatewayv2": 'aws.apigatewayv2.Api("x", protocol_type="HTTP")',
}
_RECORDED = """
import time
began, began_cpu = time.monotonic(), time.process_time()
from pathlib import Path
from release.recording import record
found = record(Path.cwd(), {stack!r})["resources"]
kinds = [one["type"].split(":") for one in found]
services = sorted({{kind[1].split("/")[0] for kind in kinds if kind[0] == "aws"}})
print(time.monotonic() - began, time.process_time() - began_cpu, len(found), *services)
"""


def main() -> int:
    """A line per program, and their ratio."""
    parser = argparse.ArgumentParser(prog="bench.program", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stack", default="prod")
    arguments = parser.parse_args()
    whole = _RECORDED.format(stack=arguments.stack)
    services = _run(whole)[3:]
    missing = [one for one in services if one not in _ONE_OF_EACH]
    if missing:
        print(f"no resource is known here of {', '.join(missing)}: add one to bench/program.py", file=sys.stderr)
        return 2
    lines = ["    import pulumi_aws as aws", *(f"    {_ONE_OF_EACH[one]}" for one in services)]
    programs = {
        "import pulumi": f"{_RUN}    pass{_END}",
        f"import pulumi_aws, {len(services)} resources": _RUN + "\n".join(lines) + _END,
        f"the program, stack {arguments.stack}": whole,
    }
    best: dict[str, tuple[float, float, int]] = dict.fromkeys(programs, (float("inf"), float("inf"), 0))
    for _ in range(arguments.rounds):
        for name, code in programs.items():
            clock, cpu, made = (float(word) for word in _run(code)[:3])
            best[name] = (min(best[name][0], clock), min(best[name][1], cpu), int(made))
    _show(best)
    return 0


def _show(best: Mapping[str, tuple[float, float, int]]) -> None:
    print(f"{'what runs':40}{'resources':>10}{'CPU s':>8}{'clock s':>9}")
    for name, (clock, cpu, made) in best.items():
        print(f"{name:40}{made:>10}{cpu:>8.2f}{clock:>9.2f}")
    _, bare, whole = best.values()
    print(
        f"\nprogram: {whole[1] / bare[1]:.2f} times the bare one in CPU time ({whole[0] / bare[0]:.2f} by the clock); "
    )
    print(f"aim under {AIM_SECONDS:.0f} s: {'met' if whole[1] < AIM_SECONDS else 'missed'} in CPU time")


def _run(code: str) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return ran.stdout.strip().splitlines()[-1].split()


if __name__ == "__main__":
    sys.exit(main())
