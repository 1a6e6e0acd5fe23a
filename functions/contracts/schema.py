"""Writes `schema/`: a JSON Schema of every published document and event. `python -m functions.contracts.schema`."""

import json
from pathlib import Path

from functions.contracts import events
from functions.contracts.analysis import Analysis
from functions.contracts.base import Contract
from functions.contracts.offers import Offer
from functions.contracts.timeline import Timeline, TimelinePointer

PUBLISHED: dict[str, type[Contract]] = {
    "analysis.v1": Analysis,
    "timeline.v1": Timeline,
    "pointer.v1": TimelinePointer,
    "offers.v1": Offer,
    "event.CatalogueImported.v1": events.CatalogueImported,
    "event.CatalogueImportFailed.v1": events.CatalogueImportFailed,
    "event.VideoPublished.v1": events.VideoPublished,
    "event.VideoRejected.v1": events.VideoRejected,
    "event.VideoUnpublished.v1": events.VideoUnpublished,
}


def render(model: type[Contract]) -> str:
    """The model's JSON Schema (draft 2020-12) as text, keys sorted."""
    return json.dumps(model.model_json_schema(mode="serialization"), indent=2, sort_keys=True) + "\n"


def write(directory: Path) -> None:
    """Write `<name>.json` for each published contract."""
    directory.mkdir(exist_ok=True)
    for name, model in PUBLISHED.items():
        (directory / f"{name}.json").write_text(render(model))


if __name__ == "__main__":
    write(Path("schema"))
