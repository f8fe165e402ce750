"""One request to simulate: samples of the right body and kinds, handed in by the same doors as real ones."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from chassis import clock
from chassis.log import Log
from chassis.resource import Background
from proto.errors import Refused
from proto.resources import Connection, DeviceModel, SimulateRequest
from proto.words import DeviceType, Kind
from simulator.demo import seed_of
from simulator.front_door import FrontDoor, message_of
from simulator.physiology import Sample, Scenario, generate, repeatable, spots
from simulator.world import Paired, World

log = Log("simulation")


class Simulation:
    def __init__(self, door: FrontDoor, world: World, background: Background) -> None:
        self._door = door
        self._world = world
        self._background = background

    async def run(self, token: str, asked: SimulateRequest) -> int:
        """How many readings are on their way. Raises `Refused` as the platform does for this caller."""
        connection = await self._door.connection(token, asked.device_connection_id)
        me = await self._door.me(token)
        if me.patient_id != connection.patient_id:
            raise Refused("forbidden_role")
        if connection.status == "revoked":
            raise Refused("consent_revoked")
        if connection.consent is None:
            raise Refused("consent_missing")
        model = await self._door.model(token, connection.device_model_id)
        paired = self._world.paired(connection)
        if paired is not None:
            return await self._through_hub(paired, connection, asked, me.timezone)
        return await self._by_http(token, connection, model, asked, me.timezone)

    async def _through_hub(
        self, paired: Paired, connection: Connection, asked: SimulateRequest, zone: str
    ) -> int:
        device = paired.hub.desk.nearby[paired.address]
        seed = asked.seed if isinstance(asked.seed, int) else device.seed
        made = await _made(asked, device.device_type, seed, zone, None, clock.now())
        one = len(made) == 1

        async def hand_over() -> None:
            await paired.hub.present(paired.address, made, live=one)

        self._background.spawn(hand_over(), f"measure:{connection.id}")
        return len(made)

    async def _by_http(
        self, token: str, connection: Connection, model: DeviceModel, asked: SimulateRequest, zone: str
    ) -> int:
        consented = connection.consent.data_kinds if connection.consent else []
        kinds = frozenset(model.capabilities).intersection(consented)
        if not kinds:
            raise Refused("kind_not_consented")
        seed = asked.seed if isinstance(asked.seed, int) else seed_of(connection.patient_id)
        made = await _made(asked, model.device_type, seed, zone, kinds, clock.now())
        run = clock.uuid7().hex
        messages = [message_of(connection.id, sample, f"sim-{run}-{i}") for i, sample in enumerate(made)]
        accepted = 0
        async for answer in self._door.send(token, messages):
            accepted += answer.accepted + answer.duplicates
            if answer.rejected:
                first = answer.rejected[0]
                log.warning(
                    "simulated_readings_rejected",
                    code=first.code,
                    field=first.field,
                    count=len(answer.rejected),
                )
                if not accepted:
                    raise Refused(first.code, field=first.field)
        return accepted


async def _made(
    asked: SimulateRequest,
    device_type: DeviceType,
    seed: int,
    zone: str,
    kinds: frozenset[Kind] | None,
    now: datetime,
) -> list[Sample]:
    """Thirty days of a sensor are a second of arithmetic: not on the loop."""
    now = now.replace(microsecond=0)
    return await asyncio.to_thread(lambda: list(samples_of(asked, device_type, seed, zone, kinds, now)))


def samples_of(
    asked: SimulateRequest,
    device_type: DeviceType,
    seed: int,
    zone: str,
    kinds: frozenset[Kind] | None,
    now: datetime,
) -> Iterator[Sample]:
    """`count` alone: measurements on request. `minutes` alone: what the device gives by itself in that time (one
    measurement at least). Both: so many over that time. A seed that the caller named repeats its values. Pure.
    """
    scenario: Scenario = asked.scenario if isinstance(asked.scenario, str) else "normal"
    count = asked.count if isinstance(asked.count, int) else None
    over = timedelta(minutes=asked.minutes) if isinstance(asked.minutes, int) else None

    def at(until: datetime) -> Iterator[Sample]:
        if over is not None and count is None:
            by_itself = list(
                generate(
                    device_type,
                    seed=seed,
                    start=until - over,
                    until=until,
                    zone=zone,
                    scenario=scenario,
                    kinds=kinds,
                )
            )
            if by_itself:
                return iter(by_itself)
        return spots(
            device_type, seed=seed, until=until, count=count or 1, over=over if count else None, zone=zone,
            scenario=scenario, kinds=kinds,
        )  # fmt: skip

    return repeatable(at, now) if isinstance(asked.seed, int) else at(now)
