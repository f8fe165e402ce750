"""Whoever may not is refused as the contract says; nothing of it is stored, and the owner can read that it was tried."""

import base64

import aiomqtt
import httpx2
import msgspec
import pytest
import websockets

from tests.e2e.driver import Caller, Device, Json, Person, World, eventually

READING = {"spo2_pct": 97}
WHEN = "2026-05-01T08:30:00Z"
NOT_AUTHORIZED = (5, 135)
"""The CONNACK's code, and what the client library makes of it (the number of MQTT 5)."""


async def test_another_patient_can_neither_read_nor_send_nor_change(world: World) -> None:
    owner, stranger = await world.newcomer(), await world.newcomer()
    device = await owner.pair()
    await device.ingest(device.message(READING, WHEN), wait_s=10, status=201)

    told = [
        await stranger.refused(404, "not_found", method, path, body)
        for method, path, body in (
            ("GET", device.path, None),
            ("GET", device.data, None),
            ("GET", f"{device.data}/latest", None),
            ("GET", f"{device.data}/export?format=csv", None),
            ("GET", f"{device.path}/events", None),
            ("GET", f"/api/v1/device-health/{device.id}", None),
            ("GET", f"/api/v1/patients/{owner.patient_id}/summary", None),
            ("GET", f"/api/v1/patients/{owner.patient_id}/data?metric=spo2_pct", None),
            ("PATCH", device.path, {"name": "Mine now"}),
            ("DELETE", device.path, None),
            ("POST", "/api/v1/device-connections/pair/start", {"device_connection_id": device.id}),
            ("POST", "/api/v1/device-data/ingest", device.message(READING, WHEN, event_id="stranger")),
            ("POST", "/api/v1/device-data/gatt", _gatt(device)),
        )
    ]
    nothing = await stranger.refused(
        404, "not_found", "GET", "/api/v1/device-data/01890000-0000-7000-8000-000000000000"
    )
    async with world.live(stranger) as live:
        for what in ({"patient_id": owner.patient_id}, {"device_connection_id": device.id}):
            assert (await live.subscribe(**what))["code"] == "not_found"

    assert {_body(problem) for problem in (*told, nothing)} == {_body(nothing)}
    assert len(await device.stored()) == 1
    for action in ("data.read", "data.ingest", "live.subscribe", "connection.revoke", "pairing.start"):
        row = await owner.denied(action, by=stranger.user_id)
        assert row["patient_id"] == owner.patient_id


async def test_a_device_of_another_patient_cannot_send_for_this_one(world: World) -> None:
    owner, other = await world.newcomer(), await world.newcomer()
    device, foreign = await owner.pair(), await other.pair()

    await foreign.refused(
        404, "not_found", "POST", "/api/v1/device-data/ingest", device.message(READING, WHEN)
    )

    assert await device.stored() == []
    await owner.denied("data.ingest", by=f"connection:{foreign.id}")


async def test_a_caregiver_without_a_grant_sees_nothing(world: World) -> None:
    patient, caregiver = await world.newcomer(), await world.sign_in("caregiver-1")
    device = await patient.pair()
    await device.ingest(device.message(READING, WHEN), wait_s=10, status=201)

    await caregiver.refused(404, "not_found", "GET", device.data)
    await caregiver.refused(404, "not_found", "GET", f"/api/v1/patients/{patient.patient_id}/summary")
    async with world.live(caregiver) as live:
        assert (await live.subscribe(patient_id=patient.patient_id))["code"] == "not_found"

    admin = await world.sign_in("admin-1")
    for reader in ({"seen": patient}, {"seen": admin}):
        row = await reader["seen"].denied("data.read", by=caregiver.user_id, of=patient.patient_id)
        assert row["actor"] == {"id": caregiver.user_id, "name": "Caregiver One", "role": "caregiver"}


