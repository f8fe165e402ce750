"""Health with real servers: what it hears becomes condition, events and health.changed; who may look."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from litestar.testing import AsyncTestClient
from nats.aio.msg import Msg

from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.config import load
from proto import subjects
from proto.events import (
    ConnectionChanged,
    DeviceSignal,
    HealthChanged,
    HubStateChanged,
    ObservationsRecorded,
    ReadingsRejected,
    Rejection,
)
from proto.state import ConnectionState
from services.health.app import create_app
from services.health.settings import Settings
from tests.support.others import buses_of
from tests.support.waiting import until

pytestmark = pytest.mark.integration


class Scene:
    def __init__(self, client: AsyncTestClient[Any], buses: dict[str, Bus], signer: TokenSigner) -> None:
        self.client = client
        self.buses = buses
        self.signer = signer
        self.said: list[HealthChanged] = []

    async def listen(self) -> None:
        async def hear(msg: Msg) -> None:
            self.said.append(msgspec.json.decode(msg.data, type=HealthChanged))

        await self.buses["admin"].listen(f"{subjects.HEALTH_CHANGED}.*", hear)
        await self.buses["admin"].nc.flush()

    async def say(self, user: str, subject: str, token: Any, event: Any) -> None:
        await self.buses[user].publish(subjects.to(subject, token), msgspec.json.encode(event))

    async def get(self, path: str, user: UUID) -> Any:
        principal = Principal(user_id=user, roles=frozenset({"patient"}), patient_id=user)
        headers = {"authorization": f"Bearer {self.signer.sign(principal, 600)}"}
        return await self.client.get(f"/api/v1{path}", headers=headers)


class Cuff:
    """One patient's cuff behind a hub."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.patient = uuid4()
        self.id = uuid4()
        self.hub_id = f"hub-{uuid4().hex[:12]}"

    async def ready(self) -> "Cuff":
        state = ConnectionState(
            id=self.id,
            patient_id=self.patient,
            device_model_id=uuid4(),
            name="Cuff",
            device_type="blood_pressure_cuff",
            pairing_method="hub",
            status="connected",
            consent="active",
            hub_id=self.hub_id,
            version=1,
        )
        key = subjects.kv_subject("connections", str(self.id))
        await self.scene.buses["pairing"].publish(key, msgspec.json.encode(state))
        await until(self.is_known, 5)
        return self

    async def is_known(self) -> bool:
        answer = await self.scene.get(f"/device-health/{self.id}", self.patient)
        return bool(answer.status_code == 200)

    async def signal(self, at: datetime | None = None, **said: Any) -> None:
        at = at or datetime.now(UTC)
        event = ObservationsRecorded(
            patient_id=self.patient,
            recorded_at=at,
            readings=[],
            signals=[DeviceSignal(device_connection_id=self.id, at=at, reading_at=at, **said)],
        )
        await self.scene.say("normalizer", subjects.OBSERVATIONS_RECORDED, self.patient, event)

    async def refused(self, count: int) -> None:
        rejection = Rejection(
            device_connection_id=self.id, code="gatt_truncated", at=datetime.now(UTC), field="value"
        )
        event = ReadingsRejected(patient_id=self.patient, rejections=[rejection] * count)
        await self.scene.say("normalizer", subjects.READINGS_REJECTED, self.patient, event)

    def said(self) -> list[HealthChanged]:
        return [one for one in self.scene.said if one.device_connection_id == self.id]

    async def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.scene.get(f"/device-health/{self.id}", self.patient)).json()
        return answer

    async def events(self) -> list[dict[str, Any]]:
        path = f"/device-connections/{self.id}/events"
        items: list[dict[str, Any]] = (await self.scene.get(path, self.patient)).json()["items"]
        return items

    async def until(self, check: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found = await self.health()
            return found if check(found) else None

        found: dict[str, Any] = await until(look)
        return found


@pytest.fixture(scope="module")
async def scene(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Scene]:
    settings = load(Settings, service_environ("health"))
    async with (
        buses_of(settings, "pairing", "normalizer", "ingest-bridge", "admin") as buses,
        AsyncTestClient(create_app(settings)) as client,
    ):
        made = Scene(client, buses, TokenSigner(settings.secrets_path / "keys/token_signing.pem"))
        await made.listen()
        yield made


@pytest.fixture
async def cuff(scene: Scene) -> Cuff:
    return await Cuff(scene).ready()


async def test_a_device_that_said_nothing_yet_is_unknown(cuff: Cuff) -> None:
    health = await cuff.health()

    assert health["status"] == "unknown"
    assert health["battery_pct"] is None
    assert health["expected_every_s"] == 86_400
    assert [note["code"] for note in health["notes"]] == ["never_seen"]


async def test_what_a_device_says_of_itself_is_kept_and_said(cuff: Cuff) -> None:
    await cuff.signal(battery_pct=76, rssi=-60, firmware="1.2.3")

    health = await cuff.until(lambda found: found["status"] == "ok")
    assert (health["battery_pct"], health["rssi"], health["firmware"]) == (76, -60, "1.2.3")
    await until(lambda: any(said.device_connection_id == cuff.id for said in cuff.scene.said), 5)


async def test_an_older_signal_does_not_overwrite_a_newer_one(cuff: Cuff) -> None:
    at = datetime.now(UTC)
    await cuff.signal(at, battery_pct=50)
    await cuff.until(lambda found: found["battery_pct"] == 50)
    await cuff.signal(at - timedelta(hours=1), battery_pct=90, firmware="9")
    await cuff.signal(at + timedelta(seconds=1), rssi=-70)

    health = await cuff.until(lambda found: found["rssi"] == -70)
    assert (health["battery_pct"], health["firmware"]) == (50, None)


async def test_a_low_battery_is_said_at_once(cuff: Cuff) -> None:
    await cuff.signal(battery_pct=12)

    health = await cuff.until(lambda found: found["flags"] == ["low_battery"])
    assert health["notes"][0]["text"].startswith("The battery is low")


async def test_refused_readings_show_with_their_reason_once(cuff: Cuff) -> None:
    await cuff.refused(3)

    await cuff.until(lambda found: "errors" in found["flags"])
    events = await cuff.events()
    assert [(e["kind"], e["code"]) for e in events] == [("rejected", "gatt_truncated")] * 3
    assert all("decoded" in e["text"] for e in events)


async def test_a_refusal_soon_after_others_is_said_too(cuff: Cuff) -> None:
    """It changes nothing of the condition; but pages that show what happened look again when they are told."""
    await cuff.signal(battery_pct=80)
    await cuff.until(lambda found: found["status"] == "ok")
    await cuff.refused(3)
    await until(lambda: any("errors" in said.flags for said in cuff.said()), 5)
    frames = len(cuff.said())
    await cuff.refused(1)
    await until(lambda: len(cuff.said()) > frames, 15)
    assert len(await cuff.events()) == 4


async def test_the_hub_takes_its_devices_along(cuff: Cuff) -> None:
    await cuff.signal()
    await cuff.until(lambda found: found["status"] == "ok")
    for state in ("offline", "online"):
        event = HubStateChanged(hub_id=cuff.hub_id, state=state, at=datetime.now(UTC))
        await cuff.scene.say("ingest-bridge", subjects.HUBS_STATE, cuff.hub_id, event)
        await cuff.until(lambda found, state=state: ("hub_offline" in found["flags"]) == (state == "offline"))  # type: ignore[misc]

    assert [e["code"] for e in await cuff.events()][:2] == ["hub_online", "hub_offline"]


async def test_changes_of_a_connection_are_events(cuff: Cuff) -> None:
    change = ConnectionChanged(
        device_connection_id=cuff.id,
        patient_id=cuff.patient,
        code="consent_revoked",
        status="connected",
        status_reason=None,
        at=datetime.now(UTC),
    )
    await cuff.scene.say("pairing", subjects.CONNECTIONS_CHANGED, cuff.patient, change)

    events = await until(cuff.events)
    assert events[0]["text"].startswith("Consent was withdrawn")


async def test_strangers_see_nothing(cuff: Cuff) -> None:
    for path in (f"/device-health/{cuff.id}", f"/device-connections/{cuff.id}/events"):
        foreign = await cuff.scene.get(path, uuid4())
        unknown = await cuff.scene.get(path.replace(str(cuff.id), str(uuid4())), uuid4())
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json() == unknown.json()
    assert (await cuff.scene.client.get(f"/api/v1/device-health/{cuff.id}")).status_code == 401
    assert (await cuff.scene.get("/device-health", uuid4())).json()["items"] == []
    mine = (await cuff.scene.get("/device-health", cuff.patient)).json()["items"]
    assert [item["device_connection_id"] for item in mine] == [str(cuff.id)]
