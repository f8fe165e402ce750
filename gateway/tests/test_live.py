"""The live stream over real sockets and a real nats-server: frames, who sees what, tickets, and endings."""

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chassis.clock import now, uuid7
from chassis.mirror import STALE_S
from gateway.session import key_of
from gateway.tests.conftest import Live, Outside, person
from proto import subjects
from proto.events import ConnectionChanged, HealthChanged, ObservationsLive, UploadProgressed
from tests.support.servers import NatsServer
from tests.support.waiting import until

WEIGHT = {"weight_kg": 78.4}
PRESSURE = {"blood_pressure": {"systolic": 120, "diastolic": 80}}


async def take(socket: ClientConnection, timeout_s: float = 5.0) -> Any:
    return msgspec.json.decode(await asyncio.wait_for(socket.recv(), timeout_s))


async def tell(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(msgspec.json.encode(frame).decode())


async def subscribe(socket: ClientConnection, **frame: Any) -> Any:
    await tell(socket, type="subscribe", **frame)
    return await take(socket)


async def silent(socket: ClientConnection) -> bool:
    """Nothing comes before the answer to a ping."""
    await tell(socket, type="ping")
    return bool((await take(socket))["type"] == "pong")


async def test_a_patient_sees_their_reading_as_the_query_shows_it(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    async with connect(await live.url(patient)) as socket:
        subscribed = await subscribe(socket, patient_id=str(patient.user_id), ref="a")

        (reading_id,) = await world.record(patient.user_id, connection_id, WEIGHT)
        frame = await take(socket)

    assert subscribed == {
        "type": "subscribed", "ref": "a", "patient_id": str(patient.user_id), "cursor": subscribed["cursor"],
    }  # fmt: skip
    assert (frame["type"], frame["patient_id"]) == ("reading", str(patient.user_id))
    assert list(frame["reading"]) == [
        "id",
        "device_connection_id",
        "timestamp",
        "received_at",
        "readings",
        "meta",
    ]
    assert frame["reading"]["id"] == str(reading_id)
    assert frame["reading"]["readings"] == WEIGHT
    assert frame["cursor"] != subscribed["cursor"]


async def test_the_other_frames_of_the_contract(live: Live, world: Outside) -> None:
    patient = person()
    connection_id, upload_id = await world.put_connection(patient.user_id), uuid7()
    async with connect(await live.url(patient)) as socket:
        await subscribe(socket, patient_id=str(patient.user_id))
        await world.say(
            subjects.to(subjects.CONNECTIONS_CHANGED, patient.user_id),
            ConnectionChanged(
                device_connection_id=connection_id, patient_id=patient.user_id, code="status",
                status="disconnected", status_reason="hub_offline", at=now(),
            ),
        )  # fmt: skip
        status = await take(socket)
        await world.say(
            subjects.to(subjects.HEALTH_CHANGED, patient.user_id),
            HealthChanged(
                device_connection_id=connection_id, patient_id=patient.user_id, status="ok",
                flags=["low_battery"], battery_pct=9, rssi=None, firmware=None, last_seen=None,
                last_reading_at=None, at=now(),
            ),
        )  # fmt: skip
        health = await take(socket)
        await world.say(
            subjects.to(subjects.UPLOADS_PROGRESSED, patient.user_id),
            UploadProgressed(patient_id=patient.user_id, done=3, total=10, upload_id=upload_id),
        )
        progress = await take(socket)
        await world.say(f"alerts.changed.v1.{patient.user_id}", {"alert": {"id": "x"}, "kinds": ["weight"]})
        alert = await take(socket)
        await world.whisper(
            subjects.to(subjects.OBSERVATIONS_LIVE, patient.user_id),
            ObservationsLive(
                patient_id=patient.user_id, device_connection_id=connection_id, characteristic="2a36",
                fields={"cuff_pressure_mmHg": 143}, kinds=["blood_pressure"],
            ),
        )  # fmt: skip
        preview = await take(socket)

    for frame in (status, health, progress, alert):
        assert frame.pop("cursor")
    name = str(connection_id)
    assert status == {
        "type": "status", "device_connection_id": name, "status": "disconnected", "status_reason": "hub_offline",
    }  # fmt: skip
    assert health["type"] == "health"
    assert health["health"]["flags"] == ["low_battery"]
    assert health["device_connection_id"] == name
    assert progress == {"type": "ingest_progress", "done": 3, "total": 10, "upload_id": str(upload_id)}
    assert alert == {"type": "alert", "alert": {"id": "x"}}
    assert preview == {
        "type": "preview", "device_connection_id": name, "characteristic": "2a36",
        "fields": {"cuff_pressure_mmHg": 143},
    }  # fmt: skip


async def test_one_connection_can_be_followed_alone(live: Live, world: Outside) -> None:
    patient = person()
    wanted, other = [await world.put_connection(patient.user_id) for _ in range(2)]
    async with connect(await live.url(patient)) as socket:
        subscribed = await subscribe(socket, device_connection_id=str(wanted))
        await world.record(patient.user_id, other, WEIGHT)
        await world.record(patient.user_id, wanted, PRESSURE)

        frame = await take(socket)

    assert subscribed["device_connection_id"] == str(wanted)
    assert frame["reading"]["device_connection_id"] == str(wanted)


async def test_a_grantee_sees_only_what_was_granted(live: Live, world: Outside) -> None:
    patient, caregiver = person(), person("caregiver")
    connection_id = await world.put_connection(patient.user_id)
    hidden = await world.put_connection(patient.user_id, consent="revoked")
    await world.grant(patient.user_id, caregiver.user_id, frozenset({"weight"}))
    async with connect(await live.url(caregiver)) as socket:
        await _until_subscribed(socket, patient_id=str(patient.user_id))
        await world.record(patient.user_id, connection_id, PRESSURE, {**PRESSURE, **WEIGHT})
        await world.record(patient.user_id, hidden, WEIGHT)
        await world.say(
            subjects.to(subjects.UPLOADS_PROGRESSED, patient.user_id),
            UploadProgressed(patient_id=patient.user_id, done=1, total=1),
        )
        await world.record(patient.user_id, connection_id, WEIGHT)

        first, second = await take(socket), await take(socket)

    assert first["reading"]["readings"] == WEIGHT
    assert second["reading"]["readings"] == WEIGHT
    assert second["reading"]["device_connection_id"] == str(connection_id)


async def test_a_stranger_and_nobody_get_the_same_answer_and_the_socket_stays(
    live: Live, world: Outside
) -> None:
    patient, stranger = person(), person()
    connection_id = await world.put_connection(patient.user_id)
    async with connect(await live.url(stranger)) as socket:
        answers = [
            await subscribe(socket, **{name: str(id_)}, ref="r")
            for name, id_ in (
                ("patient_id", patient.user_id),
                ("patient_id", uuid7()),
                ("device_connection_id", connection_id),
                ("device_connection_id", uuid7()),
                ("device_connection_id", "not-an-id"),
            )
        ]
        await world.record(patient.user_id, connection_id, WEIGHT)

        assert await silent(socket)
    assert answers == [{"type": "error", "ref": "r", "code": "not_found"}] * 5
    denied = [record for record in live.notebook.records if record.outcome == "denied"]
    assert [record.patient_id for record in denied[:1]] == [patient.user_id]
    assert denied[2].patient_id == patient.user_id  # a connection's row is its owner's to see
    assert {record.action for record in denied} == {"live.subscribe"}


async def test_an_administrator_has_no_stream_of_readings(live: Live, world: Outside) -> None:
    patient, admin = person(), person("admin")
    await world.put_connection(patient.user_id)
    async with connect(await live.url(admin)) as socket:
        for id_ in (patient.user_id, admin.user_id):
            assert (await subscribe(socket, patient_id=str(id_)))["code"] == "not_found"


async def test_a_revoked_permission_ends_the_subscription_within_a_second(live: Live, world: Outside) -> None:
    patient, caregiver = person(), person("caregiver")
    connection_id = await world.put_connection(patient.user_id)
    permission = await world.grant(patient.user_id, caregiver.user_id, frozenset({"weight"}))
    async with connect(await live.url(caregiver)) as socket:
        await _until_subscribed(socket, patient_id=str(patient.user_id))
        began = time.monotonic()

        await world.withdraw(patient.user_id, permission)
        frame = await take(socket)
        took_s = time.monotonic() - began
        await world.record(patient.user_id, connection_id, WEIGHT)

        assert await silent(socket)
        assert (await subscribe(socket, patient_id=str(patient.user_id)))["code"] == "not_found"
    assert frame == {"type": "revoked", "patient_id": str(patient.user_id), "data_kinds": None}
    assert took_s < 1


async def test_a_narrowed_permission_narrows_the_subscription(live: Live, world: Outside) -> None:
    patient, caregiver = person(), person("caregiver")
    connection_id = await world.put_connection(patient.user_id)
    both: Any = frozenset({"weight", "blood_pressure"})
    permission = await world.grant(patient.user_id, caregiver.user_id, both)
    async with connect(await live.url(caregiver)) as socket:
        await _until_subscribed(socket, patient_id=str(patient.user_id))

        await world.grant(patient.user_id, caregiver.user_id, frozenset({"weight"}), permission_id=permission)
        revoked = await take(socket)
        await world.record(patient.user_id, connection_id, {**PRESSURE, **WEIGHT})
        reading = await take(socket)

    assert revoked["data_kinds"] == ["blood_pressure"]
    assert reading["reading"]["readings"] == WEIGHT


async def test_a_grant_ends_by_the_clock(live: Live, world: Outside) -> None:
    patient, caregiver = person(), person("caregiver")
    await world.put_connection(patient.user_id)
    until, began = now() + timedelta(seconds=1.5), time.monotonic()
    await world.grant(patient.user_id, caregiver.user_id, frozenset({"weight"}), until=until)
    async with connect(await live.url(caregiver)) as socket:
        await _until_subscribed(socket, patient_id=str(patient.user_id))

        frame = await take(socket)

        assert frame["type"] == "revoked"
        # By the clock that nobody sets: the wall's may be corrected meanwhile.
        assert 1.4 <= time.monotonic() - began < 2.7


async def test_withdrawn_consent_is_told_to_grantees_and_not_to_the_owner(live: Live, world: Outside) -> None:
    patient, caregiver = person(), person("caregiver")
    connection_id = await world.put_connection(patient.user_id)
    await world.grant(patient.user_id, caregiver.user_id, frozenset({"weight"}))
    async with (
        connect(await live.url(caregiver)) as of_patient,
        connect(await live.url(caregiver)) as of_connection,
        connect(await live.url(patient)) as own,
    ):
        await _until_subscribed(of_patient, patient_id=str(patient.user_id))
        await _until_subscribed(of_connection, device_connection_id=str(connection_id))
        await _until_subscribed(own, patient_id=str(patient.user_id))

        await world.put_connection(patient.user_id, connection_id=connection_id, consent="revoked")
        narrowed, ended = await take(of_patient), await take(of_connection)
        await world.record(patient.user_id, connection_id, WEIGHT)

        assert (await take(own))["type"] == "reading"
        assert await silent(of_patient)
        assert await silent(of_connection)
    common = {
        "type": "revoked",
        "patient_id": str(patient.user_id),
        "device_connection_id": str(connection_id),
    }
    assert narrowed == {**common, "data_kinds": ["weight"]}
    assert ended == {**common, "data_kinds": None}


async def test_old_readings_of_a_job_are_not_told_one_by_one(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    old = now() - timedelta(days=3)
    async with connect(await live.url(patient)) as socket:
        await subscribe(socket, patient_id=str(patient.user_id))
        await world.record(patient.user_id, connection_id, WEIGHT, WEIGHT, job_id=uuid7(), timestamp=old)
        await world.record(patient.user_id, connection_id, PRESSURE, timestamp=old)

        frame = await take(socket)

    assert frame["reading"]["readings"] == PRESSURE  # sent as it was measured: always a reading


async def test_unsubscribe_ping_and_what_is_no_frame(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    async with connect(await live.url(patient)) as socket:
        await subscribe(socket, patient_id=str(patient.user_id))
        await tell(socket, type="unsubscribe", patient_id=str(patient.user_id))
        await world.record(patient.user_id, connection_id, WEIGHT)
        assert await silent(socket)

        answers = []
        for text in ("{", '{"type":"dance"}', '{"type":"subscribe"}', '{"type":"ping","ref":"p"}', "[]"):
            await socket.send(text)
            answers.append(await take(socket))

    assert [answer.get("code", answer) for answer in answers] == [
        "invalid_json", "wrong_type", "missing_field", {"type": "pong", "ref": "p"}, "wrong_type",
    ]  # fmt: skip


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null"])
async def test_a_foreign_origin_is_refused_and_the_ticket_is_not_spent(live: Live, origin: str) -> None:
    url = await live.url(person())

    with pytest.raises(InvalidStatus) as refused:
        await connect(url, origin=origin)  # type: ignore[arg-type]

    assert refused.value.response.status_code == 403
    async with connect(url):
        pass


@pytest.mark.parametrize("origin", ["capacitor://localhost", "https://localhost"])
async def test_the_companion_app_may_listen(live: Live, origin: str) -> None:
    async with connect(await live.url(person()), origin=origin) as socket:  # type: ignore[arg-type]
        assert await silent(socket)


async def test_a_ticket_is_good_once(live: Live) -> None:
    url = await live.url(person())
    async with connect(url):
        pass

    for bad in (
        url,
        f"ws://127.0.0.1:{live.port}/ws/live?ticket=made-up",
        f"ws://127.0.0.1:{live.port}/ws/live",
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(bad)
        assert refused.value.response.status_code == 403


async def test_twenty_sockets_a_person(live: Live) -> None:
    patient = person()
    sockets = [await connect(await live.url(patient)) for _ in range(20)]
    try:
        with pytest.raises(InvalidStatus) as refused:
            await connect(await live.url(patient))
        assert refused.value.response.status_code == 429
        assert "Retry-After" in refused.value.response.headers
    finally:
        for socket in sockets:
            await socket.close()


async def test_signing_out_ends_the_socket(live: Live) -> None:
    patient = person()
    session = await live.sessions.begin(patient, None)
    async with connect(await live.url(patient, session_key=key_of(session.sid))) as socket:
        assert await silent(socket)

        await live.sessions.end(key_of(session.sid))

        await asyncio.wait_for(_until_closed(socket), 2)
    assert socket.close_code == 4401


async def test_a_socket_ends_with_its_token(live: Live) -> None:
    async with connect(await live.url(person(), ends_at=time.time() + 0.5)) as socket:
        await asyncio.wait_for(_until_closed(socket), 4)
    assert socket.close_code == 4401


async def test_too_much_from_a_client_is_refused(live: Live) -> None:
    async with connect(await live.url(person())) as socket:
        for _ in range(25):
            await tell(socket, type="ping")
        answers = [await take(socket) for _ in range(21)]
        assert {"type": "error", "code": "rate_limited"} in answers

        await socket.send("x" * (64 * 1024 + 1))
        await _until_closed(socket)
        assert socket.close_code == 1009


async def _until_subscribed(socket: ClientConnection, **frame: Any) -> Any:
    """A grant needs a moment to be heard."""
    for _ in range(100):
        answer = await subscribe(socket, **frame)
        if answer["type"] == "subscribed":
            return answer
        await asyncio.sleep(0.06)  # stays below the 20 frames a second that a client may send
    raise AssertionError("was never allowed to subscribe")


async def _until_closed(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):  # what the code says is looked at by the test
        while True:
            await socket.recv()


async def test_while_permissions_are_not_heard_nobody_new_is_let_in(
    live: Live, world: Outside, nats_server: NatsServer
) -> None:
    patient = person()
    await world.put_connection(patient.user_id)
    async with connect(await live.url(patient)) as socket:
        await asyncio.to_thread(nats_server.kill)
        live.permissions.stale_s = 0.5  # sooner than it would be in earnest
        try:
            await until(lambda: not live.permissions.fresh)
            refused = await subscribe(socket, patient_id=str(patient.user_id), ref="x")
        finally:
            await asyncio.to_thread(nats_server.start)
        await until(lambda: live.permissions.fresh)
        live.permissions.stale_s = STALE_S
        allowed = await _until_subscribed(socket, patient_id=str(patient.user_id))

    assert refused == {"type": "error", "ref": "x", "code": "unavailable"}
    assert allowed["type"] == "subscribed"


async def test_a_client_that_takes_nothing_is_told_of_the_gap_and_let_go(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    large = {f"x{n}": "y" * 1000 for n in range(100)}
    live.listeners.settings = live.settings.with_(live_stall_s=1)
    async with connect(await live.url(patient), max_queue=1, max_size=None) as socket:
        await subscribe(socket, patient_id=str(patient.user_id))
        for _ in range(150):  # more than all buffers between hold
            await world.record(patient.user_id, connection_id, large)
        await until(lambda: any(listener.outlet.is_stalled for listener in live.listeners._open))

        frames = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                frames.append(await take(socket))

    assert frames[0]["type"] == "reading"
    assert frames[-1]["type"] == "gap"
    assert frames[-1]["from"] < frames[-1]["to"]
    assert socket.close_code == 1013
