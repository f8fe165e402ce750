"""Seeding and SQL on real PostgreSQL: what a start writes, does not write twice, and leaves alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from chassis.auth import Principal, TokenSigner
from chassis.config import load
from chassis.db import Connection, Tx
from services.registry import store
from services.registry.app import create_app
from services.registry.catalogue import ACCOUNTS, EVERYTHING, MODELS
from services.registry.domain import row_of, same_content
from services.registry.rows import ModelRow
from services.registry.seeding import seed
from services.registry.settings import Settings
from services.registry.tests.conftest import Scene
from tests.support.waiting import until


@pytest.fixture
async def tx(scene: Scene, database_urls: dict[str, str]) -> AsyncIterator[Tx]:
    """A transaction of the registry's own role on the seeded catalogue; rolled back."""
    conn = await asyncpg.connect(database_urls["registry"])
    transaction = conn.transaction()
    await transaction.start()
    yield Tx(cast(Connection, conn))
    await transaction.rollback()
    await conn.close()


def row(model: str, **change: Any) -> ModelRow:
    """Like a row of the catalogue, under another name."""
    return msgspec.structs.replace(row_of(MODELS[0], ""), id=uuid4(), model=model, name=model, **change)


async def only(tx: Tx, model: ModelRow) -> ModelRow:
    found = await store.select_model(tx.conn, model.id)
    assert found is not None
    return found


async def test_the_start_wrote_the_catalogue_as_it_is(tx: Tx) -> None:
    stored = {each.id: each for each in await store.select_all(tx.conn)}

    for model in (*MODELS, *ACCOUNTS, EVERYTHING):
        found = stored[model.id]
        assert same_content(found, row_of(model, found.docs_url or ""))


async def test_seeding_again_writes_nothing(tx: Tx) -> None:
    assert await seed(tx, development=True) == 0


async def test_a_changed_row_is_written_again_with_a_higher_version(tx: Tx) -> None:
    before = await only(tx, row_of(MODELS[0], ""))
    await store.update_model(
        tx.conn, msgspec.structs.replace(before, name="Old name", quirks={"a": "b"}), in_catalogue=True
    )

    written = await seed(tx, development=True)

    after = await only(tx, before)
    assert written == 1
    assert same_content(after, before)
    assert after.version == before.version + 2


async def test_models_of_an_administrator_are_left_alone(tx: Tx) -> None:
    own = row(f"own-{uuid4().hex[:8]}")
    await store.insert_model(tx.conn, own, in_catalogue=False)

    await seed(tx, development=True)

    assert same_content(await only(tx, own), own)


async def test_a_model_that_an_administrator_added_first_keeps_its_id(tx: Tx) -> None:
    ours, theirs = MODELS[0].id, uuid4()
    await tx.conn.execute("UPDATE registry.device_models SET id = $2 WHERE id = $1", ours, theirs)

    written = await seed(tx, development=True)

    assert written == 0
    assert await store.select_model(tx.conn, ours) is None
    assert await store.select_model(tx.conn, theirs) is not None


async def test_two_replicas_that_start_at_once_both_come_up(
    scene: Scene, database_urls: dict[str, str]
) -> None:
    async def start() -> int:
        conn = await asyncpg.connect(database_urls["registry"])
        try:
            async with conn.transaction():
                return await seed(Tx(cast(Connection, conn)), development=True)
        finally:
            await conn.close()

    assert await asyncio.gather(*(start() for _ in range(4))) == [0, 0, 0, 0]


async def test_names_are_escaped_and_every_word_must_be_found(tx: Tx) -> None:
    for name in ("50%_odd", "50 odd", r"back\slash"):
        await store.insert_model(tx.conn, row(name), in_catalogue=False)

    async def found(q: str) -> list[str]:
        rows = await store.select_models(
            tx.conn, device_type=None, vendor=None, pairing_method=None, q=q,
            hidden_vendor=None, after=None, limit=100,
        )  # fmt: skip
        return [each.model for each in rows]

    assert await found("50%_") == ["50%_odd"]
    assert sorted(await found("odd 50")) == ["50 odd", "50%_odd"]
    assert await found("k\\s") == ["back\\slash"]


async def test_a_hidden_vendor_is_in_no_list(tx: Tx) -> None:
    rows = await store.select_models(
        tx.conn, device_type=None, vendor=None, pairing_method=None, q=None,
        hidden_vendor="simulated", after=None, limit=1000,
    )  # fmt: skip
    makers = await store.select_vendors(tx.conn, hidden="simulated", after=None, limit=1000)

    assert "simulated" not in {each.vendor for each in rows}
    assert "simulated" not in {maker.vendor_id for maker in makers}


async def test_the_registry_may_not_remove_models(tx: Tx) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tx.conn.execute("DELETE FROM registry.device_models")


async def test_the_bucket_holds_the_whole_catalogue(scene: Scene) -> None:
    await until(lambda: all(scene.models.get(str(model.id)) for model in (*MODELS, *ACCOUNTS, EVERYTHING)), 5)

    for model in (*MODELS, *ACCOUNTS, EVERYTHING):
        state = scene.models.get(str(model.id))
        assert state is not None
        assert state.capabilities == set(model.kinds)
        assert "simulated" in state.pairing_methods


async def test_outside_development_nothing_is_simulated(
    scene: Scene, service_environ: Callable[[str], dict[str, str]]
) -> None:
    """The same database, answered as production does; its settings would refuse these servers, so they are not checked."""
    settings = load(Settings, service_environ("registry")).with_(env="production")
    who = Principal(user_id=uuid4(), roles=frozenset({"admin"}))
    token = TokenSigner(settings.secrets_path / "keys/token_signing.pem").sign(who, 600)
    async with AsyncTestClient(create_app(settings)) as client:
        client.headers["authorization"] = f"Bearer {token}"

        models = (await client.get("/api/v1/devices?limit=1000")).json()["items"]
        simulated = (await client.get("/api/v1/devices?pairing_method=simulated")).json()["items"]
        one = await client.get(f"/api/v1/devices/{EVERYTHING.id}")
        makers = (await client.get("/api/v1/vendors?limit=1000")).json()["items"]

    assert {model["id"] for model in models} >= {str(model.id) for model in (*MODELS, *ACCOUNTS)}
    assert not [model for model in models if "simulated" in model["pairing_methods"]]
    assert simulated == []
    assert one.status_code == 404
    assert "simulated" not in {maker["vendor_id"] for maker in makers}
