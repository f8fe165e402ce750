"""`make day`: a day of many simulated patients as fast as it is taken, then everything held against a sum of its own.

The samples follow from the seed, so they are made anew and added up in plain Python (`tests.load.tally`). Compared are
the stored rows, hours and latest values of every patient, and for some patients every public answer. The printed
arguments make the same day again; the figures are in `build/day.json`.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

import asyncpg
import httpx2

from proto.words import Kind
from simulator.front_door import FrontDoor, event_id_of, message_of
from simulator.load import Load, Plan, history, part_of
from simulator.physiology import Sample, Scenario
from tests.e2e.driver import Caller
from tests.load import extremes
from tests.load.comparison import Answers, Conn, Differences, stored
from tests.load.tally import hour, tally_of
from tests.load.world import RAISED, machine, write_report
from tests.support.system import System

SCENARIOS: Final[tuple[Scenario, ...]] = get_args(Scenario)
ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin")
"""Where patients live: a local day is made of hours, or of parts of hours."""
TOGETHER: Final = 8
"""Patients that are compared at the same time: no more hold their day in memory."""
STILL_S: Final = 60.0
"""When nothing more was stored for so long, what is missing is missing."""
SHOWN: Final = 20


EVERYTHING: Final = "everything"
"""The model that measures whatever there is."""
PER_POST: Final = 200

Pool = Any


class Size(NamedTuple):
    """How much was compared: readings, and hours with their metrics."""

    readings: int = 0
    hours: int = 0

    def plus(self, other: "Size") -> "Size":
        return Size(self.readings + other.readings, self.hours + other.hours)


@dataclass
class Outcome:
    patients: int
    readings: int
    seconds: float
    differences: Differences

    def as_json(self) -> dict[str, Any]:
        return {
            "patients": self.patients,
            "readings": self.readings,
            "seconds": round(self.seconds, 1),
            "readings_per_s": round(self.readings / self.seconds),
            "comparisons": self.differences.compared,
            "differences": self.differences.found,
        }

    def told(self) -> str:
        found = self.differences.found
        lines = [f"  ! {each}" for each in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"  ! … and {len(found) - SHOWN} more")
        rate = self.readings / self.seconds
        lines.append(
            f"{self.patients} patients, {self.readings} readings in {self.seconds:.1f} s ({rate:.0f} readings/s),"
            f" {self.differences.compared} comparisons, {len(found)} differences"
        )
        return "\n".join(lines)


@dataclass
class Day:
    """`asked`: how many patients are asked about everything by the public API; the others about latest values."""

    system: System
    plan: Plan
    asked: int
    differences: Differences = field(default_factory=Differences)

    def __post_init__(self) -> None:
        if self.plan.until is None:
            raise ValueError("a day that is computed again needs its end")
        self.until: datetime = self.plan.until
        self._numbers = range(1, self.plan.patients + 1)
        asked = min(self.asked, self.plan.patients)
        self._asked = set(random.Random(self.plan.seed).sample(self._numbers, asked))
        self._extreme = f"sim-{self.plan.patients + 1:06d}"
        self._kinds: dict[str, list[Kind]] = {}

    async def replay(self) -> float:
        """Sends the day; answers how many seconds it took until all was stored."""
        door = FrontDoor(self.system.gateway)
        try:
            for number in sorted(self._asked):
                await self._settle_in(door, part_of(self.plan, number).name, _zone(number))
            await self._settle_in(door, self._extreme, extremes.ZONE)
            began = time.monotonic()
            totals = await Load(door, self.plan, lambda line: None).run()
            sent = totals.sent + await self._send_extremes(door)
        finally:
            await door.stop()
        self.differences.equal("patients that failed", 0, totals.failed)
        self.differences.equal("rejected readings", 0, totals.rejected)
        self.differences.equal(
            "sent and acknowledged readings", totals.sent, totals.accepted + totals.duplicates
        )
        return await self._until_stored(sent) - began

    async def compare(self) -> int:
        """Makes the day anew, patient by patient, and compares; answers how many readings it has."""
        places = asyncio.Semaphore(TOGETHER)
        pool = asyncpg.create_pool(self.system.endpoints["postgres"], min_size=1, max_size=4)
        client = httpx2.AsyncClient(base_url=self.system.gateway, timeout=60, trust_env=False)
        async with pool, client as http:

            async def in_turn(number: int) -> Size:
                async with places:
                    return await self._compare_patient(http, pool, number)

            sizes = await asyncio.gather(*(in_turn(number) for number in self._numbers))
            whole = reduce(Size.plus, sizes, await self._compare_extremes(http, pool))
            async with pool.acquire() as conn:
                await self._compare_all(conn, whole)
        return whole.readings

    async def _settle_in(self, door: FrontDoor, name: str, zone: str) -> None:
        async with httpx2.AsyncClient(base_url=self.system.gateway, trust_env=False) as http:
            owner = Caller(http, f"Bearer {await door.dev_token(name)}")
            await owner.do("PATCH", "/api/v1/me", {"timezone": zone})

    async def _send_extremes(self, door: FrontDoor) -> int:
        token = await door.dev_token(self._extreme)
        consent = await door.consent_text(token)
        models = await door.models(token, device_type="smart_watch")
        model = next(each for each in models if each.model == EVERYTHING)
        sent = 0
        for index, samples in enumerate(extremes.of_two_devices(self.until)):
            paired = await door.connect_simulated(
                token, model, device_id=f"extreme-{index}", name=f"{index}", consent=consent
            )
            messages = [message_of(paired.connection.id, each, event_id_of(each)) for each in samples]
            answer = await door.ingest(paired.ingest_token, messages)
            self.differences.equal("accepted extremes", len(samples), answer.accepted)
            sent += len(samples)
        return sent

    async def _until_stored(self, wanted: int) -> float:
        """The moment when that many readings were there, or when nothing had come for a while."""
        conn = await asyncpg.connect(self.system.endpoints["postgres"])
        try:
            count, at = 0, time.monotonic()
            while count < wanted and time.monotonic() - at < STILL_S:
                now_there = await conn.fetchval("SELECT count(*) FROM normalizer.device_data")
                if now_there > count:
                    count, at = now_there, time.monotonic()
                await asyncio.sleep(0.1)
        finally:
            await conn.close()
        return at

    async def _compare_patient(self, http: httpx2.AsyncClient, pool: Pool, number: int) -> Size:
        part = part_of(self.plan, number)
        owner = await self._owner(http, part.name)
        connections = (await owner.get("/api/v1/device-connections"))["items"]
        self.differences.equal(
            f"{part.name} devices", [part.device_type], [each["device_type"] for each in connections]
        )
        if len(connections) != 1:
            return Size()
        kinds = await self._kinds_of(owner, connections[0]["device_model_id"])
        samples = list(history(self.plan, part, kinds, self.until))
        connection_id, answers = connections[0]["id"], Answers(part.name, owner, self.differences)
        size = await self._compare_device(pool, answers, connection_id, samples)
        if number in self._asked:
            devices = {connection_id: samples}
            await self._ask_everything(answers, connections[0]["patient_id"], devices, _zone(number))
        return size

    async def _compare_extremes(self, http: httpx2.AsyncClient, pool: Pool) -> Size:
        owner = await self._owner(http, self._extreme)
        connections = (await owner.get("/api/v1/device-connections"))["items"]
        by_name = {each["name"]: each["id"] for each in connections}
        devices = {
            by_name[f"{index}"]: samples for index, samples in enumerate(extremes.of_two_devices(self.until))
        }
        answers = Answers(self._extreme, owner, self.differences)
        sizes = [
            await self._compare_device(pool, answers, connection_id, samples)
            for connection_id, samples in devices.items()
        ]
        await self._ask_everything(answers, connections[0]["patient_id"], devices, extremes.ZONE)
        return reduce(Size.plus, sizes)

    async def _compare_device(
        self, pool: Pool, answers: Answers, connection_id: str, samples: list[Sample]
    ) -> Size:
        tally = tally_of(samples)
        async with pool.acquire() as conn:
            await stored(conn, answers.who, connection_id, samples, tally, self.differences)
        await answers.latest(connection_id, tally)
        return Size(tally.count, sum(len(points) for points in tally.points.values()))

    async def _ask_everything(
        self, answers: Answers, patient_id: str, devices: dict[str, list[Sample]], zone: str
    ) -> None:
        for connection_id, samples in devices.items():
            await answers.raw(connection_id, samples)
            await answers.points(f"/api/v1/device-data/{connection_id}", samples, ZoneInfo(zone), self.until)
        if len(devices) > 1:
            every = [sample for samples in devices.values() for sample in samples]
            await answers.points(f"/api/v1/patients/{patient_id}/data", every, ZoneInfo(zone), self.until)
        await answers.summary(patient_id, devices)

    async def _compare_all(self, conn: Conn, whole: Size) -> None:
        """Nothing is there beside what was compared patient by patient, and nothing was put aside."""
        for table, expected in (
            ("device_data", whole.readings),
            ("record_keys", whole.readings),
            ("data_rollups", whole.hours),
            ("superseded", 0),
            ("dead_letters", 0),
        ):
            count = await conn.fetchval(f"SELECT count(*) FROM normalizer.{table}")
            self.differences.equal(f"rows of {table}", expected, count)

    async def _owner(self, http: httpx2.AsyncClient, name: str) -> Caller:
        token = (await Caller(http).post("/auth/dev/token", {"user": name}))["access_token"]
        return Caller(http, f"Bearer {token}")

    async def _kinds_of(self, owner: Caller, model_id: str) -> list[Kind]:
        if model_id not in self._kinds:
            self._kinds[model_id] = (await owner.get(f"/api/v1/devices/{model_id}"))["capabilities"]
        return self._kinds[model_id]


def _zone(number: int) -> str:
    return ZONES[number % len(ZONES)]


async def play(day: Day) -> Outcome:
    seconds = await day.replay()
    readings = await day.compare()
    return Outcome(day.plan.patients, readings, seconds, day.differences)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make day", description=__doc__)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument(
        "--asked", type=int, default=50, help="patients whose every public answer is compared"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=datetime.fromisoformat, help="where the day ends; default: this hour")
    parser.add_argument("--out", type=Path, default=Path("build/day.json"))
    arguments = parser.parse_args()
    until = hour(arguments.until or datetime.now(UTC))
    plan = Plan(
        patients=arguments.patients,
        days=1,
        until=until,
        per_post=PER_POST,
        scenarios=SCENARIOS,
        seed=arguments.seed,
    )
    print(f"--patients {plan.patients} --seed {plan.seed} --until {until:%Y-%m-%dT%H:%MZ}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        system = System(Path(folder) / "home", RAISED)
        try:
            outcome = asyncio.run(play(Day(system.start(), plan, arguments.asked)))
        finally:
            system.stop()
    print(outcome.told())
    write_report(
        arguments.out,
        {"machine": machine(), "seed": plan.seed, "until": until.isoformat(), **outcome.as_json()},
    )
    return 1 if outcome.differences.found else 0


if __name__ == "__main__":
    sys.exit(main())
