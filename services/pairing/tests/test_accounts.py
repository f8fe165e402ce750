"""What happens at a vendor's account, said by `sync` on the real stream, and what becomes of connections."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import now
from proto import subjects
from proto.events import AccountChanged, HealthChanged
from services.pairing.tests.conftest import BROUGHT, DEVICE, VENDOR, WHOLE, Person, World
from services.pairing.texts import CURRENT
from tests.support.waiting import until

pytestmark = pytest.mark.integration
ONE, TWO = BROUGHT[0], BROUGHT[1]
MINUTE = timedelta(minutes=1)


class Account:
    """A patient's account at the vendor, as `sync` knows it."""

    def __init__(self, world: World, patient: Person) -> None:
        self.world, self.patient = world, patient
        self.id = uuid4()
        self.began = now() - timedelta(hours=1)
        self.device_id = f"account:{self.id}"

    def event(self, state: Any = "active", after: int = 0, **more: Any) -> AccountChanged:
        fields: dict[str, Any] = {
            "account_id": self.id,
            "patient_id": self.patient.id,
            "user_id": self.patient.id,
            "vendor": VENDOR.name,
            "state": state,
            "at": self.began + after * MINUTE,
        }
        return AccountChanged(**{**fields, **more})

    async def say(self, event: AccountChanged) -> None:
        await self.world.say("sync", subjects.to(subjects.ACCOUNTS_CHANGED, event.patient_id), event)

    async def signed_in(self, *kinds: Any, after: int = 0, **more: Any) -> None:
        """By itself, with consent to these kinds."""
        await self.say(self.event(after=after, consent_version=CURRENT, data_kinds=list(kinds), **more))

    async def begun(self) -> str:
        """A pairing that is under way: its person is at the vendor."""
        id = await self.patient.create(DEVICE, "vendor_oauth")
        await self.patient.consent(id, ONE)
        await self.patient.token(id)
        return id

    async def paired(self, after: int = 0) -> str:
        id = await self.begun()
        await self.say(self.event(after=after, connection_id=UUID(id)))
        await self.shows(id, "connected")
        return id

    async def shows(self, id: str, status: str, reason: str | None = None) -> Any:
        async def look() -> Any:
            seen = await self.patient.connection(id)
            return seen if (seen["status"], seen["status_reason"]) == (status, reason) else None

        return await until(look)

    async def items(self, many: int) -> list[Any]:
        """The patient's connections, once there are so many."""

        async def look() -> Any:
            items = (await self.patient.call("GET", "device-connections")).json()["items"]
            return (items,) if len(items) == many else None

        (found,) = await until(look)
        return list(found)

    async def all_heard(self) -> None:
        """Until everything that was said so far has been acted on: one message after another."""
        id = (await self.world.person().pair())["connection"]["id"]
        owner = (await self.world.connection_state(id)).patient_id
        event = HealthChanged(
            device_connection_id=UUID(id),
            patient_id=owner,
            status="unknown",
            flags=[],
            battery_pct=42,
            rssi=None,
            firmware=None,
            last_seen=None,
            last_reading_at=None,
            at=now(),
        )
        await self.world.say("health", subjects.to(subjects.HEALTH_CHANGED, owner), event)

        async def heard() -> Any:
            return await self.world.owner.fetchval(
                "SELECT battery_pct = 42 FROM pairing.device_connections WHERE id = $1", UUID(id)
            )

        await until(heard)

    async def audits(self, object_id: str, action: str) -> int:
        count: int = await self.world.owner.fetchval(
            "SELECT count(*) FROM access.audit_logs WHERE object_id = $1 AND action = $2", object_id, action
        )
        return count


@pytest.fixture
async def account(world: World) -> Account:
    return Account(world, world.person())


async def test_signing_in_completes_the_pairing_that_the_person_began(account: Account, world: World) -> None:
    patient = account.patient
    id = await account.begun()
    consent = (await patient.connection(id))["consent"]

    await account.say(account.event(connection_id=UUID(id)))

    done = await account.shows(id, "connected")
    assert done["consent"] == consent
    assert (await patient.progress(id))["state"] == "done"
    state = await world.connection_state(id, status="connected")
    assert (state.device_id, state.consent_kinds) == (account.device_id, frozenset({ONE}))
    assert (await world.audited(id, "pairing.complete", actor=patient.id))["patient_id"] == patient.id
    await world.said(patient, "status", status="connected")


