"""A bench for one account without a service around it: a vault, a strict token endpoint, and the database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from chassis.bus import Bus
from chassis.cache import Cache
from chassis.config import load
from chassis.crypto import LocalKeyRing
from chassis.db import Database
from proto.vendors.client import Answer, Client, Request, Tokens
from services.sync.budgets import Budgets
from services.sync.entering import _account_of as account_of
from services.sync.outbound import Line, Outbound
from services.sync.settings import Settings
from services.sync.store import accounts
from services.sync.store.accounts import Account
from services.sync.store.sign_ins import SignIn
from services.sync.tests.test_domain import MANIFEST
from services.sync.vault import Vault


def in_s(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Endpoint(Outbound):
    """A token endpoint with single-use refresh tokens, as the strictest vendors have it, told apart by its book."""

    def __init__(self, budgets: Budgets) -> None:
        super().__init__(budgets, "")
        self.good = "r0"
        self.spent: list[str] = []
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, manifest: Any, account: str, request: Request, *, by_person: bool = False) -> Answer:
        self.asked += 1
        await self.gate.wait()
        given = (request.form or {})["refresh_token"]
        self.spent.append(given)
        if given != self.good:
            return Answer(status=400, body=b'{"error":"invalid_grant"}')
        self.good = f"r{len(self.spent)}"
        body = {"access_token": f"a{len(self.spent)}", "refresh_token": self.good, "expires_in": 3600}
        return Answer(status=200, body=msgspec.json.encode(body))


class Somebody(Client):
    manifest = MANIFEST


class Bench:
    """One account, and as many replicas as a test wants."""

    def __init__(self, db: Database, ring: LocalKeyRing, endpoint: Endpoint, budgets: Budgets) -> None:
        self.db = db
        self.vault = Vault(db, ring)
        self.endpoint = endpoint
        self.client = Somebody({"client_id": "c", "client_secret": "s"})
        self.line = Line(endpoint, budgets, self.client, "a", None)

    async def account(self, **tokens: Any) -> Account:
        id, patient = uuid4(), uuid4()
        first = Tokens(**{"access_token": "a0", "refresh_token": "r0", "expires_at": in_s(3600), **tokens})
        made = account_of(
            id,
            type("Who", (), {"user_id": patient})(),
            SignIn(
                state_sha256="s",
                user_id=patient,
                patient_id=patient,
                vendor="somebody",
                verifier_sealed=b"",
                data_kinds=["weight"],
                consent_version="1",
                connection_id=None,
                return_to="/",
                expires_at=in_s(60),
            ),
            first,
            self.vault.seal(first, id, patient),
            datetime.now(UTC),
        )
        async with self.db.transaction("test") as tx:
            await accounts.insert_account(tx.conn, made, str(id))
            # Nobody else's business: a running service of another test must not look at it.
            await accounts.update_state(tx.conn, id, "paused", None)
        return made

    async def stored(self, id: UUID) -> Account:
        async with self.db.acquire() as conn:
            found = await accounts.select_account(conn, id)
        assert found is not None
        return found


@asynccontextmanager
async def bench_of(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
    settings = load(Settings, service_environ("sync"))
    bus, cache = Bus(settings, "sync"), Cache(settings)
    db = Database(settings, "sync", bus)
    await bus.start()
    await db.start()
    budgets = Budgets(cache)
    yield Bench(db, LocalKeyRing(settings.secrets_path / "keys/keyring.json"), Endpoint(budgets), budgets)
    await db.stop()
    await cache.stop()
    await bus.stop()
