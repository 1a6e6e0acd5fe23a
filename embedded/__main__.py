"""`python -m embedded`: the embedded AWS from the command line."""

import argparse
import sys

from embedded.commands import CommandError


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
    up = commands.add_parser("up", parents=[stack, settings], help="start the embedded AWS and deploy into it")
    up.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    commands.add_parser("down", help="stop the embedded AWS; everything in it is gone")
    commands.add_parser("preview", parents=[stack, settings], help="count what would be deployed, checking all of it")
    resources = commands.add_parser("resources", parents=[stack], help="list what is deployed")
    resources.add_argument("--json", action="store_true", dest="as_json", help="with inputs and outputs, as JSON")
    logs = commands.add_parser("logs", parents=[stack], help="a function's log, or an execution's history")
    logs.add_argument("subject", nargs="?", metavar="FUNCTION|EXECUTION", help="omit it to list them")
    serve = commands.add_parser("serve", parents=[stack], help="serve the stack's CDN to this machine")
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    serve.add_argument("--page", default="/", metavar="PATH", help="path and query of the page whose URL is printed")
    return parser


def _run(options: argparse.Namespace) -> None:
    # A command's module is imported when it is called: `down` needs neither boto3 nor grpc.
    match options.command:
        case "up":
            from embedded.commands.up import up

            up(options.stack, options.port, _config(options.config))
        case "down":
            from embedded.commands.down import down

            down()
        case "preview":
            from embedded.commands.preview import preview

            preview(options.stack, _config(options.config))
        case "resources":
            from embedded.commands.resources import resources

            resources(options.stack, as_json=options.as_json)
        case "logs":
            from embedded.commands.logs import logs

            logs(options.stack, options.subject)
        case _:
            from embedded.commands.serve import serve

            serve(options.stack, options.port, options.page)


def _config(pairs: list[str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    sys.exit(main())