async def test_heard_twice_is_once(account: Account) -> None:
    id = await account.begun()
    event = account.event(connection_id=UUID(id))

    for _ in range(2):
        await account.say(event)
    await account.shows(id, "connected")
    await account.say(account.event(after=1, connection_id=UUID(id)))  # news, but nothing is left to be done
    await account.all_heard()
    await account.patient.call("DELETE", f"device-connections/{id}")
    await account.say(event)
    await account.all_heard()

    assert await account.audits(id, "pairing.complete") == 1
    assert (await account.patient.connection(id))["status"] == "revoked"


async def test_signing_in_by_itself_connects_the_account_under_the_consent_given(
    account: Account, world: World
) -> None:
    await account.signed_in(ONE, TWO)

    (made,) = await account.items(1)
    assert made["device_model_id"] == str(WHOLE.id)
    assert (made["status"], made["pairing_method"], made["name"]) == ("connected", "vendor_oauth", WHOLE.name)
    assert (made["consent"]["version"], made["consent"]["data_kinds"]) == (CURRENT, [ONE, TWO])
    for action in ("connection.create", "pairing.complete"):
        await world.audited(made["id"], action, actor=account.patient.id)
    await world.audited(made["consent"]["id"], "consent.give", actor=account.patient.id)
    await world.connection_state(made["id"], device_id=account.device_id, status="connected")


async def test_signing_in_again_replaces_a_consent_that_differs_and_no_other(account: Account) -> None:
    await account.signed_in(ONE)
    (first,) = await account.items(1)
    await account.signed_in(ONE, after=1)
    await account.all_heard()
    (same,) = await account.items(1)
    await account.signed_in(ONE, TWO, after=2)
    await account.all_heard()

    (wider,) = await account.items(1)

    assert same == first
    assert wider["id"] == first["id"]
    assert wider["consent"]["id"] != first["consent"]["id"]
    assert wider["consent"]["data_kinds"] == [ONE, TWO]


async def test_what_no_device_of_the_account_measures_is_the_accounts_own(account: Account) -> None:
    device = await account.paired()
    consent = (await account.patient.connection(device))["consent"]

    await account.signed_in(ONE, after=1)
    await account.all_heard()
    alone = await account.items(1)
    await account.signed_in(ONE, TWO, after=2)
    both = await account.items(2)

    assert alone[0]["id"] == device
    assert both[0]["consent"] == consent
    assert both[1]["device_model_id"] == str(WHOLE.id)
    assert both[1]["consent"]["data_kinds"] == [ONE, TWO]


async def test_an_account_without_consent_is_only_what_it_was_again(account: Account) -> None:
    await account.say(account.event())
    await account.all_heard()

    assert (await account.patient.call("GET", "device-connections")).json()["items"] == []


@pytest.mark.parametrize(
    ("state", "ended_by"),
    [("needs_reauth", None), ("paused", None), ("retired", None), ("revoked", "vendor"), ("revoked", None)],
)
async def test_connections_wait_for_an_account_that_is_not_active(
    account: Account, world: World, state: Any, ended_by: Any
) -> None:
    id = await account.paired()
    other = (await account.patient.pair())["connection"]["id"]

    await account.say(account.event(state, after=1, ended_by=ended_by))
    await account.shows(id, "disconnected", "vendor_account")
    await world.said(account.patient, "status", status="disconnected", status_reason="vendor_account")
    await account.say(account.event(after=2))
    back = await account.shows(id, "connected")

    assert back["consent"] is not None
    assert (await account.patient.connection(other))["status"] == "connected"


async def test_what_was_overtaken_changes_nothing(account: Account) -> None:
    id = await account.paired(after=3)

    await account.say(account.event("needs_reauth", after=1))
    await account.say(account.event("revoked", after=2, ended_by="patient"))
    await account.all_heard()

    assert (await account.patient.connection(id))["status"] == "connected"
    assert (await account.patient.connection(id))["consent"] is not None


async def test_an_overtaken_sign_in_still_completes_its_own_pairing(account: Account) -> None:
    early, late = await account.begun(), await account.patient.create(WHOLE, "vendor_oauth")
    await account.patient.consent(late, TWO)

    await account.say(account.event(after=2, connection_id=UUID(late)))
    await account.shows(late, "connected")
    await account.say(account.event(after=1, connection_id=UUID(early)))

    await account.shows(early, "connected")


