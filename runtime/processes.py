"""The processes of the system as a table, and the environment that each of them is given."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from runtime.home import LOOPBACK, Home

ROOT: Final = Path(__file__).resolve().parent.parent
S3_BUCKET: Final = "device-connect"
EXIT_CONFIG: Final = 78
"""EX_CONFIG of sysexits.h: the settings of a process are wrong, and starting it again will not help."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the image: a module with `Settings` and `create_app(settings)`."""

    name: str
    module: str
    upstream: str = ""
    """`DC_UPSTREAM_<…>` tells the gateway where it is; empty: the gateway does not route to it."""
    is_service: bool = True
    """Whether it is listed under `services` in endpoints.json."""

    @property
    def exists(self) -> bool:
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


PROCESSES: Final = (
    Process(name="registry", module="services.registry.app", upstream="REGISTRY"),
    Process(name="pairing", module="services.pairing.app", upstream="PAIRING"),
    Process(name="ingest", module="services.ingest.app", upstream="INGEST"),
    Process(name="ingest-bridge", module="services.ingest.bridge.app", is_service=False),
    Process(name="normalizer", module="services.normalizer.app", upstream="NORMALIZER"),
    Process(name="health", module="services.health.app", upstream="HEALTH"),
    Process(name="access", module="services.access.app", upstream="ACCESS"),
    Process(name="sync", module="services.sync.app", upstream="SYNC"),
    Process(name="gateway", module="gateway.app", is_service=False),
    Process(name="idp", module="simulator.app", upstream="SIMULATOR", is_service=False),
)


INSIDE: Final = {"DC_SYNC_URL": "sync"}
"""Setting → the process whose address it is: what services ask each other, past the gateway."""


def existing() -> list[Process]:
    return [process for process in PROCESSES if process.exists]


def named(name: str) -> Process:
    """Raises `KeyError` for a name that is not in the table."""
    return {process.name: process for process in PROCESSES}[name]


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers are, embedded or not, without the users' names and passwords where those are files."""

    database: str
    nats: str
    mqtt: str
    redis: str
    s3: str
    oidc: str
    public: str


def environ_of(
    process: Process,
    home: Home,
    addresses: Addresses,
    ports: Mapping[str, int],
    given: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of a process. `ports` holds `<name>` and `<name>-metrics` of every process.

    `given` is what a person set: times, limits and the like pass through; addresses are already decided.
    """
    upstreams = {
        f"DC_UPSTREAM_{each.upstream}": f"http://{LOOPBACK}:{ports[each.name]}"
        for each in PROCESSES
        if each.upstream and each.name in ports
    }
    inside = {name: f"http://{LOOPBACK}:{ports[peer]}" for name, peer in INSIDE.items() if peer in ports}
    return {
        "DC_ENV": "development",
        "DC_HOST": LOOPBACK,
        "DC_S3_BUCKET": S3_BUCKET,
        "DC_UI_DIST": str(ROOT / "ui/dist"),
        **upstreams,
        **inside,
        # Nobody develops against real people's accounts: vendors' clouds are simulated here.
        "DC_VENDOR_GATE": f"http://{LOOPBACK}:{ports['idp']}/clouds" if "idp" in ports else "",
        **{name: value for name, value in given.items() if name.startswith("DC_")},
        "DC_HOME": str(home.path),
        "DC_SECRETS_DIR": str(home.secrets),
        "DC_HTTP_PORT": str(ports[process.name]),
        "DC_METRICS_PORT": str(ports[f"{process.name}-metrics"]),
        "DC_DATABASE_URL": addresses.database,
        "DC_NATS_URL": addresses.nats,
        "DC_MQTT_PUBLIC_URL": given.get("DC_MQTT_PUBLIC_URL", addresses.mqtt),
        "DC_REDIS_URL": addresses.redis,
        "DC_S3_ENDPOINT": addresses.s3,
        "DC_OIDC_ISSUER": addresses.oidc,
        "DC_PUBLIC_URL": given.get("DC_PUBLIC_URL", addresses.public),
    }
