"""Hubs that sign in over real MQTT: let in, refused, kept to their own branch, and put out again."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiomqtt
import nkeys
import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js.errors import NotFoundError

from chassis.config import load
from chassis.crypto import token_digest
from chassis.db import Database
from chassis.mirror import Mirror
from chassis.resource import Background
from proto.errors import Unavailable
from proto.state import ConnectionsEntry
from services.pairing.admission import Admission
from services.pairing.notes import Notes
from services.pairing.settings import Settings
from services.pairing.sign_in import HubSignIn, VendorSecrets
from services.pairing.tests.conftest import World
from tests.support.waiting import until

pytestmark = pytest.mark.integration
SEED = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT)


@asynccontextmanager
async def signed_in(
    world: World, user: str, password: str, identifier: str | None = None
) -> AsyncIterator[aiomqtt.Client]:
    """Raises `aiomqtt.MqttError` when the listener refuses."""
    address = urlsplit(world.mqtt_url)
    async with aiomqtt.Client(
        address.hostname or "",
        address.port or 1883,
        username=user,
        password=password,
        identifier=identifier or user,
        timeout=5,
    ) as client:
        yield client


async def may_sign_in(world: World, user: str, password: str, identifier: str | None = None) -> bool:
    try:
        async with signed_in(world, user, password, identifier):
            return True
    except aiomqtt.MqttError:
        return False


async def until_put_out(client: aiomqtt.Client) -> None:
    """Raises `aiomqtt.MqttError` when the server ends the session."""
    async for _ in client.messages:
        continue


def codes(granted: Any) -> list[int]:
    return [int(code.value if hasattr(code, "value") else code) for code in granted]


async def last_of(world: World, topic: str) -> Any:
    """The newest message of a topic as the listener's stream has it, or None."""
    try:
        subject = "$MQTT.msgs." + topic.replace("/", ".")
        return await world.buses["hubs-admin"].js.get_last_msg("$MQTT_msgs", subject)
    except NotFoundError:
        return None


async def test_a_hub_signs_in_and_what_it_publishes_is_stored(world: World) -> None:
    patient = world.person()
    hub = await patient.hub()
    topic = f"dc/v1/hubs/{hub['hub_id']}/up/readings"

    async with signed_in(world, hub["hub_id"], hub["secret"]) as client:
        granted = await client.subscribe(f"dc/v1/hubs/{hub['hub_id']}/down/#", qos=1)
        await client.publish(topic, b"[]", qos=1)  # returns with the PUBACK

    assert codes(granted) == [1]
    stored = await last_of(world, topic)
    assert stored.data.endswith(b"[]")
    row = await world.audited(hub["hub_id"], "hub.sign_in")
    assert (row["actor_id"], row["actor_role"]) == (f"hub:{hub['hub_id']}", "hub")
    assert row["patient_id"] == patient.id


async def test_who_is_refused(world: World) -> None:
    patient = world.person()
    hub, other = await patient.hub(), await patient.hub()

    wrong_secret = await may_sign_in(world, hub["hub_id"], other["secret"])
    foreign_client = await may_sign_in(world, hub["hub_id"], hub["secret"], other["hub_id"])
    no_hub = await may_sign_in(world, "hub-000000000000", hub["secret"])
    vendor = await may_sign_in(world, "vendor-somebody", "x")
    service = await may_sign_in(world, "pairing", "x")

    assert [wrong_secret, foreign_client, no_hub, vendor, service] == [False] * 5
    row = await world.audited(hub["hub_id"], "hub.sign_in", "denied")
    assert row["patient_id"] == patient.id
    assert await may_sign_in(world, hub["hub_id"], hub["secret"])


async def test_a_flood_of_wrong_secrets_is_one_audit_row(world: World) -> None:
    patient = world.person()
    hub = await patient.hub()

    outcomes = [await may_sign_in(world, hub["hub_id"], f"guess-{number}") for number in range(8)]
    await may_sign_in(world, hub["hub_id"], hub["secret"])
    await world.audited(hub["hub_id"], "hub.sign_in")  # noted after them, so they are written too

    assert not any(outcomes)
    rows = await world.owner.fetchval(
        "SELECT count(*) FROM access.audit_logs WHERE object_id = $1 AND outcome = 'denied'", hub["hub_id"]
    )
    assert rows == 1


