"""`python -m embedded`: the embedded AWS from the command line."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from embedded.commands import CommandError

if TYPE_CHECKING:
    from embedded.commands.session import Program

_CHECKOUT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run one command. Exit code 1 with a message on stderr where it fails."""
    options = _parser().parse_args()
    try:
        _run(options)
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description="The embedded AWS.")
    commands = parser.add_subparsers(dest="command", required=True)
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument("--stack", default="dev", help="stack to work on (default: dev)")
    settings = argparse.ArgumentParser(add_help=False)
    settings.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="override a setting of the stack"
    )
    settings.add_argument("--project", type=Path, default=_CHECKOUT, metavar="DIR", help="directory of the program")
    settings.add_argument("--config-file", type=Path, metavar="FILE", help="settings, instead of Pulumi.<stack>.yaml")
    up = commands.add_parser("up", parents=[stack, settings], help="start the embedded AWS and deploy into it")
    up.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    up.add_argument(
        "--own-credentials", action="store_true", help="deploy with the credentials that an AWS SDK finds, as CI does"
    )
    down = commands.add_parser("down", help="delete what is deployed, then stop the embedded AWS")
    down.add_argument("--stack", help="only this stack; the embedded AWS runs on while another is left")
    down.add_argument("--force", action="store_true", help="stop at once: everything in it is gone")
    down.add_argument("--exclude-protected", action="store_true", help="leave protected resources, delete all others")
    commands.add_parser("preview", parents=[stack, settings], help="show what deploying would change, checking it all")
    resources = commands.add_parser("resources", parents=[stack], help="list what is deployed")
    resources.add_argument("--json", action="store_true", dest="as_json", help="with inputs and outputs, as JSON")
    logs = commands.add_parser("logs", parents=[stack], help="a function's log, or an execution's history")
    logs.add_argument("subject", nargs="?", metavar="FUNCTION|EXECUTION", help="omit it to list them")
    serve = commands.add_parser("serve", parents=[stack], help="serve the stack's CDN to this machine")
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    serve.add_argument("--page", default="/", metavar="PATH", help="path and query of the page whose URL is printed")
    return parser


def _run(options: argparse.Namespace) -> None:
    # A command's module is imported when it is called: not each needs a provider.
    match options.command:
        case "up":
            from embedded.commands.up import up

            up(_program(options), options.port, own_credentials=options.own_credentials)
        case "down":
            from embedded.commands.down import down

            down(options.stack, force=options.force, exclude_protected=options.exclude_protected)
        case "preview":
            from embedded.commands.preview import preview

            preview(_program(options))
        case "resources":
            from embedded.commands.resources import resources

            resources(options.stack, as_json=options.as_json)
        case "logs":
            from embedded.commands.logs import logs

            logs(options.stack, options.subject)
        case _:
            from embedded.commands.serve import serve

            serve(options.stack, options.port, options.page)


def _program(options: argparse.Namespace) -> "Program":
    from embedded.commands.session import Program

    return Program(
        directory=options.project.resolve(),
        stack=options.stack,
        config=_config(options.config),
        config_file=options.config_file,
    )


def _config(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            message = f"--config {pair}: KEY=VALUE is wanted"
            raise CommandError(message)
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    sys.exit(main())
