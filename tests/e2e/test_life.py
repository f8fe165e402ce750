"""A day of a person: a device comes, measures, goes and comes back; people are let in and out; connections break and heal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
import httpx2
import msgspec
import pytest

from simulator.devices import pressed
from simulator.hub import Hub
from tests.e2e.driver import Caller, Device, Json, Person, World, at, eventually, rfc3339

HR = {"heart_rate_bpm": 61}
WHEN = "2026-05-01T08:30:00Z"
SOON_S = 1.0
"""Within which a withdrawal takes effect everywhere."""


async def test_a_cuff_is_found_paired_used_removed_and_comes_back_with_its_history(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    model = await patient.cuff_model()
    async with world.virtual_hub(hub) as virtual, world.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id)

        cuff, address = await patient.pair_by_scan(model, virtual)
        await live.until("status", device_connection_id=cuff.id, status="connected")
        await virtual.measure(address)
        measured = await _second()
        frame = await live.reading(cuff.id)
        await virtual.settled()
        history = await cuff.stored()

        assert "blood_pressure" in frame["reading"]["readings"]
        assert frame["reading"] in history
        assert virtual.counters.rejected == 0

        await patient.do("DELETE", cuff.path, status=204)
        await live.until("status", device_connection_id=cuff.id, status="revoked")
        await eventually(lambda: _paired(virtual), lambda paired: address not in paired)
        await cuff.refused(
            403, "consent_revoked", "POST", "/api/v1/device-data/ingest", cuff.message(HR, WHEN)
        )
        assert await cuff.stored() == history

        again, _ = await patient.pair_by_scan(model, virtual, address=address)
        await eventually(_second, lambda second: second > measured)  # a cuff's clock has no finer
        await virtual.measure(address)
        await virtual.settled()

    assert (again.id, virtual.counters.rejected) == (cuff.id, 0)
    assert again.connection["created_at"] == cuff.connection["created_at"]
    assert {each["id"] for each in history} < {each["id"] for each in await again.stored()}
    await cuff.refused(401, "unauthenticated", "POST", "/api/v1/device-data/ingest", cuff.message(HR, WHEN))
    shown = (await patient.get("/api/v1/device-connections"))["items"]
    assert [(each["id"], each["status"]) for each in shown] == [(cuff.id, "connected")]


async def test_a_device_that_refuses_the_hub_is_told_as_failed(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    model = await patient.cuff_model()
    async with world.wire(hub) as wire:
        created, started = await patient.begin(model, "hub", hub_id=hub["hub_id"])
        scan = await wire.command("scan")
        found: Json = {"address": "C0:26:DF:00:00:77", "name": "Cuff", "services": ["1810"], "rssi": -50}
        await wire.publish(f"commands/{scan['id']}", {"ok": True, "devices": [found]})
        progress = f"/api/v1/device-connections/{created['id']}/pairing"
        seen = await eventually(lambda: patient.get(progress), lambda now: now["state"] == "found")
        device = await patient.complete(started, found["address"], model["capabilities"])
        pair = await wire.command("pair")
        await wire.publish(f"commands/{pair['id']}", {"ok": False, "error": "bonding_failed"})
        failed = await eventually(lambda: patient.get(device.path), lambda now: now["status"] == "failed")

    assert seen["found"] == [found]
    assert pair["device_address"] == found["address"]
    assert failed["status_reason"] == "hub_pair_failed"


async def test_a_device_just_paired_may_send_and_be_read_with_the_next_packet(world: World) -> None:
    patient = await world.newcomer()

    for number in range(20):
        device = await patient.pair()
        await device.ingest(device.message(HR, WHEN), status=202)
        await patient.get(device.data)
        assert (await patient.get(device.path))["id"] == device.id, number


async def test_a_consent_withdrawn_in_mid_stream_ends_what_others_see_within_a_second(world: World) -> None:
    patient, caregiver = await world.newcomer(), await world.sign_in("caregiver-1")
    device = await patient.pair()
    await _grant(patient, "caregiver-1", ["heart_rate", "spo2"])
    consent = (await patient.get(device.path))["consent"]

    async with world.live(caregiver) as live:
        await live.subscribe(patient_id=patient.patient_id)
        await device.ingest(device.message(HR, WHEN))
        await live.reading(device.id)
        await patient.post(f"/api/v1/consents/{consent['id']}/revoke")
        revoked = await live.until("revoked", within_s=SOON_S, patient_id=patient.patient_id)
        await device.refused(
            403, "consent_revoked", "POST", "/api/v1/device-data/ingest", device.message(HR, WHEN)
        )
        assert [frame for frame in await live.silence() if frame["type"] == "reading"] == []
        for path in (device.path, device.data, f"{device.data}/latest", f"{device.path}/events"):
            await caregiver.refused(404, "not_found", "GET", path)

        assert set(revoked["data_kinds"]) <= {"heart_rate", "spo2"}
        shown = await patient.get(device.path)
        assert (shown["status"], shown["consent"]) == ("connected", None)
        assert len(await device.stored()) == 1

        await patient.post(
            "/api/v1/consents",
            {"device_connection_id": device.id, "locale": "en", **await patient.consent(["heart_rate"])},
            status=201,
        )
        await device.ingest(device.message({"heart_rate_bpm": 62}, "2026-05-01T08:31:00Z"), status=202)
        assert (await live.reading(device.id))["reading"]["readings"] == {"heart_rate_bpm": 62}


async def test_a_grant_shows_its_kinds_and_nothing_else_and_its_end_is_told(world: World) -> None:
    patient, caregiver = await world.newcomer(), await world.sign_in("caregiver-1")
    device = await patient.pair()
    await device.ingest(device.message({**HR, "spo2_pct": 97}, WHEN), wait_s=10)
    grant = await _grant(patient, "caregiver-1", ["heart_rate"])

    [seen] = (await caregiver.get(device.data))["items"]
    latest = (await caregiver.get(f"{device.data}/latest"))["latest"]
    await caregiver.refused(404, "not_found", "GET", device.data, query={"metric": "spo2_pct"})
    async with world.live(caregiver) as live:
        await live.subscribe(patient_id=patient.patient_id)
        await device.ingest(device.message({"heart_rate_bpm": 62, "spo2_pct": 98}, "2026-05-01T08:31:00Z"))
        frame = await live.reading(device.id)
        await patient.do("DELETE", f"/api/v1/permissions/{grant['id']}", status=204)
        revoked = await live.until("revoked", within_s=SOON_S, patient_id=patient.patient_id)
        await device.ingest(device.message(HR, "2026-05-01T08:32:00Z"), wait_s=10)
        assert await live.silence() == []  # it is over, but the socket stays

    assert seen["readings"] == HR
    assert list(latest) == ["heart_rate_bpm"]
    assert frame["reading"]["readings"] == {"heart_rate_bpm": 62}
    assert revoked["data_kinds"] is None
    await caregiver.refused(404, "not_found", "GET", device.data)
    actions = {
        (row["action"], row["outcome"])
        for row in (await patient.get("/api/v1/audit", limit=200))["items"]
        if row["actor"]["id"] == caregiver.user_id
    }
    assert {("data.read", "allowed"), ("live.subscribe", "allowed"), ("data.read", "denied")} <= actions


async def test_a_grant_with_an_end_ends_by_the_clock(world: World) -> None:
    patient, caregiver = await world.newcomer(), await world.sign_in("caregiver-1")
    await patient.pair()
    until = datetime.now(UTC) + timedelta(seconds=2)
    await _grant(patient, "caregiver-1", ["heart_rate"], until=rfc3339(until))

    async with world.live(caregiver) as live:
        assert (await live.subscribe(patient_id=patient.patient_id))["type"] == "subscribed"
        await live.until("revoked", within_s=5, patient_id=patient.patient_id)

    assert datetime.now(UTC) >= until
    assert datetime.now(UTC) - until < timedelta(seconds=3)


async def test_a_rotated_hub_goes_on_with_either_secret_until_the_older_one_ends(hasty: World) -> None:
    patient = await hasty.newcomer()
    hub = await patient.add_hub()

    async with hasty.wire(hub) as old:
        rotated = await patient.post(f"/api/v1/hubs/{hub['hub_id']}/rotate")
        assert rotated["secret"] != hub["secret"]
        await old.until_ended(within_s=6)
    with pytest.raises(aiomqtt.MqttError):
        async with hasty.mqtt(hub["hub_id"], hub["secret"]):
            pass
    async with hasty.wire(rotated):
        pass


async def test_the_older_secret_of_a_rotated_hub_still_works_for_a_while(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    rotated = await patient.post(f"/api/v1/hubs/{hub['hub_id']}/rotate")

    for secret in (hub["secret"], rotated["secret"]):
        async with world.mqtt(hub["hub_id"], secret):
            pass
        caller = Caller(world.http, httpx2.BasicAuth(hub["hub_id"], secret))
        await caller.refused(422, "empty_readings", "POST", "/api/v1/device-data/ingest", [])


async def test_a_removed_hub_is_out_within_five_seconds_and_takes_its_devices_with_it(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    model = await patient.model()
    _, started = await patient.begin(model, "hub", hub_id=hub["hub_id"])
    device = await patient.complete(started, "C0:26:DF:00:00:02", model["capabilities"])

    async with world.wire(hub) as wire:
        await patient.do("DELETE", f"/api/v1/hubs/{hub['hub_id']}", status=204)
        await wire.until_ended(within_s=5)

    with pytest.raises(aiomqtt.MqttError):
        async with world.mqtt(hub["hub_id"], hub["secret"]):
            pass
    assert (await patient.get(device.path))["status"] == "disconnected"
    assert (await patient.get("/api/v1/hubs"))["items"] == []


async def test_a_stream_that_broke_goes_on_by_its_cursor_without_gap_or_double(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()

    async with world.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id)
        await _send(device, range(4))
        first = [await live.reading(device.id) for _ in range(4)]
    await _send(device, range(4, 30))  # nobody listens
    sending = asyncio.create_task(_send(device, range(30, 60)))  # and it goes on while the past is told
    async with world.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id, after=first[1]["cursor"])
        second = [await live.reading(device.id) for _ in range(58)]
        await sending
        assert [frame for frame in await live.silence() if frame["type"] in ("reading", "gap")] == []

    seen = [frame["reading"]["readings"]["heart_rate_bpm"] for frame in (*first[:2], *second)]
    assert seen == [60 + n for n in range(60)]
    assert {frame["reading"]["id"] for frame in (*first, *second)} == {
        each["id"] for each in await device.stored()
    }


async def test_a_cursor_that_nobody_knows_is_a_gap_and_then_the_present(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()

    async with world.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id, after="made-up")
        await live.until("gap")
        await device.ingest(device.message(HR, WHEN))
        await live.reading(device.id)


async def test_server_sent_events_go_on_after_the_last_event_id(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()

    async with _events(patient) as stream:
        await _send(device, range(3))
        first = [await anext(stream) for _ in range(3)]
    await _send(device, range(3, 6))
    async with _events(patient, last=first[0][0]) as stream:
        second = [await anext(stream) for _ in range(5)]

    beats = [frame["reading"]["readings"]["heart_rate_bpm"] for _, frame in (first[0], *second)]
    assert beats == [60 + n for n in range(6)]
    assert all(id == frame["cursor"] for id, frame in (*first, *second))


async def test_a_request_that_is_repeated_makes_nothing_twice(world: World) -> None:
    patient = await world.newcomer()
    model = await patient.model()
    body = {"device_model_id": model["id"], "pairing_method": "simulated"}
    path, key = "/api/v1/device-connections/create", {"idempotency-key": "e2e-1"}

    first = await patient.call("POST", path, body, headers=key)
    again = await patient.call("POST", path, body, headers=key)
    await patient.refused(
        409, "idempotency_mismatch", "POST", path, {**body, "pairing_method": "manual"}, headers=key
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_device_removed_with_its_data_leaves_nothing_to_read(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    await device.ingest(device.message(HR, WHEN), wait_s=10)

    await patient.do("DELETE", f"{device.path}?erase=true", status=204)

    await eventually(device.stored, lambda items: items == [])
    points = await patient.get(
        device.data,
        metric="heart_rate_bpm",
        resolution="1h",
        **{"from": "2026-05-01T00:00:00Z", "to": "2026-05-02T00:00:00Z"},
    )
    assert points["points"] == []


async def test_what_a_hub_kept_while_it_was_away_comes_once_and_with_its_own_time(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()
    async with world.virtual_hub(hub) as virtual:
        cuff, address = await patient.pair_by_scan(await patient.cuff_model(), virtual)
    now = datetime.now(UTC).replace(microsecond=0)
    hours = [now - timedelta(hours=hour) for hour in (3, 2, 1)]

    away = Hub(virtual.config, list(virtual.desk.nearby.values()), paired=virtual.desk.paired)
    for moment in hours:
        await away.present(address, [pressed(away.desk.nearby[address], moment, "UTC")])
    assert away.waiting >= len(hours)  # a cuff tells its battery too
    async with world.online(away):
        await away.settled()

    readings = [item for item in await cuff.stored() if "blood_pressure" in item["readings"]]
    assert sorted(at(item["timestamp"]) for item in readings) == hours
    path = f"/api/v1/device-health/{cuff.id}"
    health = await eventually(lambda: patient.get(path), lambda health: health["last_seen"])
    assert at(health["last_seen"]) > now - timedelta(minutes=1)


# --- how it is done -------------------------------------------------------------------------------------------------


async def _second() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


async def _paired(virtual: Hub) -> dict[str, Any]:
    return dict(virtual.desk.paired)


async def _grant(patient: Person, grantee: str, kinds: list[str], **more: str) -> Json:
    body = {"grantee": grantee, "data_kinds": kinds, **more}
    return await patient.post("/api/v1/permissions", body, status=201)


async def _send(device: Device, numbers: range) -> None:
    """One request a reading, in order; the pulse says which it is."""
    start = at("2026-05-01T08:00:00+00:00")
    for number in numbers:
        moment = rfc3339(start + timedelta(seconds=number))
        await device.ingest(device.message({"heart_rate_bpm": 60 + number}, moment), status=202)


@asynccontextmanager
async def _events(
    patient: Person, *, last: str | None = None
) -> AsyncIterator[AsyncIterator[tuple[str, Json]]]:
    """Readings of a patient's SSE stream as (`id`, `data`)."""
    headers = {"authorization": f"Bearer {patient.token}", **({"last-event-id": last} if last else {})}
    query = {"patient_id": patient.patient_id or ""}
    async with patient.http.stream("GET", "/api/v1/stream", params=query, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()

        async def events() -> AsyncIterator[tuple[str, Json]]:
            id = ""
            async for line in lines:
                if line.startswith("id:"):
                    id = line[3:].strip()
                elif line.startswith("data:"):
                    frame = msgspec.json.decode(line[5:])
                    if frame["type"] == "reading":
                        yield id, frame

        yield events()