async def test_an_account_that_the_patient_ended_ends_its_connections(account: Account, world: World) -> None:
    id = await account.paired()
    consent = (await account.patient.connection(id))["consent"]["id"]

    await account.say(account.event("revoked", after=1, ended_by="patient"))
    ended = await account.shows(id, "revoked")

    assert ended["revoked_at"] is not None
    assert ended["consent"] is None
    await world.audited(id, "connection.revoke", actor=account.patient.id)
    await world.audited(consent, "consent.revoke", actor=account.patient.id)
    await world.connection_state(id, status="revoked", consent="revoked")


async def test_the_same_account_again_gets_its_old_connections_back(account: Account) -> None:
    device = await account.paired()
    await account.signed_in(TWO, after=1)
    whole = next(item["id"] for item in await account.items(2) if item["id"] != device)
    await account.say(account.event("revoked", after=2, ended_by="patient"))
    await account.items(0)

    fresh = await account.begun()
    await account.say(account.event(after=3, connection_id=UUID(fresh)))
    await account.shows(device, "connected")
    await account.signed_in(ONE, TWO, after=4)

    assert {item["id"] for item in await account.items(2)} == {device, whole}
    assert (await account.patient.call("GET", f"device-connections/{fresh}")).status_code == 404
    assert await account.audits(whole, "connection.create") == 1


async def test_a_pairing_that_was_removed_meanwhile_stays_removed(account: Account) -> None:
    id = await account.begun()
    await account.patient.call("DELETE", f"device-connections/{id}")

    await account.say(account.event(connection_id=UUID(id)))
    await account.say(account.event(after=1, connection_id=uuid4()))
    await account.all_heard()

    assert (await account.patient.connection(id))["status"] == "revoked"


async def test_a_consent_that_was_withdrawn_meanwhile_counts(account: Account) -> None:
    id = await account.begun()
    consent = (await account.patient.connection(id))["consent"]["id"]
    await account.patient.call("POST", f"consents/{consent}/revoke", {})

    await account.say(account.event(connection_id=UUID(id)))

    async def ended() -> Any:
        return (await account.patient.progress(id)).get("error") == "consent_required"

    await until(ended)
    assert (await account.patient.connection(id))["status"] == "pairing"


async def test_an_account_completes_nothing_of_another_patient(account: Account, world: World) -> None:
    other = Account(world, world.person())
    id = await other.begun()

    await account.say(account.event(connection_id=UUID(id)))
    await account.all_heard()

    assert (await other.patient.connection(id))["status"] == "pairing"


async def test_a_late_sign_in_completes_what_has_no_live_attempt_any_more(
    account: Account, world: World
) -> None:
    id = await account.begun()
    await world.owner.execute(
        "UPDATE pairing.pairing_sessions SET expires_at = now() - interval '1 minute'"
        " WHERE device_connection_id = $1",
        UUID(id),
    )

    async def expired() -> Any:
        return (await account.patient.progress(id))["state"] == "expired"

    await until(expired)
    await account.say(account.event(connection_id=UUID(id)))

    await account.shows(id, "connected")


async def test_readings_that_were_on_their_way_do_not_hide_that_the_account_waits(
    account: Account, world: World
) -> None:
    id = await account.paired()
    await account.say(account.event("needs_reauth", after=1))
    await account.shows(id, "disconnected", "vendor_account")

    at: datetime = now()
    event = HealthChanged(
        device_connection_id=UUID(id),
        patient_id=account.patient.id,
        status="ok",
        flags=[],
        battery_pct=77,
        rssi=None,
        firmware=None,
        last_seen=at,
        last_reading_at=at,
        at=at,
    )
    await world.say("health", subjects.to(subjects.HEALTH_CHANGED, account.patient.id), event)
    await account.all_heard()

    seen = await account.patient.connection(id)
    assert (seen["battery_pct"], seen["status_reason"]) == (77.0, "vendor_account")


async def test_an_account_that_is_not_in_the_catalogue_stops_nobody(account: Account) -> None:
    await account.signed_in(ONE, vendor="nobody_knows")
    await account.all_heard()

    assert (await account.patient.call("GET", "device-connections")).json()["items"] == []
