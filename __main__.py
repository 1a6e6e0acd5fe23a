"""The shoppable-video environment: settings → components → outputs."""

import pulumi

from infra.catalogue import Catalogue, CatalogueArgs
from infra.foundation import ROOT, Foundation, FoundationArgs, commit, provider, scope
from infra.naming import EDGE_REGION
from infra.operations import Operations, OperationsArgs
from infra.settings import load
from infra.storefront import Storefront, StorefrontArgs
from infra.video import Video, VideoArgs

settings = load()
aws, edge = provider("aws", settings), provider("edge", settings, region=EDGE_REGION)
options = pulumi.ResourceOptions(providers=[aws])

foundation = Foundation("foundation", FoundationArgs(settings=settings, scope=scope(settings, aws)), options)
player = ROOT / settings.player_directory
storefront = Storefront("storefront", StorefrontArgs(foundation=foundation, edge=edge, player=player), options)
catalogue = Catalogue("catalogue", CatalogueArgs(foundation=foundation, delivery=storefront.delivery), options)
video = Video("video", VideoArgs(foundation=foundation, catalogue=catalogue, storefront=storefront), options)
Operations("operations", OperationsArgs(foundation=foundation, catalogue=catalogue, video=video), options)

outputs: dict[str, pulumi.Input[str]] = {
    "region": settings.region,
    "catalogue_bucket": catalogue.bucket.name,
    "video_bucket": video.bucket.name,
    "analysis_bucket": video.analysis.name,
    "delivery_bucket": storefront.delivery.name,
    "imports_table": catalogue.imports.name,
    "products_table": catalogue.products.name,
    "videos_table": video.videos.name,
    "catalogue_state_machine_arn": catalogue.machine.arn,
    "video_state_machine_arn": video.machine.arn,
    "unpublish_function": video.unpublish.live_arn,
    "distribution_domain": storefront.distribution.domain,
    "distribution_id": storefront.distribution.id,
    "event_bus_name": foundation.bus.name,
    "commit": commit(),
    "code_digest": foundation.code_digest,
    **{f"image_{target}": image.uri for target, image in foundation.images.items()},
}
for name, value in outputs.items():
    pulumi.export(name, value)