async def test_a_hubs_credentials_open_nothing_but_mqtt(world: World, nats_server: Any) -> None:
    hub = await world.person().hub()

    refusals: list[Exception] = []

    async def on_error(error: Exception) -> None:
        refusals.append(error)

    client = Client()
    with pytest.raises(Error):
        await client.connect(
            nats_server.url,
            user=hub["hub_id"],
            password=hub["secret"],
            allow_reconnect=False,
            error_cb=on_error,
        )
    await client.close()

    assert any("authorization" in str(error).lower() for error in refusals)


async def test_another_hubs_branch_is_neither_written_nor_heard(world: World) -> None:
    patient = world.person()
    hub, other = await patient.hub(), await patient.hub()
    foreign = f"dc/v1/hubs/{other['hub_id']}/up/readings"
    own = f"dc/v1/hubs/{hub['hub_id']}/up/readings"

    async with signed_in(world, hub["hub_id"], hub["secret"]) as client:
        refused = [
            await client.subscribe(topic, qos=1)
            for topic in ("dc/v1/hubs/#", f"dc/v1/hubs/{other['hub_id']}/down/#", "#")
        ]
        await client.publish(foreign, b"[]", qos=1)
        await client.publish(own, b"[]", qos=1)

    assert all(codes(granted)[0] >= 0x80 for granted in refused)
    assert await last_of(world, own) is not None
    assert await last_of(world, foreign) is None


async def test_removing_a_hub_ends_its_live_session_and_keeps_it_out(world: World) -> None:
    patient = world.person()
    hub = await patient.hub()

    async def live() -> None:
        async with signed_in(world, hub["hub_id"], hub["secret"]) as client:
            await patient.call("DELETE", f"hubs/{hub['hub_id']}")
            await until_put_out(client)

    with pytest.raises(aiomqtt.MqttError):
        await asyncio.wait_for(live(), 5)

    assert not await may_sign_in(world, hub["hub_id"], hub["secret"])


async def test_after_a_rotation_both_secrets_work_for_a_while(world: World) -> None:
    patient = world.person()
    hub = await patient.hub()

    answer = await patient.call("POST", f"hubs/{hub['hub_id']}/rotate")
    state = await world.state(f"hub.{hub['hub_id']}", at_least=2)
    fresh = answer.json()
    both = [await may_sign_in(world, hub["hub_id"], secret) for secret in (hub["secret"], fresh["secret"])]

    assert answer.status_code == 200
    assert both == [True, True]
    assert [secret.until is None for secret in state.secrets] == [True, False]
    await world.audited(hub["hub_id"], "hub.rotate")


async def test_when_the_overlap_is_over_the_old_secret_and_what_it_opened_end(world: World) -> None:
    patient = world.person()
    hub = await patient.hub()

    fresh: dict[str, Any] = {}

    async def live() -> None:
        async with signed_in(world, hub["hub_id"], hub["secret"]) as client:
            fresh.update((await patient.call("POST", f"hubs/{hub['hub_id']}/rotate")).json())
            for change in (
                "UPDATE pairing.hub_secrets SET until = now() WHERE hub_id = $1 AND until IS NOT NULL",
                "UPDATE pairing.hubs SET evict_at = now() WHERE id = $1",
            ):
                await world.owner.execute(change, hub["hub_id"])
            await until_put_out(client)

    with pytest.raises(aiomqtt.MqttError):
        await asyncio.wait_for(live(), 8)
    assert not await may_sign_in(world, hub["hub_id"], hub["secret"])
    async with signed_in(world, hub["hub_id"], fresh["secret"]) as client:

        async def is_over() -> bool:
            return bool(
                await world.owner.fetchval(
                    "SELECT evict_at IS NULL FROM pairing.hubs WHERE id = $1", hub["hub_id"]
                )
            )

        await until(is_over)
        await client.publish(f"dc/v1/hubs/{hub['hub_id']}/up/state", b"{}", qos=1)  # still there


