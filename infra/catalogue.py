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
        foundation, settings = args.foundation, args.foundation.settings
        child = pulumi.ResourceOptions(parent=self)
        bucket = self.bucket = Bucket(
            "catalogue",
            BucketArgs(
                scope=foundation.scope,
                key=foundation.data_key,
                deletion_protection=settings.deletion_protection,
                noncurrent_days=settings.noncurrent_days,
                emit_events=True,
            ),
            child,
        )
        imports = self.imports = Table(
            "imports",
            TableArgs(
                key=foundation.data_key,
                partition_key="shop_id",
                sort_key="record",
                deletion_protection=settings.deletion_protection,
            ),
            child,
        )
        products = self.products = Table(
            "products",
            TableArgs(
                key=foundation.data_key,
                partition_key="product_id",
                sort_key="revision",
                deletion_protection=settings.deletion_protection,
            ),
            child,
        )
        read_feed = foundation.function(
            "read-feed",
            parent=self,
            description="Parses and validates a feed, and compares it with the live catalogue",
            environment=ReadFeed,
            image="api",
            memory_mb=2048,
            timeout_seconds=300,
            values={
                "CATALOGUE_BUCKET": bucket.name,
                "IMPORTS_TABLE": imports.name,
                "MAX_DROP_SHARE": str(settings.max_drop_share),
                "CODE_DIGEST": foundation.code_digest,
            },
            access=(
                bucket.access("GetObjectVersion", prefix="feeds/"),
                bucket.access("GetObject", prefix="revisions/"),
                bucket.access("PutObject", prefix="imports/"),
                bucket.list_access(),
                imports.access("GetItem"),
            ),
        )
        index_products = foundation.function(
            "index-products",
            parent=self,
            description="Fetches, checks, re-encodes and describes the pictures of a batch of products",
            environment=IndexProducts,
            image="vision",
            memory_mb=3008,
            timeout_seconds=600,
            values={
                "CATALOGUE_BUCKET": bucket.name,
                "DELIVERY_BUCKET": args.delivery.name,
                "CODE_DIGEST": foundation.code_digest,
            },
            access=(
                bucket.access("GetObject", prefix="images/"),
                bucket.access("GetObject", "PutObject", prefix="imports/"),
                bucket.access("GetObject", "PutObject", prefix="features/"),
                bucket.list_access(),
                args.delivery.access("PutObject", prefix="images/"),
            ),
        )
        build_index = foundation.function(
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
        )
        publish_catalogue = foundation.function(
            "publish-catalogue",
            parent=self,
            description="Makes a revision the live catalogue",
            environment=PublishCatalogue,
            image="api",
            memory_mb=2048,
            timeout_seconds=900,
            values={
                "CATALOGUE_BUCKET": bucket.name,
                "DELIVERY_BUCKET": args.delivery.name,
                "IMPORTS_TABLE": imports.name,
                "PRODUCTS_TABLE": products.name,
            },
            access=(
                bucket.access("GetObject", "PutObject", prefix="revisions/"),
                bucket.list_access(),
                args.delivery.access("PutObject", prefix="offers/"),
                imports.access("GetItem", "UpdateItem"),
                products.access("BatchWriteItem"),
            ),
        )
        self.functions = (read_feed, index_products, build_index, publish_catalogue)
        self.machine = StateMachine(
            "catalogue-import",
            StateMachineArgs(
                scope=foundation.scope,
                definition=_DEFINITION.read_text(),
                values={
                    "ImportsTable": imports.name,
                    "CatalogueBucket": bucket.name,
                    "EventBusName": foundation.bus.name,
                    "ReadFeedArn": read_feed.arn,
                    "IndexProductsArn": index_products.arn,
                    "BuildIndexArn": build_index.arn,
                    "PublishCatalogueArn": publish_catalogue.arn,
                },
                access=(
                    *(function.invoke_access() for function in self.functions),
                    imports.access("UpdateItem"),
                    bucket.access("GetObject", prefix="imports/"),
                    foundation.bus.put_access(source=SOURCE),
                ),
                logs_key=foundation.logs_key,
                log_retention_days=settings.log_retention_days,
            ),
            child,
        )
        self.intake = Intake(
            "catalogue",
            IntakeArgs(
                foundation=foundation, pipeline="catalogue", bucket=bucket, prefix="feeds/", machine=self.machine
            ),
            child,
        )
        self.register_outputs({})
