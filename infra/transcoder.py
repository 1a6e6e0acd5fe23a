"""Transcoding: the role that MediaConvert works under, and what a state machine needs to have it work."""

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from infra.access import Access, Statement, policy, trust
from infra.components.bucket import Bucket
from infra.naming import Scope


@dataclass(frozen=True, kw_only=True)
class TranscoderArgs:
    scope: Scope
    films: Bucket
    renditions: Bucket


@final
class Transcoder(pulumi.ComponentResource):
    """Reads films below `videos/`, writes renditions below `media/`.

    https://docs.aws.amazon.com/mediaconvert/latest/ug/creating-the-iam-role-in-iam.html
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TranscoderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Transcoder", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self._scope = args.scope
        role = aws.iam.Role(
            name,
            description="MediaConvert: reads films, writes renditions",
            assume_role_policy=trust(
                "mediaconvert.amazonaws.com", scope=args.scope, source=args.scope.arn("mediaconvert", "*")
            ),
            opts=child,
        )
        grants = [
            args.films.access("GetObject", prefix="videos/"),
            args.renditions.access("PutObject", prefix="media/", in_parts=True),
        ]
        permissions = aws.iam.RolePolicy(name, role=role.id, policy=policy(grants), opts=child)
        # Whoever passes the role on waits until it may do something.
        self.role_arn = pulumi.Output.all(role.arn, permissions.id).apply(lambda both: both[0])
        self.register_outputs({"role_arn": self.role_arn})

    def run_access(self) -> Access:
        """What `mediaconvert:createJob.sync` does: it starts the job and learns of its end through a rule of its own.

        The page allows the jobs on every resource; their actions know queues and jobs:
        https://docs.aws.amazon.com/step-functions/latest/dg/mediaconvert-iam.html
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselementalmediaconvert.html
        """
        jobs = self._scope.arn("mediaconvert", "jobs/*")
        return Access(
            (
                Statement(
                    sid="CreateJobs",
                    actions=("mediaconvert:CreateJob",),
                    resources=(self._scope.arn("mediaconvert", "queues/*"),),
                ),
                Statement(
                    sid="FollowJobs",
                    # Step Functions tags its jobs.
                    actions=("mediaconvert:GetJob", "mediaconvert:CancelJob", "mediaconvert:TagResource"),
                    resources=(jobs,),
                ),
                Statement(
                    sid="HearOfJobs",
                    actions=("events:PutTargets", "events:PutRule", "events:DescribeRule"),
                    resources=(self._scope.arn("events", "rule/StepFunctionsGetEventsForMediaConvertJobRule"),),
                ),
                Statement(
                    sid="PassTranscoderRole",
                    actions=("iam:PassRole",),
                    resources=(self.role_arn,),
                    conditions={"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}},
                ),
            )
        )
