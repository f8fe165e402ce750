"""One part of the system at a time: serve, migrate, config check, doctor."""

import argparse
import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from runtime.environment import given, home_of, read_env_file
from runtime.home import read_json
from runtime.processes import existing, named


def serve(arguments: argparse.Namespace) -> int:
    from runtime import serve as server

    process = named(arguments.process)
    if not process.exists:
        print(f"{process.module} is not part of this build", file=sys.stderr)
        return 2
    return server.run(process, {**given(), **_settings_file(arguments)})


def migrate(arguments: argparse.Namespace) -> int:
    """Roles, database and schemas, and the streams: of DC_DATABASE_URL and DC_NATS_URL, or of the home that runs."""
    from runtime import migrate as migrations
    from runtime import streams

    environ = given()
    home = home_of(arguments.home, environ)
    endpoints = read_json(home.endpoints, {})
    database_url = environ.get("DC_DATABASE_URL") or endpoints.get("postgres", "")
    admin_url = environ.get("DC_DATABASE_DIRECT_URL") or database_url
    nats_url = environ.get("DC_NATS_URL") or endpoints.get("nats")
    if not admin_url:
        print(
            "Which database? Set DC_DATABASE_URL (and DC_DATABASE_DIRECT_URL when that one is a pooler), or start the "
            "embedded one with `device-connect up`, which migrates by itself.",
            file=sys.stderr,
        )
        return 2

    async def run() -> list[str]:
        name = urlsplit(database_url).path.strip("/") or migrations.DATABASE
        changed = await migrations.migrate(await migrations.prepare(admin_url, home.secrets, name))
        if nats_url:
            await streams.ensure_streams(nats_url, home.secrets)
        return changed

    try:
        changed = asyncio.run(run())
    except (migrations.MigrationError, streams.StreamError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    answer = {"migrated": changed, "services": migrations.services(), "streams": bool(nats_url)}
    print(msgspec.json.encode(answer).decode())
    return 0


def config_check(arguments: argparse.Namespace) -> int:
    """Everything that is wrong with the settings of every process, as `serve` would see them."""
    from chassis.config import ConfigError
    from runtime import serve as server

    try:
        environ = {**given(), **_settings_file(arguments)}
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    answer: dict[str, list[str]] = {}
    for process in existing():
        try:
            server.settings_of(process, environ)
            answer[process.name] = []
        except ConfigError as error:
            answer[process.name] = error.problems
    wrong = any(answer.values())
    print(msgspec.json.format(msgspec.json.encode({"ok": not wrong, "problems": answer}), indent=2).decode())
    return 1 if wrong else 0


def doctor(arguments: argparse.Namespace) -> int:
    from runtime.doctor import examine

    environ = given()
    findings = asyncio.run(examine(home_of(arguments.home, environ), environ))
    print(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode())
    return 0 if all(finding.ok for finding in findings) else 1


def _settings_file(arguments: argparse.Namespace) -> dict[str, str]:
    return read_env_file(Path(arguments.env_file)) if getattr(arguments, "env_file", None) else {}
