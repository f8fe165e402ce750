"""The virtual hubs that run in this process: started from what was kept, found by the connection they serve."""

from typing import NamedTuple

from chassis.log import Log
from proto.resources import Connection
from simulator.hub import Hub, HubConfig
from simulator.journal import FileJournal
from simulator.settings import Settings
from simulator.state import HubState, StateFile

log = Log("world")


class Paired(NamedTuple):
    hub: Hub
    address: str


class World:
    """A resource. Hubs that are added later run until the process ends."""

    def __init__(self, settings: Settings, kept: StateFile) -> None:
        self._mqtt_url = settings.mqtt_public_url
        self._resend_s = settings.hub_resend_s
        self._kept = kept
        self._hubs: dict[str, Hub] = {}

    async def start(self) -> None:
        for state in self._kept.state.hubs.values():
            await self.run(state)

    async def stop(self) -> None:
        for hub in self._hubs.values():
            await hub.stop()

    def problem(self) -> str | None:
        return None

    async def run(self, state: HubState) -> None:
        """Starts the hub, or starts it anew with other credentials."""
        if not self._mqtt_url:
            log.warning("hub_without_broker", hub_id=state.hub_id)
            return
        if running := self._hubs.pop(state.hub_id, None):
            await running.stop()

        def remember(paired: dict[str, str | None]) -> None:
            state.paired = paired
            self._kept.save()

        config = HubConfig(
            hub_id=state.hub_id,
            secret=state.secret,
            mqtt_url=self._mqtt_url,
            zone=state.zone,
            resend_s=self._resend_s,
        )
        journal = FileJournal(self._kept.journal_of(state.hub_id))
        hub = Hub(config, state.devices, paired=state.paired, journal=journal, on_paired=remember)
        self._hubs[state.hub_id] = hub
        await hub.start()

    def paired(self, connection: Connection) -> Paired | None:
        """The running hub that has the connection's device, and the device's address."""
        hub = self._hubs.get(connection.hub_id or "")
        if hub is None or connection.pairing_method != "hub":
            return None
        device = hub.desk.device_of(str(connection.id), connection.device_type)
        return Paired(hub, device.address) if device else None
