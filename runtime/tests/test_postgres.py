"""PostgreSQL comes up as whoever runs the tests; root has two ways."""

import os
from pathlib import Path

import asyncpg
import pytest

from runtime import secrets
from runtime.embedded import postgres
from runtime.embedded.server import ServerError, start
from runtime.home import Home
from runtime.migrate import OWNER, migrate, password, prepare, roles, services, with_login

pytestmark = pytest.mark.integration
WAYS = [("map",), ("become",)] if os.geteuid() == 0 else [()]


@pytest.fixture
def fresh(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").create()
    secrets.ensure(home.secrets)
    return home


@pytest.mark.parametrize("ways", WAYS, ids=lambda ways: "-".join(ways) or "self")
async def test_it_keeps_its_data_and_asks_for_a_password(fresh: Home, ways: tuple[str, ...]) -> None:
    server = postgres.prepare(fresh, fresh.port("postgres"), ways=ways)
    secret = password(fresh.secrets, "postgres")
    url = with_login(server.url, "postgres", secret)

    running = start(server).wait_ready()
    conn = await asyncpg.connect(url)
    await conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
    await conn.close()
    running.stop()
    running = start(postgres.prepare(fresh, fresh.port("postgres"), ways=ways)).wait_ready()
    conn = await asyncpg.connect(url)
    kept = await conn.fetchval("SELECT one FROM kept")
    level = await conn.fetchval("SHOW synchronous_commit")
    await conn.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(with_login(server.url, "postgres", "guessed"))
    running.stop()
    postgres.remove(fresh)

    assert (kept, level) == (1, "on")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a way")
def test_without_a_way_root_is_told_what_to_do(fresh: Home) -> None:
    with pytest.raises(ServerError, match="ordinary user, or set DC_DATABASE_URL"):
        postgres.prepare(fresh, fresh.port("postgres"), ways=())


async def test_a_second_migration_finds_nothing_to_do(postgres_url: str) -> None:
    assert await migrate(postgres_url) == []


async def test_access_is_migrated_first() -> None:
    assert "access" not in services() or services()[0] == "access"


async def test_every_service_has_a_role_without_powers(postgres_url: str) -> None:
    conn = await asyncpg.connect(postgres_url)
    rows = await conn.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'dc\\_%' AND NOT (rolsuper OR rolinherit OR rolbypassrls "
        "OR rolcreatedb OR rolcreaterole)"
    )
    await conn.close()

    assert {row["rolname"] for row in rows} == {OWNER, *(f"dc_{name}" for name in roles())}


async def test_an_owner_that_may_not_create_roles_is_enough_when_they_exist(
    home: Path, postgres_url: str
) -> None:
    assert await prepare(postgres_url, Home(home).secrets) == postgres_url
