"""What the project puts on its event bus: the `detail` of each event. Source: `shoppable-video`."""

from typing import Literal

from functions.contracts.base import Contract, Identifier, Reason

SOURCE = "shoppable-video"


class CatalogueImported(Contract):
    shop_id: Identifier
    import_id: Identifier
    revision: Identifier
    products: int


class CatalogueImportFailed(Contract):
    shop_id: Identifier
    import_id: Identifier
    reason: Reason


class VideoPublished(Contract):
    shop_id: Identifier
    video_id: Identifier
    timeline_key: str
    appearances: int


class VideoRejected(Contract):
    shop_id: Identifier
    video_id: Identifier
    reason: Reason


class VideoUnpublished(Contract):
    shop_id: Identifier
    video_id: Identifier
    state: Literal["unpublished"] = "unpublished"