async def test_many_hubs_sign_in_at_once(world: World) -> None:
    patient = world.person()
    hubs = [await patient.hub() for _ in range(20)]

    outcomes = await asyncio.gather(*(may_sign_in(world, hub["hub_id"], hub["secret"]) for hub in hubs))

    assert all(outcomes)


async def test_hubs_are_known_while_the_database_is_not_there(
    world: World, service_environ: Callable[[str], dict[str, str]]
) -> None:
    hub = await world.person().hub()
    settings = load(Settings, service_environ("pairing"))
    away = Database(settings, "pairing")  # never started: every question to it is refused
    bus = world.buses["health"]
    mirror: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    tasks = Background()
    answering = HubSignIn(
        bus, away, mirror, VendorSecrets(Path("/nowhere")), nkeys.from_seed(SEED), Notes(away), tasks,
        Admission(away.start, tasks),
    )  # fmt: skip
    with pytest.raises(Unavailable):  # nor is the mirror: nobody is let in on a guess
        await answering.find(hub["hub_id"])

    await world.state(f"hub.{hub['hub_id']}")
    await mirror.start()
    known = await answering.find(hub["hub_id"])
    unknown = await answering.find("hub-000000000000")
    await mirror.stop()

    assert known is not None
    assert known.secrets[0].sha256 == token_digest(hub["secret"])
    assert unknown is None


@pytest.fixture
def partner(world: World, home: Path) -> str:
    """The secret of a vendor that pushes in real time."""
    return (home / "secrets/vendors/generic/socket_secrets").read_text().strip()


async def test_a_real_time_vendor_signs_in_and_has_its_own_branch_alone(world: World, partner: str) -> None:
    own, foreign = "dc/v1/vendors/generic/up/readings", "dc/v1/vendors/kinsa/up/readings"
    hubs = "dc/v1/hubs/hub-000000000000/up/readings"
    marker = str(uuid4()).encode()

    async with signed_in(world, "vendor-generic", partner) as client:
        granted = await client.subscribe(
            [("dc/v1/vendors/generic/down/#", 1), ("dc/v1/vendors/kinsa/down/#", 1), ("dc/v1/hubs/#", 1)]
        )
        for topic in (foreign, hubs, own):
            await client.publish(topic, marker, qos=1)

    assert codes(granted) == [1, 128, 128]
    assert (await last_of(world, own)).data.endswith(marker)
    assert [await last_of(world, topic) for topic in (foreign, hubs)] == [None, None]


async def test_which_vendors_are_refused(world: World, partner: str, home: Path) -> None:
    refused = [
        await may_sign_in(world, "vendor-generic", "guessed"),
        await may_sign_in(world, "vendor-generic", ""),
        await may_sign_in(world, "vendor-generic", partner, "vendor-kinsa"),
        await may_sign_in(world, "vendor-kinsa", partner),  # pushes, and nobody gave it a secret
        await may_sign_in(world, "vendor-withings", partner),  # does not push over MQTT
        await may_sign_in(world, "vendor-", partner),
        await may_sign_in(world, "vendor-../generic", partner),
    ]
    assert refused == [False] * 7
    assert await may_sign_in(world, "vendor-generic", partner)


async def test_a_vendors_secret_is_changed_without_a_gap_or_a_restart(
    world: World, partner: str, home: Path
) -> None:
    file = home / "secrets/vendors/generic/socket_secrets"
    try:
        file.write_text(f"new-one\n{partner}\n")
        both = [await may_sign_in(world, "vendor-generic", secret) for secret in ("new-one", partner)]
        file.write_text("new-one\n")
        after = [await may_sign_in(world, "vendor-generic", secret) for secret in ("new-one", partner)]
    finally:
        file.write_text(partner)
    assert both == [True, True]
    assert after == [True, False]
