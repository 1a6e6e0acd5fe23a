"""The catalogue part: product feed and pictures in, a visual index, products and offers out."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import pulumi

from functions.catalogue.build_index.env import Environment as BuildIndex
from functions.catalogue.index_products.env import Environment as IndexProducts
from functions.catalogue.publish_catalogue.env import Environment as PublishCatalogue
from functions.catalogue.read_feed.env import Environment as ReadFeed
from functions.contracts.events import SOURCE
from infra.components.bucket import Bucket, BucketArgs
from infra.components.function import Function
from infra.components.state_machine import StateMachine, StateMachineArgs
from infra.components.table import Table, TableArgs
from infra.foundation import Foundation
from infra.intake import Intake, IntakeArgs

_DEFINITION = Path(__file__).with_name("workflows") / "catalogue-import.asl.json"


@dataclass(frozen=True, kw_only=True)
class CatalogueArgs:
    foundation: Foundation
    delivery: Bucket
    """Where pictures and offers are published."""


@final
class Catalogue(pulumi.ComponentResource):
    """Bucket, tables, functions, state machine and intake of catalogue-import."""

    def __init__(self, name: str, args: CatalogueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("shoppable:parts:Catalogue", name, None, opts)
        self._foundation = args.foundation
        self._delivery = args.delivery
        settings = args.foundation.settings
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = Bucket(
            "catalogue",
            BucketArgs(
                scope=args.foundation.scope,
                key=args.foundation.data_key,
                access_logs=args.foundation.access_logs,
                deletion_protection=settings.deletion_protection,
                noncurrent_days=settings.noncurrent_days,
                emit_events=True,
            ),
            child,
        )
        self.imports = self._table("imports", "shop_id", "record")
        self.products = self._table("products", "product_id", "revision")
        steps = self._steps()
        self.functions = tuple(steps.values())
        self.machine = self._machine(steps)
        self.intake = Intake(
            "catalogue",
            IntakeArgs(
                foundation=args.foundation,
                pipeline="catalogue",
                bucket=self.bucket,
                prefix="feeds/",
                machine=self.machine,
            ),
            child,
        )
        self.register_outputs({})

    def _table(self, name: str, partition_key: str, sort_key: str) -> Table:
        return Table(
            name,
            TableArgs(
                key=self._foundation.data_key,
                partition_key=partition_key,
                sort_key=sort_key,
                deletion_protection=self._foundation.settings.deletion_protection,
                max_read_units=self._foundation.settings.table_max_read_units,
                max_write_units=self._foundation.settings.table_max_write_units,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _steps(self) -> dict[str, Function]:
        """The functions that the state machine calls, by the name of their placeholder."""
        foundation, bucket, delivery = self._foundation, self.bucket, self._delivery
        return {
            "ReadFeedArn": foundation.function(
                "read-feed",
                parent=self,
                description="Parses and validates a feed, and compares it with the live catalogue",
                environment=ReadFeed,
                image="api",
                memory_mb=2048,
                timeout_seconds=300,
                values={
                    "CATALOGUE_BUCKET": bucket.name,
                    "IMPORTS_TABLE": self.imports.name,
                    "MAX_DROP_SHARE": str(foundation.settings.max_drop_share),
                    "CODE_DIGEST": foundation.code_digest,
                },
                access=(
                    bucket.access("GetObjectVersion", prefix="feeds/"),
                    bucket.access("GetObject", prefix="revisions/"),
                    bucket.access("PutObject", prefix="imports/"),
                    bucket.list_access(),
                    self.imports.access("GetItem"),
                ),
            ),
            "IndexProductsArn": foundation.function(
                "index-products",
                parent=self,
                description="Fetches, checks, re-encodes and describes the pictures of a batch of products",
                environment=IndexProducts,
                image="vision",
                memory_mb=3008,
                timeout_seconds=600,
                values={
                    "CATALOGUE_BUCKET": bucket.name,
                    "DELIVERY_BUCKET": delivery.name,
                    "CODE_DIGEST": foundation.code_digest,
                },
                access=(
                    bucket.access("GetObject", prefix="images/"),
                    bucket.access("GetObject", "PutObject", prefix="imports/"),
                    bucket.access("GetObject", "PutObject", prefix="features/"),
                    bucket.list_access(),
                    delivery.access("PutObject", prefix="images/"),
                ),
            ),
            "BuildIndexArn": foundation.function(
                "build-index",
                parent=self,
                description="Builds the visual index of a revision",
                environment=BuildIndex,
                image="vision",
                memory_mb=10_240,
                timeout_seconds=900,
                ephemeral_storage_mb=10_240,
                values={"CATALOGUE_BUCKET": bucket.name, "CODE_DIGEST": foundation.code_digest},
                access=(
                    bucket.access("GetObject", prefix="imports/"),
                    bucket.access("GetObject", prefix="features/"),
                    bucket.access("PutObject", prefix="revisions/"),
                ),
            ),
            "PublishCatalogueArn": foundation.function(
                "publish-catalogue",
                parent=self,
                description="Makes a revision the live catalogue",
                environment=PublishCatalogue,
                image="api",
                memory_mb=2048,
                timeout_seconds=900,
                values={
                    "CATALOGUE_BUCKET": bucket.name,
                    "DELIVERY_BUCKET": delivery.name,
                    "IMPORTS_TABLE": self.imports.name,
                    "PRODUCTS_TABLE": self.products.name,
                },
                access=(
                    bucket.access("GetObject", "PutObject", prefix="revisions/"),
                    bucket.list_access(),
                    delivery.access("PutObject", prefix="offers/"),
                    self.imports.access("GetItem", "UpdateItem"),
                    self.products.access("BatchWriteItem"),
                ),
            ),
        }

    def _machine(self, steps: dict[str, Function]) -> StateMachine:
        foundation = self._foundation
        return StateMachine(
            "catalogue-import",
            StateMachineArgs(
                scope=foundation.scope,
                definition=_DEFINITION.read_text(),
                values={
                    "ImportsTable": self.imports.name,
                    "CatalogueBucket": self.bucket.name,
                    "EventBusName": foundation.bus.name,
                    **{placeholder: function.version_arn for placeholder, function in steps.items()},
                },
                access=(
                    *(function.invoke_versions_access() for function in steps.values()),
                    self.imports.access("UpdateItem"),
                    self.bucket.access("GetObject", prefix="imports/"),
                    foundation.bus.put_access(source=SOURCE),
                ),
                key=foundation.data_key,
                logs_key=foundation.logs_key,
                log_retention_days=foundation.settings.log_retention_days,
            ),
            pulumi.ResourceOptions(parent=self),
        )
