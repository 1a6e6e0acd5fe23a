"""The operator's command line: `python -m shop import|analyse|status|unpublish`.

It talks plain AWS APIs with the stack's outputs.

Exit codes: 0 done; 1 failed; 2 called wrongly, or no stack; 3 refused, with the typed reason on
stderr; 4 held for a person.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from shop import catalogue, records, stack, video
from shop.progress import Record, TimedOutError, say
from shop.stack import Stack, StackError

COUNTS = ("products", "added", "changed", "removed", "rejected", "unmatched_products", "untextured_products")
EXIT_CODES = {"published": 0, "live": 0, "unchanged": 0, "superseded": 0, "refused": 3, "held": 4}


def _explain(record: Record) -> int:
    """Say why a record is in a state that its owner did not want; returns the exit code of the state."""
    reason = record.get("reason")
    if reason:
        say(f"{record['state']}: {reason['code']}: {reason['message']}")
    return EXIT_CODES.get(record["state"], 1)


def _write(path: Path | None, document: Any) -> None:  # noqa: ANN401 - any JSON document
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def run_import(deployed: Stack, options: argparse.Namespace) -> int:
    """Import a feed."""
    record = catalogue.import_feed(deployed, options.shop, options.feed, options.images, options.timeout)
    code = _explain(record)
    counts = ", ".join(f"{name.replace('_', ' ')} {record[name]}" for name in COUNTS if name in record)
    print(f"import {record['state']}: {counts or 'nothing counted'}")
    if record.get("rejected"):
        say("refused rows:\n" + catalogue.quarantine(deployed, record))
    if record.get("untextured_products"):
        say(
            "these products need a semantic engine, too little is printed on them to be found reliably:\n"
            + "\n".join(catalogue.untextured(deployed, record))
        )
    _write(options.json, record)
    return code


def run_analyse(deployed: Stack, options: argparse.Namespace) -> int:
    """Analyse a video."""
    record = video.analyse(deployed, options.shop, options.video, options.timeout)
    code = _explain(record)
    if record["state"] == "published":
        document = video.published(deployed, record)
        products = {appearance["product_id"] for appearance in document["appearances"]}
        print(f"published {record['video_id']}: {len(document['appearances'])} appearances of {len(products)} products")
        _write(options.json, document)
        if options.analysis is not None:
            options.analysis.write_bytes(video.analysis(deployed, record))
    elif code == 0:
        print(f"{record['state']}: {record['video_id']}")
    return code


def run_status(deployed: Stack, options: argparse.Namespace) -> int:
    """Show every import and video of the shop."""
    outputs = deployed.outputs
    imports = records.query(deployed, outputs.imports_table, {"shop_id": options.shop}, prefix={"record": "import#"})
    videos = records.query(deployed, outputs.videos_table, {"shop_id": options.shop}, index="by-shop")
    if options.json:
        print(json.dumps({"imports": imports, "videos": videos}, indent=2, sort_keys=True, ensure_ascii=False))
        return 0
    table = Table(title=f"shop {options.shop}", title_justify="left")
    for column in ("what", "file", "state", "reason", "need a semantic engine", "changed at"):
        table.add_column(column)
    for kind, record in [("feed", found) for found in imports] + [("video", found) for found in videos]:
        reason: dict[str, str] = record.get("reason") or {}
        name = str(record.get("key", "")).split("/", 2)[-1]
        why = f"{reason['code']}: {reason['message']}" if reason else ""
        table.add_row(
            kind,
            name,
            record["state"],
            why,
            str(record.get("untextured_products", "")),
            str(record.get("updated_at", "")),
        )
    Console(markup=False).print(table)
    return 0


def run_unpublish(deployed: Stack, options: argparse.Namespace) -> int:
    """Take a video down."""
    try:
        print(f"unpublished {video.unpublish(deployed, options.shop, options.video)}")
    except video.UnpublishError as error:
        say(str(error))
        return 3
    return 0


def _shop(text: str) -> str:
    """Of what the intake would drop nothing is uploaded: no status would ever say so."""
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,31}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no shop id: up to 32 of a-z, 0-9 and -, the first no -")
    return text


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return path


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--shop", type=_shop, default="demo-shop", help="the shop's id (default: %(default)s)")
    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument(
        "--timeout", type=float, default=7200, metavar="SECONDS", help="how long to wait (default: %(default)s)"
    )
    whole = argparse.ArgumentParser(prog="python -m shop", description="Operate a shoppable-video stack.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "import", parents=[common, waiting], help="upload a product feed and wait until it is live"
    )
    command.add_argument("feed", type=_file, metavar="FEED", help="Google Merchant TSV, or JSON Lines")
    command.add_argument(
        "--images", type=_directory, metavar="DIR", help="where the feed's relative image names are found"
    )
    command.add_argument("--json", type=Path, metavar="OUT", help="write the import's status record")
    command.set_defaults(run=run_import)

    command = commands.add_parser(
        "analyse", parents=[common, waiting], help="upload a video and wait until it is published"
    )
    command.add_argument("video", type=_file, metavar="VIDEO")
    command.add_argument(
        "--json", type=Path, metavar="OUT", help="write the published timeline, with the feed's product ids"
    )
    command.add_argument("--analysis", type=Path, metavar="OUT", help="write the private record, analysis.v1")
    command.set_defaults(run=run_analyse)

    command = commands.add_parser("status", parents=[common], help="show every import and video")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=run_status)

    command = commands.add_parser("unpublish", parents=[common], help="take a video down")
    command.add_argument("video", metavar="VIDEO", help="its id, or the name of the uploaded file")
    command.set_defaults(run=run_unpublish)
    return whole


def main() -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args()
    try:
        return options.run(stack.load(), options)
    except StackError as error:
        say(str(error))
        return 2
    except (TimedOutError, ClientError, BotoCoreError, Boto3Error) as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
