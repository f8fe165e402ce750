"""What a look may write, and what comes between: hints while pages are read, another sign-in, a look that began before."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from uuid import UUID, uuid4

import msgspec
import pytest

from chassis.bus import Bus
from chassis.config import load
from chassis.consume import DONE
from chassis.crypto import LocalKeyRing
from chassis.mirror import Mirror
from proto.events import VerifiedUpload, WebhookReceived
from proto.state import ProfileState
from proto.vendors.manifest import Manifest
from proto.words import KINDS
from services.sync.domain import Target
from services.sync.entering import Entrance
from services.sync.feeding import Feeder, Known
from services.sync.looking import Lease, LeaseLost
from services.sync.notices import AGAIN, Listener
from services.sync.parties import Vendors
from services.sync.settings import Settings
from services.sync.store import accounts, imports
from services.sync.store.accounts import Account
from services.sync.tests.bench import Bench, bench_of, in_s
from services.sync.tests.test_domain import target

pytestmark = pytest.mark.integration
NOW = datetime.now(UTC)
TELLS_DELETIONS: Final = "oura"


@pytest.fixture
async def bench(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Bench]:
    async with bench_of(service_environ) as made:
        yield made


async def noted(bench: Bench, id: UUID, since: datetime) -> None:
    async with bench.db.transaction("test") as tx:
        await accounts.mark_due(tx.conn, id, NOW, since, notified=True)


async def looking(bench: Bench, account: Account) -> Account:
    """As a worker has it who claimed it now. The claim itself would take any account that is due."""
    async with bench.db.transaction("test") as tx:
        await tx.conn.execute(
            "UPDATE sync.vendor_accounts SET fence = fence + 1, taken = wanted, leased_at = $2, lease_until = $3"
            " WHERE id = $1",
            account.id,
            NOW,
            in_s(60),
        )
    return await bench.stored(account.id)


async def looked(bench: Bench, account: Account) -> bool:
    async with bench.db.transaction("test") as tx:
        return await accounts.update_looked(tx.conn, account, cursor=None, until=NOW)


async def test_a_hint_is_taken_by_the_look_that_went_back_to_it(bench: Bench) -> None:
    account = await bench.account()
    await noted(bench, account.id, NOW - timedelta(days=3))
    assert await looked(bench, await looking(bench, account))
    assert (await bench.stored(account.id)).hint_since is None


async def test_a_hint_that_comes_while_pages_are_read_is_not_taken_with_an_older_one(bench: Bench) -> None:
    account = await bench.account()
    await noted(bench, account.id, NOW - timedelta(days=3))
    held = await looking(bench, account)
    await noted(bench, account.id, NOW - timedelta(days=2))
    assert await looked(bench, held)
    assert (await bench.stored(account.id)).hint_since == NOW - timedelta(days=3)


async def test_who_signs_in_again_is_not_ended_by_a_look_with_the_old_grant(bench: Bench) -> None:
    account = await bench.account()
    held = await looking(bench, account)
    async with bench.db.transaction("test") as tx:
        await accounts.update_reconnected(tx.conn, msgspec.structs.replace(account), NOW)
        await accounts.update_state(tx.conn, account.id, "paused", None)
    assert (await bench.stored(account.id)).fence > held.fence
    assert not await looked(bench, held)


async def test_a_look_that_is_under_way_cannot_put_off_a_goodbye(bench: Bench) -> None:
    account = await bench.account()
    held = await looking(bench, account)
    async with bench.db.transaction("test") as tx:
        await accounts.update_ended(tx.conn, account.id, "patient", NOW, is_told=False)
        assert not await accounts.release(tx.conn, held, due_at=in_s(3600), failures=0, fault=None)
        ended = await accounts.select_account(tx.conn, account.id)
        assert ended is not None
        assert (ended.state, ended.ended_at, ended.next_due_at) == ("revoked", NOW, NOW)
        assert ended.tokens is not None
        await accounts.forget_tokens(tx.conn, ended)  # a running service of another test must not take it
    assert (await bench.stored(account.id)).tokens is None


async def test_a_look_that_began_before_is_told_from_a_later_one(bench: Bench) -> None:
    account = await bench.account()
    held = await looking(bench, account)
    async with bench.db.acquire() as conn:
        assert await accounts.is_looked_at(conn, held.id, NOW + timedelta(seconds=1), NOW)
        assert not await accounts.is_looked_at(conn, held.id, NOW - timedelta(seconds=1), NOW)
        assert not await accounts.is_looked_at(conn, held.id, in_s(90), in_s(90))


async def test_who_let_go_of_an_account_does_not_hold_it_by_a_renewal_that_comes_late(bench: Bench) -> None:
    """The keeper may be asking in the moment in which the look ends; who was announced meanwhile would wait for a lease."""
    account = await bench.account()
    held = await looking(bench, account)
    later = timedelta(minutes=1)
    async with bench.db.transaction("test") as tx:
        assert await accounts.renew(tx.conn, held.id, held.fence, NOW + later)
        assert await accounts.release(tx.conn, held, due_at=in_s(3600), failures=0, fault=None)
        assert not await accounts.renew(tx.conn, held.id, held.fence, NOW + later)
        assert not await accounts.is_looked_at(tx.conn, held.id, in_s(1), NOW)


async def test_a_file_that_is_put_off_is_not_held_by_a_renewal_that_comes_late(bench: Bench) -> None:
    upload = VerifiedUpload(
        upload_id=uuid4(),
        device_connection_id=uuid4(),
        patient_id=uuid4(),
        kind="apple_export",
        object_url="s3://uploads/export.zip",
        size=1,
    )
    async with bench.db.transaction("test") as tx:
        work = await imports.insert_import(tx.conn, upload, "healthkit", NOW)
        assert work is not None
        assert await imports.renew(tx.conn, work, in_s(60))
        await imports.postpone(tx.conn, work, in_s(3600))
        assert not await imports.renew(tx.conn, work, in_s(60))


def test_a_lease_that_was_not_renewed_in_time_hands_nothing_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    lease = Lease(4.0)
    clock += 2.9
    lease.require()
    lease.renewed(clock)
    clock += 2.9
    lease.require()
    clock += 0.2
    with pytest.raises(LeaseLost):
        lease.require()


class Here(Known):
    """One connection that takes everything."""

    def __init__(self) -> None:
        self._target = target(set(KINDS), number=77, consented=frozenset(KINDS))

    def targets(self, patient_id: UUID, manifest: Manifest) -> list[Target]:
        return [self._target]


async def test_a_deletion_comes_again_while_a_look_may_hold_what_was_deleted(
    bench: Bench, service_environ: Callable[[str], dict[str, str]]
) -> None:
    settings = load(Settings, service_environ("sync"))
    ring = LocalKeyRing(settings.secrets_path / "keys/keyring.json")
    bus = Bus(settings, "sync")
    await bus.start()
    listener = Listener(
        db=bench.db,
        vendors=Vendors(settings.secrets_path, frozenset()),
        ring=ring,
        known=Here(),
        feeder=Feeder(bus, 1),
        entrance=cast(Entrance, None),  # nobody comes or goes here
        profiles=Mirror(bus, "profiles", ProfileState),
        wake=lambda: None,
        wake_importer=lambda: None,
        history_days=90,
    )
    account = await bench.account()
    user = f"user-{account.id}"
    async with bench.db.transaction("test") as tx:
        await tx.conn.execute(
            "UPDATE sync.vendor_accounts SET vendor = $2, vendor_user_index = $3 WHERE id = $1",
            account.id,
            TELLS_DELETIONS,
            ring.blind_index(f"{TELLS_DELETIONS}:{user}"),
        )
    said = {
        "event_type": "delete",
        "data_type": "daily_activity",
        "object_id": "4711",
        "event_time": NOW.isoformat(),
        "user_id": user,
    }
    event = WebhookReceived(
        vendor=TELLS_DELETIONS,
        event_id=user,
        received_at=datetime.now(UTC) + timedelta(seconds=1),
        content_type="application/json",
        body=msgspec.json.encode(said),
    )
    held = await looking(bench, account)
    try:
        assert await listener.on_webhook(event) == AGAIN
        async with bench.db.transaction("test") as tx:
            await accounts.release(tx.conn, held, due_at=in_s(3600), failures=0, fault=None)
        assert await listener.on_webhook(event) == DONE
    finally:
        await bus.stop()
