"""The video part: a film in; renditions, analysis and a published timeline out."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import pulumi

from functions.contracts.events import SOURCE
from functions.storefront.unpublish.env import Environment as Unpublish
from functions.video.build_timeline.env import Environment as BuildTimeline
from functions.video.detect_shots.env import Environment as DetectShots
from functions.video.match_frames.env import Environment as MatchFrames
from functions.video.plan_segments.env import Environment as PlanSegments
from functions.video.probe_video.env import Environment as ProbeVideo
from functions.video.publish.env import Environment as Publish
from functions.video.sample_frames.env import Environment as SampleFrames
from infra.catalogue import Catalogue
from infra.components.bucket import Archive, Bucket, BucketArgs
from infra.components.function import Function
from infra.components.state_machine import StateMachine, StateMachineArgs
from infra.components.table import Table, TableArgs
from infra.foundation import Foundation
from infra.intake import Intake, IntakeArgs
from infra.storefront import Storefront
from infra.transcoder import Transcoder, TranscoderArgs

_DEFINITION = Path(__file__).with_name("workflows") / "video-analysis.asl.json"


@dataclass(frozen=True, kw_only=True)
class VideoArgs:
    foundation: Foundation
    catalogue: Catalogue
    storefront: Storefront


@final
class Video(pulumi.ComponentResource):
    """Buckets, table, functions, state machine and intake of video-analysis."""

    def __init__(self, name: str, args: VideoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Video", name, None, opts)
        self._foundation = args.foundation
        self._catalogue = args.catalogue
        self._storefront = args.storefront
        child = pulumi.ResourceOptions(parent=self)
        settings = args.foundation.settings
        self.bucket = self._bucket(
            "video",
            emit_events=True,
            archive=Archive(
                prefix="videos/",
                access_days=settings.originals_archive_days,
                deep_days=settings.originals_deep_archive_days,
            ),
        )
        self.analysis = self._bucket("analysis", frames_days=settings.frames_days)
        self.videos = Table(
            "videos",
            TableArgs(
                key=args.foundation.data_key,
                partition_key="video_id",
                sort_key="record",
                # Only status records carry both attributes.
                indexes={"by-shop": ("shop_id", "updated_at")},
                deletion_protection=settings.deletion_protection,
                max_read_units=settings.table_max_read_units,
                max_write_units=settings.table_max_write_units,
            ),
            child,
        )
        steps = self._steps()
        self.unpublish = self._unpublish()
        self.functions = (*steps.values(), self.unpublish)
        self.machine = self._machine(steps)
        self.intake = Intake(
            "video",
            IntakeArgs(
                foundation=args.foundation,
                pipeline="video",
                bucket=self.bucket,
                prefix="videos/",
                machine=self.machine,
            ),
            child,
        )
        self.register_outputs({})

    def _bucket(
        self, name: str, *, emit_events: bool = False, frames_days: int | None = None, archive: Archive | None = None
    ) -> Bucket:
        settings = self._foundation.settings
        return Bucket(
            name,
            BucketArgs(
                scope=self._foundation.scope,
                key=self._foundation.data_key,
                access_logs=self._foundation.access_logs,
                deletion_protection=settings.deletion_protection,
                noncurrent_days=settings.noncurrent_days,
                archive=archive,
                emit_events=emit_events,
                expire={"frames/": frames_days} if frames_days else {},
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _steps(self) -> dict[str, Function]:
        """The functions that the state machine calls, by the name of their placeholder."""
        foundation, settings = self._foundation, self._foundation.settings
        analysis, catalogue, delivery = self.analysis, self._catalogue, self._storefront.delivery
        film = self.bucket.access("GetObjectVersion", prefix="videos/")
        return {
            "ProbeVideoArn": foundation.function(
                "probe-video",
                parent=self,
                description="Says what a film is, or why it is refused",
                environment=ProbeVideo,
                image="vision",
                memory_mb=2048,
                timeout_seconds=900,
                values={"IMPORTS_TABLE": catalogue.imports.name},
                access=(
                    film,
                    self.bucket.access("RestoreObject", prefix="videos/"),
                    self.bucket.list_access(),
                    catalogue.imports.access("GetItem"),
                ),
            ),
            "PlanSegmentsArn": foundation.function(
                "plan-segments",
                parent=self,
                description="Divides a film into time ranges and plans its renditions",
                environment=PlanSegments,
                image="api",
                memory_mb=256,
                timeout_seconds=60,
                values={
                    "ANALYSIS_BUCKET": analysis.name,
                    "DELIVERY_BUCKET": delivery.name,
                    "KEY_ARN": self._storefront.key.arn,
                    "SEGMENT_SECONDS": str(settings.segment_seconds),
                },
                access=(analysis.access("PutObject", prefix="v-"),),
            ),
            "DetectShotsArn": foundation.function(
                "detect-shots",
                parent=self,
                description="Finds the cuts of one time range",
                environment=DetectShots,
                image="vision",
                memory_mb=3008,
                timeout_seconds=900,
                values={"ANALYSIS_BUCKET": analysis.name},
                access=(film, analysis.access("PutObject", prefix="v-")),
            ),
            "SampleFramesArn": foundation.function(
                "sample-frames",
                parent=self,
                description="Takes few frames of each shot",
                environment=SampleFrames,
                image="vision",
                memory_mb=3008,
                timeout_seconds=900,
                values={"ANALYSIS_BUCKET": analysis.name},
                access=(
                    film,
                    analysis.access("GetObject", "PutObject", prefix="v-"),
                    analysis.access("PutObject", prefix="frames/"),
                ),
            ),
            "MatchFramesArn": foundation.function(
                "match-frames",
                parent=self,
                description="Finds products in the sampled frames of one time range",
                environment=MatchFrames,
                image="vision",
                memory_mb=6144,
                timeout_seconds=900,
                ephemeral_storage_mb=10_240,
                values={
                    "ANALYSIS_BUCKET": analysis.name,
                    "CATALOGUE_BUCKET": catalogue.bucket.name,
                    "VIDEOS_TABLE": self.videos.name,
                },
                access=(
                    analysis.access("GetObject", "PutObject", prefix="v-"),
                    analysis.access("GetObject", prefix="frames/"),
                    catalogue.bucket.access("GetObject", prefix="revisions/"),
                    self.videos.access("UpdateItem"),
                ),
            ),
            "BuildTimelineArn": foundation.function(
                "build-timeline",
                parent=self,
                description="Links the matches of all time ranges into appearances",
                environment=BuildTimeline,
                image="vision",
                memory_mb=2048,
                timeout_seconds=300,
                values={
                    "ANALYSIS_BUCKET": analysis.name,
                    "AUTO_APPROVE_SCORE": _or_empty(settings.auto_approve_score),
                    "REVIEW_SCORE": _or_empty(settings.review_score),
                    "CODE_DIGEST": foundation.code_digest,
                },
                access=(analysis.access("GetObject", "PutObject", prefix="v-"),),
            ),
            "PublishArn": foundation.function(
                "publish",
                parent=self,
                description="Publishes the timeline of a film",
                environment=Publish,
                image="api",
                memory_mb=1024,
                timeout_seconds=120,
                values={
                    "ANALYSIS_BUCKET": analysis.name,
                    "DELIVERY_BUCKET": delivery.name,
                    "VIDEOS_TABLE": self.videos.name,
                },
                access=(
                    analysis.access("GetObject", prefix="v-"),
                    delivery.access("PutObject", prefix="timelines/"),
                    delivery.access("PutObject", prefix="videos/"),
                    self.videos.access("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
                ),
            ),
        }

    def _unpublish(self) -> Function:
        delivery = self._storefront.delivery
        return self._foundation.function(
            "unpublish",
            parent=self,
            description="Takes a video down; called by an operator",
            environment=Unpublish,
            image="api",
            memory_mb=256,
            timeout_seconds=60,
            values={
                "DELIVERY_BUCKET": delivery.name,
                "VIDEOS_TABLE": self.videos.name,
                "DISTRIBUTION_ID": self._storefront.distribution.id,
                "EVENT_BUS_NAME": self._foundation.bus.name,
            },
            access=(
                delivery.access("PutObject", prefix="videos/"),
                self.videos.access("GetItem", "UpdateItem"),
                self._storefront.distribution.invalidate_access(),
                self._foundation.bus.put_access(source=SOURCE),
            ),
        )

    def _machine(self, steps: dict[str, Function]) -> StateMachine:
        foundation = self._foundation
        transcoder = Transcoder(
            "transcode",
            TranscoderArgs(scope=foundation.scope, films=self.bucket, renditions=self._storefront.delivery),
            pulumi.ResourceOptions(parent=self),
        )
        return StateMachine(
            "video-analysis",
            StateMachineArgs(
                scope=foundation.scope,
                definition=_DEFINITION.read_text(),
                values={
                    "VideosTable": self.videos.name,
                    "AnalysisBucket": self.analysis.name,
                    "EventBusName": foundation.bus.name,
                    "MediaConvertRoleArn": transcoder.role_arn,
                    **{placeholder: function.version_arn for placeholder, function in steps.items()},
                },
                access=(
                    *(function.invoke_versions_access() for function in steps.values()),
                    self.videos.access("UpdateItem"),
                    self.analysis.access("GetObject", prefix="v-"),
                    foundation.bus.put_access(source=SOURCE),
                    transcoder.run_access(),
                ),
                key=foundation.data_key,
                logs_key=foundation.logs_key,
                log_retention_days=foundation.settings.log_retention_days,
            ),
            pulumi.ResourceOptions(parent=self),
        )


def _or_empty(score: float | None) -> str:
    """An empty variable counts as absent."""
    return "" if score is None else str(score)
