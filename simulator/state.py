"""What the simulator remembers across restarts: its hubs' credentials and pairings, and how far histories were sent.

One JSON file below the simulator's folder, mode 0600, replaced as a whole.
"""

from datetime import datetime
from pathlib import Path

import msgspec

from proto.words import Kind
from simulator.devices import VirtualDevice


class HubState(msgspec.Struct, kw_only=True):
    """`paired`: address → connection id."""

    hub_id: str
    secret: str
    zone: str
    devices: list[VirtualDevice]
    paired: dict[str, str | None] = {}


class HistoryState(msgspec.Struct, kw_only=True):
    """`sent_until`: everything measured before is with the platform."""

    connection_id: str
    ingest_token: str
    kinds: list[Kind]
    sent_until: datetime


class State(msgspec.Struct, kw_only=True):
    """By the keys of the demo tables."""

    hubs: dict[str, HubState] = {}
    histories: dict[str, HistoryState] = {}


class StateFile:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "state.json"
        self.state = self._load()

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self.state), indent=2))
        fresh.replace(self._path)

    def journal_of(self, hub_id: str) -> Path:
        return self.folder / "hubs" / f"{hub_id}.ndjson"

    def _load(self) -> State:
        """What was kept; a file that cannot be read is as good as none, since seeding finds everything again."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError):
            return State()