async def test_a_caregiver_with_a_grant_reads_but_changes_nothing(world: World) -> None:
    patient, caregiver = await world.newcomer(), await world.sign_in("caregiver-1")
    device = await patient.pair()
    await patient.post("/api/v1/permissions", {"grantee": "caregiver-1", "data_kinds": ["spo2"]}, status=201)

    await eventually(lambda: caregiver.call("GET", device.path), lambda answer: answer.is_success, within_s=1)
    await caregiver.refused(403, "forbidden_role", "PATCH", device.path, {"name": "Hers"})
    await caregiver.refused(403, "forbidden_role", "DELETE", device.path)
    await caregiver.refused(
        403, "forbidden_role", "POST", "/api/v1/device-data/ingest", device.message(READING, WHEN)
    )

    assert await device.stored() == []
    assert (await patient.get(device.path))["status"] == "connected"


async def test_an_admin_manages_but_does_not_read_readings(world: World) -> None:
    patient, admin = await world.newcomer(), await world.sign_in("admin-1")
    device = await patient.pair()

    await admin.refused(404, "not_found", "GET", device.data)

    await patient.denied("data.read", by=admin.user_id)


async def test_nobody_gets_in_without_a_credential_or_with_a_made_up_one(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    ours = device.message(READING, WHEN)

    for caller in (
        world.nobody,
        Caller(world.http, "Bearer made-up"),
        Caller(world.http, "Bearer " + _other_than(device.ingest_token)),
        Caller(world.http, f"Bearer {_forged(patient)}"),
        Caller(world.http, httpx2.BasicAuth("hub-0000000000", "secret")),
    ):
        await caller.refused(401, "unauthenticated", "POST", "/api/v1/device-data/ingest", ours)
        await caller.refused(401, "unauthenticated", "GET", device.data)
        await caller.refused(401, "unauthenticated", "POST", "/api/v1/live/ticket")

    assert await device.stored() == []


async def test_a_revoked_connection_takes_nothing_and_keeps_what_it_has(world: World) -> None:
    patient = await world.newcomer()
    device = await patient.pair()
    await device.ingest(device.message(READING, WHEN), wait_s=10, status=201)

    await patient.do("DELETE", device.path, status=204)
    await patient.do("DELETE", device.path, status=204)
    refused = device.message({"spo2_pct": 96}, "2026-05-01T08:31:00Z")
    for caller in (device, patient):
        await caller.refused(403, "consent_revoked", "POST", "/api/v1/device-data/ingest", refused)
    await device.refused(403, "consent_revoked", "POST", "/api/v1/device-data/gatt", _gatt(device))
    await patient.refused(
        409, "conflict", "POST", "/api/v1/device-connections/pair/start", {"device_connection_id": device.id}
    )

    assert [item["readings"] for item in await device.stored()] == [READING]
    assert (await patient.get(device.path))["status"] == "revoked"
    assert device.id not in [
        each["id"] for each in (await patient.get("/api/v1/device-connections"))["items"]
    ]
    await patient.denied("data.ingest", by=f"connection:{device.id}")


async def test_an_expired_pairing_token_pairs_nothing(hasty: World) -> None:
    patient = await hasty.newcomer()
    model = await patient.model()
    created, started = await patient.begin(model, "simulated")
    progress = f"/api/v1/device-connections/{created['id']}/pairing"
    await eventually(lambda: patient.get(progress), lambda now: now["state"] == "expired", within_s=5)
    body = {
        "pairing_token": started["pairing_token"],
        "device_id": "too-late",
        "consent": await patient.consent(model["capabilities"]),
    }

    await patient.refused(410, "pairing_expired", "POST", "/api/v1/device-connections/pair/complete", body)

    assert (await patient.denied("pairing.complete", by=patient.user_id))["object_id"] == created["id"]
    connection = await patient.get(f"/api/v1/device-connections/{created['id']}")
    assert (connection["status"], connection["consent"]) == ("pairing", None)
    device = await patient.complete(await patient.start(created["id"]), "in-time", model["capabilities"])
    assert device.id == created["id"]


async def test_a_pairing_token_is_for_one_use_and_for_one_patient(world: World) -> None:
    patient, thief = await world.newcomer(), await world.newcomer()
    model = await patient.model()
    created, voided = await patient.begin(model, "simulated")
    started = await patient.start(created["id"])
    complete = "/api/v1/device-connections/pair/complete"
    consent = await patient.consent(["spo2"])

    def body(token: Json) -> Json:
        return {"pairing_token": token["pairing_token"], "device_id": "one-use", "consent": consent}

    await patient.refused(410, "pairing_expired", "POST", complete, body(voided))
    await thief.refused(404, "not_found", "POST", complete, body(started))
    await patient.refused(
        422, "consent_required", "POST", complete, {**body(started), "consent": {**consent, "data_kinds": []}}
    )
    await patient.post(complete, body(started), status=200)
    await patient.refused(409, "pairing_used", "POST", complete, body(started))

    await patient.denied("pairing.complete", by=thief.user_id)


async def test_a_used_ticket_opens_no_second_socket(world: World) -> None:
    patient = await world.newcomer()
    address = world.live_address(await patient.ticket())

    async with websockets.connect(address, proxy=None):
        await _no_socket(address)

    await patient.denied("live.subscribe", by=patient.user_id)
    await _no_socket(world.live_address("made-up"))


async def test_an_old_ticket_opens_no_socket(hasty: World) -> None:
    patient = await hasty.newcomer()
    async with hasty.live(patient):
        pass  # a fresh one does
    tickets = [await patient.ticket() for _ in range(60)]

    async def try_one() -> int:
        """Each with a ticket of its own, since a try spends it."""
        try:
            async with websockets.connect(hasty.live_address(tickets.pop(0)), proxy=None):
                return 101
        except websockets.InvalidStatus as refused:
            return refused.response.status_code

    assert await eventually(try_one, lambda status: status != 101, within_s=5) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null"])
async def test_a_page_of_somebody_else_cannot_open_a_socket_nor_spend_the_ticket(
    world: World, origin: str
) -> None:
    patient = await world.newcomer()
    address = world.live_address(await patient.ticket())

    await _no_socket(address, origin)

    await patient.denied("live.subscribe", by=patient.user_id)
    async with websockets.connect(address, origin=websockets.Origin(world.system.gateway), proxy=None):
        pass


async def test_a_hub_in_the_branch_of_another_hub_is_not_heard(world: World) -> None:
    victim, intruder = await world.newcomer(), await world.newcomer()
    theirs, own = await victim.add_hub("Victim"), await intruder.add_hub("Intruder")
    device, decoy = await _behind(victim, theirs), await _behind(intruder, own)
    forged = device.message({"spo2_pct": 55}, WHEN, event_id="forged")

    async with world.wire(own) as wire:
        await wire.publish("readings", forged, branch=theirs["hub_id"])
        await wire.publish("readings", device.message({"spo2_pct": 56}, WHEN, event_id="own-branch"))
        refused = await wire.receipt("own-branch")
        await wire.publish("readings", decoy.message(READING, WHEN, event_id="honest"))
        assert (await wire.receipt("honest"))["status"] == "stored"
    async with world.wire(theirs) as wire:  # what it says itself comes after whatever was said in its name
        await wire.publish("readings", device.message(READING, WHEN, event_id="genuine"))
        assert (await wire.receipt("genuine"))["status"] == "stored"
        assert not [each for each in wire.receipts if "forged" in each["event_ids"]]

    assert (refused["status"], refused["code"]) == ("rejected", "not_found")
    assert [item["readings"] for item in await device.holds(1)] == [READING]
    assert (await world.status())["hubs_out_of_branch"][own["hub_id"]] == 1
    await victim.denied("data.ingest", by=f"hub:{own['hub_id']}")


async def test_a_hub_cannot_hear_what_another_hub_is_told(world: World) -> None:
    patient = await world.newcomer()
    theirs, own = await patient.add_hub("One"), await patient.add_hub("Other")

    async with world.mqtt(own["hub_id"], own["secret"]) as client:
        for topic in (f"dc/v1/hubs/{theirs['hub_id']}/down/#", "dc/v1/hubs/+/down/#", "#"):
            [granted] = await client.subscribe(topic, qos=1)
            assert getattr(granted, "value", granted) == 0x80, topic


async def test_a_hub_with_a_wrong_secret_does_not_get_in(world: World) -> None:
    patient = await world.newcomer()
    hub = await patient.add_hub()

    await _no_session(world.mqtt(hub["hub_id"], hub["secret"] + "x"))
    await _no_session(world.mqtt("hub-made-up-0", hub["secret"]))

    await patient.denied("hub.sign_in", by=f"hub:{hub['hub_id']}")
    async with world.wire(hub):
        pass  # the right one still does


async def test_a_hub_under_a_foreign_client_id_does_not_get_in_and_pushes_nobody_off(world: World) -> None:
    patient, intruder = await world.newcomer(), await world.newcomer()
    theirs, own = await patient.add_hub(), await intruder.add_hub()
    device = await _behind(patient, theirs)

    async with world.wire(theirs) as wire:
        await _no_session(world.mqtt(own["hub_id"], own["secret"], client_id=theirs["hub_id"]))
        await wire.publish("readings", device.message(READING, WHEN, event_id="still-there"))
        assert (await wire.receipt("still-there"))["status"] == "stored"
        assert wire.is_alive

    await intruder.denied("hub.sign_in", by=f"hub:{own['hub_id']}")


async def test_a_hub_on_http_sends_for_its_own_devices_only(world: World) -> None:
    patient, other = await world.newcomer(), await world.newcomer()
    hub = await patient.add_hub()
    device, foreign = await _behind(patient, hub), await other.pair()
    caller = Caller(world.http, httpx2.BasicAuth(hub["hub_id"], hub["secret"]))

    await caller.ingest(device.message(READING, WHEN), wait_s=10, status=201)
    await caller.refused(
        404, "not_found", "POST", "/api/v1/device-data/ingest", foreign.message(READING, WHEN)
    )

    assert await foreign.stored() == []
    await other.denied("data.ingest", by=f"hub:{hub['hub_id']}")


async def _behind(patient: Person, hub: Json) -> Device:
    model = await patient.model()
    _, started = await patient.begin(model, "hub", hub_id=hub["hub_id"])
    return await patient.complete(started, f"C0:{hub['hub_id'][-8:]}", model["capabilities"])


async def _no_socket(address: str, origin: str | None = None) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(
            address, origin=websockets.Origin(origin) if origin else None, proxy=None
        ):
            pass
    assert refused.value.response.status_code == 403


async def _no_session(client: aiomqtt.Client) -> None:
    with pytest.raises(aiomqtt.MqttCodeError) as refused:
        async with client:
            pass
    code: object = refused.value.rc
    assert getattr(code, "value", code) in NOT_AUTHORIZED


def _gatt(device: Device) -> Json:
    return {
        "device_connection_id": device.id,
        "service": "1822",
        "characteristic": "2a5e",
        "value": "0061004800",
        "received_at": WHEN,
    }


def _body(problem: Json) -> bytes:
    """What the problem says, whoever asked for whatever."""
    return msgspec.json.encode({name: problem[name] for name in sorted(problem) if name != "request_id"})


def _other_than(token: str) -> str:
    """One character of another; each is as likely as the next, also the one that was chosen first."""
    return token[:-1] + ("A" if token.endswith("_") else "_")


def _forged(person: Person) -> str:
    """The person's bearer with another person in it, and the signature that it had."""
    head, claims, signature = person.token.split(".")
    plain = msgspec.json.decode(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    plain["roles"] = ["admin"]
    changed = base64.urlsafe_b64encode(msgspec.json.encode(plain)).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"
