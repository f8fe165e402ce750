"""Many simulated patients at once: made through the API, each with a device, their history sent at a given pace."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from chassis import clock
from proto.resources import ConsentText, DeviceModel
from proto.words import DEVICE_TYPES, DeviceType, Kind
from simulator.demo import seed_of
from simulator.front_door import FrontDoor, batches, event_id_of, message_of
from simulator.identity.people import user_id
from simulator.physiology import Sample, Scenario, generate

TOGETHER: Final = 16
"""Patients that send at the same time."""

Tell = Callable[[dict[str, Any]], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`rate`: readings a second over all patients; 0 = as fast as they are taken. `per_post`: readings a request.

    `until`: where the history ends (not included), whole seconds; None: when the run begins. With it and a seed two
    runs send the same. Without `device_type` all types are handed out in turn, as the scenarios are.
    """

    patients: int
    days: float
    until: datetime | None = None
    rate: float = 0
    per_post: int = 50
    device_type: DeviceType | None = None
    scenarios: tuple[Scenario, ...] = ("normal",)
    seed: int | None = None

    @property
    def device_types(self) -> tuple[DeviceType, ...]:
        return DEVICE_TYPES if self.device_type is None else (self.device_type,)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one patient has in a plan. It follows from the plan and the number alone, so that anybody can tell it anew."""

    name: str
    device_type: DeviceType
    seed: int
    scenario: Scenario


def part_of(plan: Plan, number: int) -> Part:
    """The part of the patient with this number; the first one is 1."""
    name = f"sim-{number:06d}"
    types = plan.device_types
    return Part(
        name=name,
        device_type=types[(number - 1) % len(types)],
        seed=seed_of(user_id(name)) if plan.seed is None else plan.seed + number,
        scenario=plan.scenarios[(number - 1) % len(plan.scenarios)],
    )


def history(plan: Plan, part: Part, kinds: Collection[Kind], until: datetime) -> Iterator[Sample]:
    """The samples of one patient, one by one. `kinds`: what the device's model measures."""
    return generate(
        part.device_type,
        seed=part.seed,
        start=until - timedelta(days=plan.days),
        until=until,
        scenario=part.scenario,
        kinds=kinds,
    )


class Totals(msgspec.Struct):
    patients: int = 0
    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    failed: int = 0
    """Patients whose device could not be connected or whose sending broke off."""


class Pace:
    """Lets `rate` readings a second through. `take` says how long to wait before sending; it sleeps itself not at all."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._free_at = now

    def take(self, count: int, now: float) -> float:
        if self._rate <= 0:
            return 0.0
        start = max(self._free_at, now)
        self._free_at = start + count / self._rate
        return start - now


class Load:
    def __init__(self, door: FrontDoor, plan: Plan, tell: Tell) -> None:
        self._door = door
        self._plan = plan
        self._tell = tell
        self._totals = Totals()
        self._pace = Pace(plan.rate, time.monotonic())
        self._models: dict[DeviceType, DeviceModel] = {}
        self._consent: ConsentText | None = None

    async def run(self) -> Totals:
        """Sends everything and tells about it about once a second. Raises `Refused` when nothing can begin."""
        began = time.monotonic()
        until = self._plan.until or clock.now()
        await self._prepare()
        reporter = asyncio.create_task(self._report(began))
        places = asyncio.Semaphore(TOGETHER)

        async def one(number: int) -> None:
            async with places:
                await self._patient(number, until)

        try:
            await asyncio.gather(*(one(number) for number in range(1, self._plan.patients + 1)))
        finally:
            reporter.cancel()
        self._tell({"event": "summary", **self._state(began)})
        return self._totals

    async def _prepare(self) -> None:
        token = await self._door.dev_token("sim-000001")
        self._consent = await self._door.consent_text(token)
        for device_type in self._plan.device_types:
            for model in await self._door.models(token, device_type=device_type):
                if "simulated" in model.pairing_methods:
                    self._models.setdefault(device_type, model)
            if device_type not in self._models:
                raise LookupError(f"the catalogue has no {device_type} that can be simulated")

    async def _patient(self, number: int, until: datetime) -> None:
        part = part_of(self._plan, number)
        model = self._models[part.device_type]
        try:
            token, connection_id = await self._connect(part.name, model)
            messages = (
                message_of(connection_id, sample, event_id_of(sample))
                for sample in history(self._plan, part, model.capabilities, until)
            )
            for batch in batches(messages, self._plan.per_post):
                await asyncio.sleep(self._pace.take(len(batch), time.monotonic()))
                answer = await self._door.ingest(token, batch)
                self._totals.sent += len(batch)
                self._totals.accepted += answer.accepted
                self._totals.duplicates += answer.duplicates
                self._totals.rejected += len(answer.rejected)
            self._totals.patients += 1
        except Exception as error:  # the other patients go on
            self._totals.failed += 1
            self._tell(
                {"event": "failed", "user": part.name, "error": getattr(error, "code", type(error).__name__)}
            )

    async def _connect(self, name: str, model: DeviceModel) -> tuple[str, str]:
        """The device's own token and its connection; the same device as in an earlier run."""
        token = await self._door.dev_token(name)
        if self._consent is None:
            raise LookupError("the consent text was not read")
        completed = await self._door.connect_simulated(
            token,
            model,
            device_id=f"load-{name}",
            name="Simulated device",
            consent=self._consent,
        )
        return completed.ingest_token, str(completed.connection.id)

    async def _report(self, began: float) -> None:
        while True:
            await asyncio.sleep(1)
            self._tell({"event": "progress", **self._state(began)})

    def _state(self, began: float) -> dict[str, Any]:
        seconds = time.monotonic() - began
        return {
            **msgspec.to_builtins(self._totals),
            "seconds": round(seconds, 2),
            "readings_per_s": round(self._totals.sent / seconds, 1) if seconds else 0,
        }
