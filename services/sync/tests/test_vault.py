"""Tokens: bound to their row, refreshed once by however many, never spent twice, sealed anew under load."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from chassis.bus import Bus
from chassis.cache import Cache
from chassis.config import load
from chassis.crypto import LocalKeyRing, SealBroken
from chassis.db import Database
from proto.vendors.client import Answer, Client, Request, Tokens, VendorFault
from services.sync.budgets import Budgets
from services.sync.entering import _account_of as account_of
from services.sync.outbound import Line, Outbound
from services.sync.settings import Settings
from services.sync.store import accounts
from services.sync.store.accounts import Account
from services.sync.store.sign_ins import SignIn
from services.sync.tests.test_domain import MANIFEST
from services.sync.vault import Vault

pytestmark = pytest.mark.integration


class Endpoint(Outbound):
    """A token endpoint with single-use refresh tokens, as the strictest vendors have it, told apart by its book."""

    def __init__(self, budgets: Budgets) -> None:
        super().__init__(budgets, "")
        self.good = "r0"
        self.spent: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, manifest: Any, account: str, request: Request) -> Answer:
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
        first = Tokens(**{"access_token": "a0", "refresh_token": "r0", "expires_at": _in(3600), **tokens})
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
                expires_at=_in(60),
            ),
            first,
            self.vault.seal(first, id, patient),
            datetime.now(UTC),
        )
        async with self.db.transaction("test") as tx:
            await accounts.insert_account(tx.conn, made, str(id))
            # Nobody else's business: a running service of another test must not look at it.
            await accounts.update_state(tx.conn, id, "paused", None, datetime.now(UTC))
        return made

    async def stored(self, id: UUID) -> Account:
        async with self.db.acquire() as conn:
            found = await accounts.select_account(conn, id)
        assert found is not None
        return found


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture
async def bench(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
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


async def test_a_pair_that_lasts_is_not_refreshed(bench: Bench) -> None:
    account = await bench.account()
    found = await bench.vault.fresh(account, bench.client, bench.line)
    assert found.access_token == "a0"
    assert bench.endpoint.spent == []


async def test_many_at_once_refresh_once_and_all_get_the_new_pair(bench: Bench) -> None:
    account = await bench.account(expires_at=_in(5))
    failed = bench.vault.open(account)
    found = await asyncio.gather(
        *(bench.vault.refresh(account.id, failed, bench.client, bench.line) for _ in range(5))
    )
    assert {tokens.access_token for tokens in found} == {"a1"}
    assert bench.endpoint.spent == ["r0"]
    assert bench.vault.open(await bench.stored(account.id)).refresh_token == "r1"


async def test_whoever_comes_with_an_old_pair_gets_the_stored_one_and_revokes_nothing(bench: Bench) -> None:
    account = await bench.account(expires_at=_in(5))
    failed = bench.vault.open(account)
    await bench.vault.refresh(account.id, failed, bench.client, bench.line)
    again = await bench.vault.refresh(account.id, failed, bench.client, bench.line)
    assert again.access_token == "a1"
    assert bench.endpoint.spent == ["r0"]


async def test_a_crash_between_the_vendors_answer_and_the_commit_is_a_lost_grant_once(bench: Bench) -> None:
    """A single-use token that was spent without being kept: the vendor says so, and it is not asked again and again."""
    account = await bench.account(expires_at=_in(5))
    bench.endpoint.good = "r-somewhere-else"
    with pytest.raises(VendorFault) as lost:
        await bench.vault.fresh(account, bench.client, bench.line)
    assert lost.value.fault.fault_class == "grant_lost"
    assert bench.endpoint.spent == ["r0"]


async def test_the_tokens_of_one_row_do_not_open_in_another(bench: Bench) -> None:
    one, other = await bench.account(), await bench.account()
    moved = msgspec.structs.replace(other, tokens=one.tokens)
    with pytest.raises(SealBroken):
        bench.vault.open(moved)
    stolen = msgspec.structs.replace(one, patient_id=uuid4())
    with pytest.raises(SealBroken):
        bench.vault.open(stolen)


def test_tokens_do_not_print_themselves() -> None:
    tokens = Tokens(access_token="secret-a", refresh_token="secret-r")
    assert "secret" not in f"{tokens!r} {tokens} {[tokens]}"
