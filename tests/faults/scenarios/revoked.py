"""A right is withdrawn while nats-server, which carries the word of it, is dead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

import asyncpg
import httpx2
import msgspec
from nats.errors import Error as NatsError

from tests.e2e.driver import Person, World, at, eventually
from tests.faults.breaking import pause
from tests.faults.evidence import Nats
from tests.faults.guests import INGEST, Guest, guest, wired
from tests.faults.stage import Scenario, Stage
from tests.faults.traffic import BROKEN

SOON_S: Final = 1.0
"""Within which a withdrawal takes effect everywhere, once nats-server is back."""
AFTERWARDS_S: Final = 2.0
PACE_S: Final = 0.05
START: Final = datetime(2026, 4, 2, tzinfo=UTC)


@dataclass
class Sent:
    """Every reading that the device handed in: when it was answered, and how."""

    answers: list[tuple[float, datetime, int, str | None]] = field(default_factory=list)

    def since(self, moment: float) -> list[tuple[datetime, int, str | None]]:
        return [(when, status, code) for at, when, status, code in self.answers if at - PACE_S > moment]


async def _send(one: Guest, sent: Sent, ends: asyncio.Event) -> None:
    """One reading after the other; each until it has an answer. What is refused for want of a right is not sent again."""
    number = 0
    while not ends.is_set():
        number += 1
        when = START + timedelta(seconds=number)
        one.hand([when])
        status, code = 503, None
        while status in (0, 503):
            try:
                answer = await one.device.call("POST", INGEST, one.message(when, f"revoked-{number}"))
                status, code = answer.status_code, msgspec.json.decode(answer.content).get("code")
            except httpx2.HTTPError:
                status = 0
            if status in (0, 503):
                await asyncio.sleep(PACE_S)
        sent.answers.append((monotonic(), when, status, code))
        await asyncio.sleep(PACE_S)


@asynccontextmanager
async def _caregiver(
    world: World, person: Person, patient_id: str
) -> AsyncIterator[list[tuple[float, datetime]]]:
    """What the live client of a caregiver is shown, and when; it comes back whenever it loses its socket."""
    shown: list[tuple[float, datetime]] = []

    async def watch() -> None:
        while True:
            with suppress(*BROKEN):
                async with world.live(person) as live:
                    await live.subscribe(patient_id=patient_id)
                    while True:
                        frame = msgspec.json.decode(await live.socket.recv())
                        if frame["type"] == "reading":
                            shown.append((monotonic(), at(frame["reading"]["timestamp"])))
            await asyncio.sleep(PACE_S)

    task = asyncio.create_task(watch())
    try:
        yield shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _revoke(one: Guest, method: str, path: str) -> float:
    """Asks until it is done; the moment at which it was."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 20
    while True:
        answer = await one.person.call(method, path)
        if answer.status_code != 503:
            assert answer.is_success, f"{method}: {answer.status_code} {answer.text[:200]}"
            return monotonic()
        assert loop.time() < deadline, "it could not be revoked"
        await asyncio.sleep(PACE_S)


async def nats_answers(world: World) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 20
    while True:
        try:
            async with Nats(world.system) as js:
                await js.stream_info("EVENTS")
            return
        except (NatsError, OSError, TimeoutError):
            assert loop.time() < deadline, "nats-server did not come back"
            await asyncio.sleep(0.02)


