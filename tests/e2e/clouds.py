"""A person and a vendor's simulated cloud: sign in, the history comes, news come, leaving ends it all. Shared by the tests
of several systems."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.e2e.driver import Json, Person, World, at, eventually, rfc3339
from vendors import manifest_of

A_DAY = timedelta(hours=24, minutes=5)
"""What is older comes as progress; this much later a test may look."""
TOLD = {
    "oura": "cardio_fitness",
    "google_health": "weight",
    "polar": "sleep",
}
"""What a vendor notifies of, where it does not of everything: heart rates are only there when somebody asks."""
WITHOUT_A_PAST = frozenset({"polar"})
"""Only what is uploaded after connecting can be read."""
HOURS_LATER = frozenset({"dexcom"})
"""It shows a value when it is some hours old."""
TELLS_WHEN = ("google_health",)
"""Announces that something was deleted in a stretch of time, and not what."""
IMPORTED_S = 120.0
NOTIFIED_S = 30.0
GOODBYE_S = 60.0
"""Each subject is unsubscribed before the grant ends: seven requests at Withings, in its own time."""


class Cloud:
    """A vendor's simulated cloud, and one user of it."""

    def __init__(self, world: World, vendor: str) -> None:
        self._http = world.http
        self._control = f"{world.system.endpoints['idp']}/clouds/control/{vendor}"
        self.user_id = ""

    async def _ask(self, method: str, path: str, body: Json = None) -> Json:
        answer = await self._http.request(method, f"{self._control}{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    async def join(self, seed: int) -> None:
        self.user_id = (await self._ask("POST", "/accounts", {"seed": seed}))["user_id"]

    async def measure(self, kind: str) -> list[Json]:
        """The person's device uploads something, and the cloud notifies us."""
        added = await self._ask("POST", f"/accounts/{self.user_id}/readings", {"kind": kind})
        new: list[Json] = added["readings"]
        return new

    async def remove(self, reading: Json) -> None:
        """The person deletes it there, and the cloud notifies us."""
        await self._ask("POST", f"/accounts/{self.user_id}/records/{reading['id']}", {"action": "delete"})

    async def grants(self) -> int:
        """How many grants of the person are good there."""
        accounts: list[Json] = await self._ask("GET", "/accounts")
        return next(int(one["grants"]) for one in accounts if one["user_id"] == self.user_id)


async def sign_in(world: World, patient: Person, cloud: Cloud, item: Json) -> str:
    """To the vendor, yes, and back: where the page is sent."""
    text = await patient.get("/api/v1/consent-texts/current")
    began = await patient.post(
        f"/api/v1/integrations/{item['vendor']}/authorize",
        {"data_kinds": item["data_kinds"], "consent_version": text["version"]},
    )
    page = urlsplit(began["authorize_url"])
    query = {**dict(parse_qsl(page.query)), "decide": "approve", "user": cloud.user_id}
    decided = await world.http.get(f"{page.scheme}://{page.netloc}{page.path}", params=query)
    back = urlsplit(decided.headers["location"])
    answer = await patient.call("GET", f"{back.path}?{back.query}")
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


async def integration(patient: Person, vendor: str) -> Json:
    items = (await patient.get("/api/v1/integrations"))["items"]
    return next(item for item in items if item["vendor"] == vendor)


async def sync_now(patient: Person, connection_id: str) -> None:
    queued = await patient.post("/api/v1/device/sync", {"device_connection_id": connection_id}, status=202)
    done = await eventually(
        lambda: patient.get(f"/api/v1/device/sync/{queued['job_id']}"),
        lambda job: job["state"] in ("done", "failed"),
        within_s=NOTIFIED_S,
    )
    assert (done["state"], done["errors"]) == ("done", [])


async def walk(world: World, vendor: str, *kinds: str) -> str:
    """From the sign-in to the goodbye. `kinds`: what the person agrees to, everything by default."""
    patient, cloud = await world.newcomer(), Cloud(world, vendor)
    await cloud.join(seed=11)
    item = await integration(patient, vendor)
    assert (item["state"], item["needs_credentials"]) == (None, False)
    item = {**item, "data_kinds": list(kinds) or item["data_kinds"]}
    spent: dict[str, float] = {}

    async with world.live(patient) as live:
        await live.subscribe(patient_id=patient.patient_id)
        began = time.monotonic()
        assert await sign_in(world, patient, cloud, item) == f"/integrations?vendor={vendor}&result=connected"
        spent["sign-in"] = time.monotonic() - began

        shown = await eventually(
            lambda: integration(patient, vendor),
            lambda now: now["job"] and now["job"]["state"] in ("done", "failed"),
            within_s=IMPORTED_S,
        )
        spent["history"] = time.monotonic() - began
        assert (shown["state"], shown["job"]["state"], shown["job"]["errors"]) == ("active", "done", [])
        accepted = shown["job"]["accepted"]
        assert (accepted > 0) == (vendor not in WITHOUT_A_PAST)
        assert await cloud.grants() == 1
        [connection_id] = shown["device_connection_ids"]
        connection = await patient.get(f"/api/v1/device-connections/{connection_id}")
        assert connection["status"] == "connected"
        await live.silence()
        assert any(frame["type"] == "sync_progress" for frame in live.frames)
        told = [frame["reading"] for frame in live.frames if frame["type"] == "reading"]
        assert not told or len(told) < accepted / 2
        assert [one for one in told if at(one["timestamp"]) < datetime.now(UTC) - A_DAY] == []

        began = time.monotonic()
        new = await cloud.measure(TOLD.get(vendor, item["data_kinds"][0]))
        is_silent = manifest_of(vendor).capabilities.webhook == "none"
        if is_silent:  # it notifies nobody
            await sync_now(patient, connection_id)
            spent["asked"] = time.monotonic() - began
        if vendor not in HOURS_LATER:
            fresh = (await live.reading(connection_id, NOTIFIED_S))["reading"]
            spent["there"] = time.monotonic() - began
            assert at(fresh["timestamp"]) in {at(reading["timestamp"]) for reading in new}
        if vendor in TELLS_WHEN:
            spent["taken back"] = await taken_back(patient, cloud, connection_id, new)

    assert (await patient.call("DELETE", f"/api/v1/integrations/{vendor}")).status_code == 204
    ended = await eventually(
        lambda: patient.get(f"/api/v1/device-connections/{connection_id}"),
        lambda now: now["status"] == "revoked",
    )
    assert ended["consent"] is None
    assert (await integration(patient, vendor))["state"] is None
    if manifest_of(vendor).capabilities.revoke:
        await eventually(cloud.grants, lambda left: left == 0)
    return f"{vendor}: {accepted} of history; " + spoken(spent)


async def taken_back(patient: Person, cloud: Cloud, connection_id: str, new: list[Json]) -> float:
    """Seconds until what the person deletes at the vendor is gone here, and only that."""

    lately = {"from": rfc3339(min(at(one["timestamp"]) for one in new) - timedelta(hours=1))}

    async def shown() -> set[datetime]:
        found = await patient.get(
            f"/api/v1/device-data/{connection_id}", resolution="raw", limit=1000, **lately
        )
        assert found["next_cursor"] is None
        return {at(one["timestamp"]) for one in found["items"]}

    before = await shown()
    gone = {at(one["timestamp"]) for one in new} & before
    assert gone
    began = time.monotonic()
    for reading in new:
        await cloud.remove(reading)
    assert await eventually(shown, lambda now: not now & gone, within_s=NOTIFIED_S) == before - gone
    return time.monotonic() - began


def spoken(spent: dict[str, Any]) -> str:
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in spent.items())
