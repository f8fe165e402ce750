"""Brings the demo to life behind the front door, and keeps it alive: hubs, connected devices, their history until now.

Every step asks what is there first, so it may be stopped and begun again at any point.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from chassis import clock
from chassis.log import Log
from proto.errors import Refused
from simulator.demo import HISTORIES, HUBS, DemoHub, History, owner_of, seed_of
from simulator.front_door import FrontDoor, event_id_of, message_of
from simulator.physiology import Sample, generate
from simulator.state import HistoryState, HubState, StateFile
from simulator.world import World

log = Log("seeding")

EVERY_S: Final = 60
REST_S: Final = 600
"""After a refusal (the person removed the device, or took back consent) a step is left alone for this long."""


class Seeder:
    def __init__(self, door: FrontDoor, kept: StateFile, world: World) -> None:
        self._door = door
        self._kept = kept
        self._world = world
        self._tokens: dict[str, str] = {}
        self._resting: dict[str, datetime] = {}
        self._checked: set[str] = set()
        """What was compared with the platform since this process started."""

    async def run(self) -> None:
        """Until cancelled."""
        await self._door.wait_ready()
        began = clock.now()
        await self.round()
        log.info("demo_ready", seconds=round((clock.now() - began).total_seconds(), 1))
        while True:
            await asyncio.sleep(EVERY_S)
            await self.round()

    async def round(self) -> None:
        """One pass over the tables: what is missing is made, what was measured since the last pass is sent."""
        self._tokens.clear()
        for hub in HUBS:
            await self._attempt(hub.key, lambda hub=hub: self._ensure_hub(hub))  # type: ignore[misc]
        for history in HISTORIES:
            await self._attempt(history.key, lambda history=history: self._continue(history))  # type: ignore[misc]

    async def _attempt(self, key: str, step: Callable[[], Awaitable[None]]) -> None:
        now = clock.now()
        if key in self._resting and now < self._resting[key]:
            return
        try:
            await step()
        except Refused as refused:
            log.info("demo_step_refused", name=key, code=refused.code)
            if refused.status < 500:
                self._rest(key, now)
        except Exception as error:  # one step must not end the demo
            log.failure("demo_step_failed", error, name=key)
            self._rest(key, now)

    def _rest(self, key: str, now: datetime) -> None:
        self._resting[key] = now + timedelta(seconds=REST_S)
        self._checked.discard(key)

    async def _ensure_hub(self, hub: DemoHub) -> None:
        if hub.key in self._checked:
            return
        token = await self._token(hub.owner)
        kept = self._kept.state.hubs.get(hub.key)
        there = {one.hub_id: one.name for one in await self._door.hubs(token)}
        if kept is None or kept.hub_id not in there:
            named = next((hub_id for hub_id, name in there.items() if name == hub.name), None)
            if named is not None:  # ours from before, but its secret was lost
                hub_id, secret = named, await self._door.rotate_hub(token, named)
            else:
                created = await self._door.create_hub(token, hub.name)
                hub_id, secret = created.hub_id, created.secret
            kept = HubState(
                hub_id=hub_id, secret=secret, zone=owner_of(hub.owner).zone, devices=list(hub.devices)
            )
            self._kept.state.hubs[hub.key] = kept
            self._kept.save()
            await self._world.run(kept)
        self._checked.add(hub.key)

    async def _continue(self, history: History) -> None:
        state = await self._ensure_history(history)
        if state is None:
            return
        until = clock.now()
        samples = await asyncio.to_thread(_samples, history, state, until)
        messages = [message_of(state.connection_id, one, event_id_of(one)) for one in samples]
        async for answer in self._door.send(state.ingest_token, messages):
            if answer.rejected:
                log.warning("demo_readings_rejected", name=history.key, code=answer.rejected[0].code)
        state.sent_until = until
        self._kept.save()

    async def _ensure_history(self, history: History) -> HistoryState | None:
        """The connection's state; None when the person has removed the device."""
        kept = self._kept.state.histories.get(history.key)
        if kept is not None and history.key in self._checked:
            return kept
        token = await self._token(history.owner)
        if kept is not None:
            status = await self._status(token, kept.connection_id)
            if status == "revoked":
                return None
            if status is not None:
                self._checked.add(history.key)
                return kept
        models = await self._door.models(token, device_type=history.device_type)
        model = next((one for one in models if "simulated" in one.pairing_methods), None)
        if model is None:
            log.warning("demo_without_model", device_type=history.device_type)
            return None
        completed = await self._door.connect_simulated(
            token,
            model,
            device_id=history.device_id,
            name=history.name,
            consent=await self._door.consent_text(token),
        )
        state = HistoryState(
            connection_id=str(completed.connection.id),
            ingest_token=completed.ingest_token,
            kinds=model.capabilities,
            sent_until=clock.now() - timedelta(days=history.days),
        )
        self._kept.state.histories[history.key] = state
        self._kept.save()
        self._checked.add(history.key)
        return state

    async def _status(self, token: str, connection_id: str) -> str | None:
        try:
            return (await self._door.connection(token, connection_id)).status
        except Refused as refused:
            if refused.code == "not_found":
                return None
            raise

    async def _token(self, user: str) -> str:
        """One a round: the platform may have been started anew meanwhile."""
        if user not in self._tokens:
            self._tokens[user] = await self._door.dev_token(user)
        return self._tokens[user]


def _samples(history: History, state: HistoryState, until: datetime) -> list[Sample]:
    owner = owner_of(history.owner)
    made = generate(
        history.device_type,
        seed=seed_of(owner.user_id),
        start=state.sent_until,
        until=until,
        zone=owner.zone,
        kinds=state.kinds,
    )
    return list(made)