async def _withdrawn(stage: Stage, what: str) -> None:
    world = stage.world
    one = await guest(world, stage.side(what))
    caregiver = await world.sign_in("caregiver-1")
    grant = await one.person.post(
        "/api/v1/permissions", {"grantee": "caregiver-1", "data_kinds": ["heart_rate"]}, status=201
    )
    consent = (await one.person.get(one.device.path))["consent"]["id"]
    method, path = (
        ("DELETE", f"/api/v1/permissions/{grant['id']}")
        if what == "permission"
        else ("POST", f"/api/v1/consents/{consent}/revoke")
    )
    sent, ends = Sent(), asyncio.Event()
    async with one.watching(), _caregiver(world, caregiver, str(one.person.patient_id)) as shown:
        sending = asyncio.create_task(_send(one, sent, ends))
        try:
            await eventually(_count(shown), lambda count: count > 5, within_s=20)
            killing = asyncio.create_task(stage.breaker.kill("nats"))
            await asyncio.sleep(0)  # the signal is sent before the revocation
            done = await _revoke(one, method, path)
            await killing
            await nats_answers(world)
            back = monotonic()
            effective = max(done, back) + SOON_S
            await pause(SOON_S + AFTERWARDS_S)
            if what == "consent":
                await _by_hub(stage, one)
        finally:
            ends.set()
            await sending
        accepted = [(moment, when) for moment, when, status, _ in sent.answers if status == 202]
        if what == "consent":
            one.acknowledge(await _kept(stage, one, accepted, done))
        else:
            one.acknowledge([when for _, when in accepted])
    late = [moment - effective for moment, _ in shown if moment > effective]
    stage.expect(not late, f"{what}: {len(late)} shown too late, by up to {max(late, default=0):.2f} s")
    last = max((moment for moment, _ in shown), default=back)
    stage.note(
        f"{what}: revoked {back - done:+.2f} s before nats-server was back, last shown {last - back:+.2f} s after"
    )
    afterwards = sent.since(effective)
    stage.expect(bool(afterwards), f"{what}: nothing was answered afterwards")
    if what == "consent":
        await _nowhere(stage, one, afterwards)
    else:
        stage.expect({status for _, status, _ in afterwards} == {202}, "the patient's own device was refused")
    stage.expect((await caregiver.call("GET", one.device.data)).status_code == 404, f"{what}: still readable")


async def _kept(
    stage: Stage, one: Guest, accepted: list[tuple[float, datetime]], done: float
) -> list[datetime]:
    """What was accepted before the consent ended, and is a row.

    What was still in the stream then is refused by the next who reads it, and a dead letter says so: each 202 is one or
    the other, and nothing is missing that came before a row.
    """
    conn = await asyncpg.connect(stage.world.system.endpoints["postgres"])

    async def told() -> tuple[set[datetime], int]:
        rows = await conn.fetch(
            "SELECT ts FROM normalizer.device_data WHERE device_connection_id = $1::uuid", one.device.id
        )
        letters = await conn.fetchval(
            "SELECT count(*) FROM normalizer.dead_letters WHERE device_connection_id = $1::uuid"
            " AND code = 'consent_revoked'",
            one.device.id,
        )
        return {row["ts"] for row in rows}, int(letters)

    try:
        stored, _ = await eventually(told, lambda both: len(both[0]) + both[1] >= len(accepted), within_s=20)
    finally:
        await conn.close()
    before = [when for moment, when in accepted if moment < done]
    kept = [when for when in before if when in stored]
    stage.expect(kept == before[: len(kept)], "consent: a reading is missing that came before others")
    stage.note(f"consent: {len(before) - len(kept)} of {len(before)} were in the stream when it ended")
    return kept


async def _nowhere(stage: Stage, one: Guest, afterwards: list[tuple[datetime, int, str | None]]) -> None:
    """Readings of a revoked consent are answered 403 and stored nowhere."""
    answers = {(status, code) for _, status, code in afterwards}
    stage.expect(answers == {(403, "consent_revoked")}, f"after the consent was revoked: {answers}")
    conn = await asyncpg.connect(stage.world.system.endpoints["postgres"])
    try:
        count = await conn.fetchval(
            "SELECT count(*) FROM normalizer.device_data WHERE device_connection_id = $1::uuid AND ts >= $2",
            one.device.id,
            min(when for when, _, _ in afterwards),
        )
    finally:
        await conn.close()
    stage.expect(count == 0, f"{count} readings of a revoked consent are stored")


async def _by_hub(stage: Stage, one: Guest) -> None:
    moment = START + timedelta(days=20)  # later than all that the device hands in by itself
    async with wired(one) as wire:
        await wire.publish("readings", one.message(moment, "by-hub"))
        receipt = await wire.receipt("by-hub", within_s=20)
    stage.expect(
        (receipt["status"], receipt.get("code")) == ("rejected", "consent_revoked"), f"by hub: {receipt}"
    )


def _count(shown: list[tuple[float, datetime]]) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        return len(shown)

    return count


async def _revoked(stage: Stage) -> None:
    for what in ("permission", "consent"):
        await _withdrawn(stage, what)
        await pause(2.5)  # for the supervisor the next death is again the first


SCENARIOS: Final = (Scenario("revoked while nats is dead", _revoked),)
