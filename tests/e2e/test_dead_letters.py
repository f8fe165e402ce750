"""What was given up can be looked at, and comes into the record once when its cause is gone."""

from base64 import b64decode
from datetime import UTC, datetime

import msgspec

from proto import subjects
from tests.e2e.driver import Device, Json, World, eventually
from tests.faults.evidence import Nats

WHEN = "2026-05-01T08:30:00Z"


def _accepted(device: Device, event_id: str) -> bytes:
    """A group as the edge publishes it: it was accepted, and the consent ended on the way."""
    item = {
        "type": "reading",
        "connection_id": device.id,
        "received_at": datetime.now(UTC),
        "source": "http",
        "actor_id": device.owner.me["user_id"],
        "message": device.message({"spo2_pct": 97}, WHEN, event_id=event_id),
    }
    return msgspec.json.encode([item])


async def _letters(world: World, code: str) -> list[Json]:
    return list((await world.command("dlq", "list", "--code", code))["items"])


async def test_a_reading_that_was_given_up_is_replayed_once_its_cause_is_gone(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair(kinds=["spo2"])
    [consent] = (await patient.get("/api/v1/consents"))["items"]
    await patient.post(f"/api/v1/consents/{consent['id']}/revoke")
    async with Nats(world.system) as js:
        await js.publish(subjects.to(subjects.RAW, 0), _accepted(device, "late-1"))

    async def mine() -> list[Json]:
        found = await _letters(world, "consent_revoked")
        return [one for one in found if one["device_connection_id"] == device.id]

    [letter] = await eventually(mine, bool)
    told = await world.command("dlq", "show", letter["id"])
    assert told["payload"]["readings"] == {"spo2_pct": 97}
    assert await device.stored() == []

    assert (await world.command("dlq", "replay", letter["id"]))["replayed"] == [letter["id"]]
    await eventually(mine, lambda letters: len(letters) == 2)  # nothing has changed: it is given up once more

    await patient.post(
        "/api/v1/consents",
        {"device_connection_id": device.id, "locale": "en", **await patient.consent(["spo2"])},
        status=201,
    )
    played = await world.command("dlq", "replay", letter["id"])
    again = await world.command("dlq", "replay", letter["id"])
    assert (played["failed"], again["failed"]) == ([], [])
    [reading] = await device.holds(1)
    assert reading["readings"] == {"spo2_pct": 97}


async def test_what_is_no_message_at_all_is_shown_as_it_is(world: World) -> None:
    garbage = b"\xff\x00 no JSON"
    async with Nats(world.system) as js:
        sequence = (await js.publish(subjects.to(subjects.RAW, 0), garbage)).seq

    async def found() -> list[Json]:
        return [one for one in await _letters(world, "unreadable") if one["sequence"] == sequence]

    [letter] = await eventually(found, bool)
    told = await world.command("dlq", "show", letter["id"])
    assert b64decode(told["payload_base64"]) == garbage
