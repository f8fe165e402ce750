"""Brings PostgreSQL to what the code needs: roles and database as administrator, then each service's migrations.

The owner `dc_owner` owns every schema; a service's role gets what the migrations grant. Nothing here runs with a
service's role, and nothing of a service is imported: its migrations are files.
"""

import asyncio
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from runtime.embedded.server import BINARIES
from runtime.secrets import DATABASE_ROLES

DATABASE: Final = "device_connect"
OWNER: Final = "dc_owner"
SERVICES: Final = Path(__file__).resolve().parent.parent / "services"
SETTINGS: Final = {"normalizer": {"enable_nestloop": "off"}}
"""Role settings: the planner guesses the row counts of unnest and CTEs, and nested loops over them are the bad guess."""
COPIES: Final = frozenset({"normalizer"})
"""Who copies large imports into a temporary table before they are merged."""


RULES: Final = "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
MAY_CREATE_ROLES: Final = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"


class MigrationError(Exception):
    """The database cannot be brought to what the code needs. The message says why, and what to do."""


def services() -> list[str]:
    """Services with migrations, `access` first: the others grant against its functions."""
    found = sorted(path.parent.name for path in SERVICES.glob("*/migrations"))
    return sorted(found, key=lambda name: name != "access")


def roles() -> list[str]:
    return [name for name in DATABASE_ROLES if name not in ("postgres", "owner")]


def password(secrets: Path, role: str) -> str:
    path = secrets / "db" / role
    try:
        return path.read_text().strip()
    except OSError as error:
        raise MigrationError(f"{path} cannot be read: it holds the password of dc_{role}") from error


def with_login(url: str, user: str, password: str, database: str | None = None) -> str:
    """The same server with another user, and another database if one is named."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"
    path = f"/{database}" if database else parts.path
    return urlunsplit((parts.scheme, netloc, path, parts.query, ""))


def in_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def without_login(url: str) -> str:
    """A URL that may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def prepare(admin_url: str, secrets: Path, database: str = DATABASE) -> str:
    """Makes roles and database by an administrator's URL; answers the owner's URL of that database.

    One that may not create roles must find them there, and is then taken as the owner itself.
    """
    try:
        conn = await asyncpg.connect(admin_url, timeout=10)
    except (OSError, asyncpg.PostgresError) as error:
        raise MigrationError(f"PostgreSQL at {without_login(admin_url)} cannot be used: {error}") from error
    try:
        if not await conn.fetchval(MAY_CREATE_ROLES):
            await _demand_roles(conn)
            return admin_url
        await _ensure_role(conn, OWNER, password(secrets, "owner"))
        for name in roles():
            await _ensure_role(conn, f"dc_{name}", password(secrets, name))
            for setting, value in SETTINGS.get(name, {}).items():
                await conn.execute(f"ALTER ROLE dc_{name} SET {setting} = {value}")
        if not await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await conn.execute(f'CREATE DATABASE "{database}"')
        await conn.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        await conn.execute(f'GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "{database}" TO {OWNER}')
        for name in roles():
            rights = "CONNECT, TEMPORARY" if name in COPIES else "CONNECT"
            await conn.execute(f'GRANT {rights} ON DATABASE "{database}" TO dc_{name}')
    finally:
        await conn.close()
    owner_url = with_login(admin_url, OWNER, password(secrets, "owner"), database)
    inside = await asyncpg.connect(in_database(admin_url, database), timeout=10)
    try:
        await inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    finally:
        await inside.close()
    return owner_url


async def migrate(owner_url: str, only: Iterable[str] | None = None) -> list[str]:
    """Applies what is not applied yet, in order; answers the services that changed. One look when nothing is new."""
    names = list(only) if only is not None else services()
    conn = await asyncpg.connect(owner_url, timeout=10)
    try:
        behind = [name for name in names if await _pending(conn, name)]
    finally:
        await conn.close()
    for name in behind:
        await asyncio.to_thread(_dbmate, owner_url, name)
    return behind


async def pending(owner_url: str) -> dict[str, list[str]]:
    """Versions that are not applied yet, by service."""
    conn = await asyncpg.connect(owner_url, timeout=10)
    try:
        return {name: missing for name in services() if (missing := await _pending(conn, name))}
    finally:
        await conn.close()


async def _pending(conn: "asyncpg.Connection[asyncpg.Record]", service: str) -> list[str]:
    files = {path.name.partition("_")[0] for path in (SERVICES / service / "migrations").glob("*.sql")}
    if await conn.fetchval("SELECT to_regclass($1)", f"{service}.schema_migrations") is None:
        return sorted(files)
    applied = await conn.fetch(f"SELECT version FROM {service}.schema_migrations")  # noqa: S608 - a folder's name
    return sorted(files - {row["version"] for row in applied})


def _dbmate(owner_url: str, service: str) -> None:
    url = (
        owner_url
        if "sslmode=" in owner_url
        else f"{owner_url}{'&' if '?' in owner_url else '?'}sslmode=disable"
    )
    done = subprocess.run(
        [
            *(BINARIES / "dbmate", "--env-file", "", "--no-dump-schema"),
            *("--migrations-dir", SERVICES / service / "migrations"),
            *("--migrations-table", f"{service}.schema_migrations", "up"),
        ],
        capture_output=True,
        text=True,
        env={"DATABASE_URL": url},  # not in the arguments, which every user of the machine may read
        check=False,
    )
    if done.returncode != 0:
        raise MigrationError(f"A migration of {service} failed:\n{done.stdout}{done.stderr}".rstrip())


async def _ensure_role(conn: "asyncpg.Connection[asyncpg.Record]", name: str, secret: str) -> None:
    """Creates the role, or gives it the password of the secrets folder, which is the truth."""
    exists = await conn.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    verb = "ALTER" if exists else "CREATE"
    quoted = secret.replace("'", "''")
    await conn.execute(f"{verb} ROLE {name} {RULES} PASSWORD '{quoted}'")


async def _demand_roles(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    wanted = [f"dc_{name}" for name in roles()]
    rows = await conn.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", wanted)
    missing = sorted(set(wanted) - {row["rolname"] for row in rows})
    if missing:
        raise MigrationError(
            f"The roles {', '.join(missing)} do not exist, and this user may not create roles. Use an administrator's "
            "URL in DC_DATABASE_DIRECT_URL once, or have them created (LOGIN NOINHERIT NOBYPASSRLS)."
        )
