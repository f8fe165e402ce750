"""The command `device-connect`: arguments, and which function answers them. Imports wait until a command is chosen."""

import argparse
import sys
from importlib import import_module

COMMANDS = {
    "up": "runtime.commands.system:up",
    "down": "runtime.commands.system:down",
    "status": "runtime.commands.system:status",
    "logs": "runtime.commands.system:logs",
    "serve": "runtime.commands.operate:serve",
    "migrate": "runtime.commands.operate:migrate",
    "doctor": "runtime.commands.operate:doctor",
    "config check": "runtime.commands.operate:config_check",
    "decode": "runtime.commands.tools:decode",
    "normalize": "runtime.commands.normalize:normalize",
    "simulate": "runtime.commands.tools:simulate",
    "audit": "runtime.commands.tools:audit_verify",
    "keys": "runtime.commands.keys:keys",
    "dlq": "runtime.commands.dead_letters:dead_letters",
    "generate": "runtime.commands.tools:generate",
}
PROCESSES = [
    "registry",
    "pairing",
    "ingest",
    "ingest-bridge",
    "normalizer",
    "health",
    "access",
    "sync",
    "gateway",
    "idp",
]


def parser() -> argparse.ArgumentParser:
    """Commands answer data as JSON on stdout and errors on stderr, with an exit code other than 0."""
    top = argparse.ArgumentParser(prog="device-connect", description="Home medical devices, connected.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start everything on this machine, until Ctrl-C")
    _home(up)
    up.add_argument("--port", type=int, help="the gateway's port (DC_PORT, default 8080; 0: a free one)")
    up.add_argument("--detach", action="store_true", help="leave it running in the background")
    up.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="devices and history for the demo patients",
    )
    down = commands.add_parser("down", help="stop what `up` started")
    _home(down)
    down.add_argument("--remove", action="store_true", help="also remove everything that is kept there")
    _home(commands.add_parser("status", help="what runs, and what is not ready"))
    logs = commands.add_parser("logs", help="what the processes and servers wrote")
    _home(logs)
    logs.add_argument("names", nargs="*", metavar="NAME", help="registry, nats, …; all when none is named")
    logs.add_argument("-n", "--lines", type=int, default=20, help="lines of each (20)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what is written from now on")

    serve = commands.add_parser("serve", help="run one process in the foreground, with DC_* settings")
    serve.add_argument("process", choices=PROCESSES)
    serve.add_argument("--env-file", help="settings as NAME=value lines")
    _home(commands.add_parser("migrate", help="bring the database to what this version needs"))
    _home(commands.add_parser("doctor", help="say what is missing here, and what to do about it"))
    config = commands.add_parser("config", help="settings").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    config.add_parser("check", help="everything that is wrong with the settings").add_argument("--env-file")

    decode = commands.add_parser("decode", help="read one Bluetooth GATT value")
    decode.add_argument(
        "characteristic", nargs="?", help="2a35, 0x2A35, a 128-bit UUID, SFLOAT, FLOAT or CRC16"
    )
    decode.add_argument("hex", nargs="?", help="the value")
    decode.add_argument("--batch", action="store_true", help="NDJSON on stdin, one answer a line")
    decode.add_argument("--received-at", metavar="T", help="RFC 3339; now when not given")
    decode.add_argument("--timezone", metavar="Z", help="IANA name; UTC when not given")
    decode.add_argument("--context", metavar="JSON", help="what earlier values of the session said")
    normalize = commands.add_parser("normalize", help="read one answer of a vendor's cloud")
    normalize.add_argument("vendor", help="withings, dexcom, …")
    normalize.add_argument(
        "--endpoint", metavar="E", help="which call answered; found by the shape when not given"
    )
    normalize.add_argument("--timezone", metavar="Z", help="the patient's IANA zone, for local times")
    normalize.add_argument(
        "--accept-language", metavar="L", help="as the request said, where the vendor chooses units by it"
    )
    normalize.add_argument("--many", action="store_true", help="stdin is an array of successive answers")
    commands.add_parser("simulate", help="hubs and patients with devices that measure", add_help=False)
    audit = commands.add_parser("audit", help="is the audit log whole?")
    audit.add_argument("what", choices=["verify"])
    _home(audit)
    keys = commands.add_parser("keys", help="the keys that seal tokens and dead letters")
    keys.add_argument(
        "what", choices=["rotate", "prune"], help="prune: forget keys under which nothing rests"
    )
    _home(keys)
    letters = commands.add_parser("dlq", help="messages that were given up")
    letters.add_argument("what", choices=["list", "show", "replay"])
    letters.add_argument("id", nargs="*", help="of `list`; for replay also `all`")
    letters.add_argument("--code", help="only those that were given up for this reason")
    _home(letters)
    commands.add_parser("generate")  # for developers; not listed
    return top


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["simulate"]:  # has a parser of its own, which is not read for other commands
        arguments = argparse.Namespace(command="simulate", rest=words[1:])
    else:
        arguments = parser().parse_args(words)
    name = " ".join(filter(None, (arguments.command, getattr(arguments, "action", None))))
    module, _, function = COMMANDS[name].partition(":")
    try:
        return int(getattr(import_module(module), function)(arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away; the interpreter would complain once more at exit
        return 141


def _home(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--home", metavar="DIR", help="where everything is kept (DC_HOME, ./.device-connect)"
    )


if __name__ == "__main__":
    sys.exit(main())
