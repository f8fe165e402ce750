"""Vendors beside the six, those that closed among them, on a system that was told to offer them: connect, the history, a
new reading, goodbye."""

import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.e2e.clouds import NOTIFIED_S, Cloud, integration, spoken, walk
from tests.e2e.driver import Person, World, at, eventually, new_world

CLOSED = ("fitbit", "google_fit")
OFFERED = {
    "DC_VENDORS_ENABLED": ",".join(CLOSED),
    "DC_SYNC_HISTORY_DAYS": "14",
}


@pytest.fixture(scope="module")
async def offering(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with new_world(tmp_path_factory.mktemp("offering"), OFFERED) as world:
        yield world


@pytest.mark.parametrize(
    ("vendor", "kinds"),
    [
        ("ihealth", ["blood_pressure", "glucose"]),
        ("polar", ["sleep", "spo2"]),
        ("fitbit", ["weight"]),
        ("google_fit", ["blood_pressure", "activity", "sleep"]),
    ],
)
async def test_from_the_sign_in_to_the_goodbye(offering: World, vendor: str, kinds: list[str]) -> None:
    """A few kinds: some of these vendors may be asked a few times a minute only, and each kind is a question."""
    print(await walk(offering, vendor, *kinds))


async def the_code(world: World, user_id: str) -> str:
    """The operator makes it at the vendor, with the key of the team, and tells the person."""
    key = (world.system.home / "secrets/vendors/alivecor/api_key").read_text()
    gate = f"{world.system.endpoints['idp']}/clouds/api.kardia.com"
    answer = await world.http.get(f"{gate}/v1/patients/{user_id}/code", auth=httpx2.BasicAuth(key, ""))
    return str(answer.json()["code"])


async def pair(world: World, patient: Person, cloud: Cloud) -> str:
    """The connection, once what the person typed was proved."""
    _, started = await patient.begin(await patient.model("KardiaMobile"), "partner_webhook")
    typed = {"patient_id": cloud.user_id, "code": await the_code(world, cloud.user_id)}
    agreed = await patient.consent(["ecg"])
    done = await patient.post(
        "/api/v1/device-connections/pair/complete",
        {
            "pairing_token": started["pairing_token"],
            "device_id": f"kardia-{cloud.user_id}",
            "consent": agreed,
            "credentials": typed,
        },
    )
    return str(done["connection"]["id"])


async def test_a_code_instead_of_a_sign_in(offering: World) -> None:
    patient, cloud = await offering.newcomer(), Cloud(offering, "alivecor")
    await cloud.join(seed=12)
    spent: dict[str, float] = {}
    async with offering.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id)
        began = time.monotonic()
        connection_id = await pair(offering, patient, cloud)
        shown = await eventually(
            lambda: integration(patient, "alivecor"),
            lambda now: now["job"] and now["job"]["state"] in ("done", "failed"),
            within_s=NOTIFIED_S,
        )
        spent["history"] = time.monotonic() - began
        assert (shown["state"], shown["job"]["state"], shown["job"]["errors"]) == ("active", "done", [])
        assert shown["job"]["accepted"] > 5
        assert shown["device_connection_ids"] == [connection_id]
        await live.silence()

        began = time.monotonic()
        new = await cloud.measure("ecg")
        fresh = (await live.reading(connection_id, NOTIFIED_S))["reading"]
        spent["there"] = time.monotonic() - began
        assert at(fresh["timestamp"]) == at(new[0]["timestamp"])

    assert (await patient.call("DELETE", "/api/v1/integrations/alivecor")).status_code == 204
    await eventually(
        lambda: patient.get(f"/api/v1/device-connections/{connection_id}"),
        lambda now: now["status"] == "revoked",
    )
    print(f"alivecor: {shown['job']['accepted']} of history; " + spoken(spent))
