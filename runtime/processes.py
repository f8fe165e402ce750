"""The processes of the system as a table, and the environment that each of them is given."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

import msgspec

from runtime.home import LOOPBACK, Home

S3_BUCKET: Final = "device-connect"
EXIT_CONFIG: Final = 78
"""EX_CONFIG of sysexits.h: the settings of a process are wrong, and starting it again will not help."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the image: a module with `Settings` and `create_app(settings)`."""

    name: str
    module: str
    is_service: bool = True
    """Whether the gateway routes to it, so that it is listed under `services` in endpoints.json."""

    @property
    def exists(self) -> bool:
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


PROCESSES: Final = (
    Process(name="registry", module="services.registry.app"),
    Process(name="pairing", module="services.pairing.app"),
    Process(name="ingest", module="services.ingest.app"),
    Process(name="ingest-bridge", module="services.ingest.bridge.app", is_service=False),
    Process(name="normalizer", module="services.normalizer.app"),
    Process(name="health", module="services.health.app"),
    Process(name="access", module="services.access.app"),
    Process(name="gateway", module="gateway.app", is_service=False),
    Process(name="idp", module="simulator.app", is_service=False),
)


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
        f"DC_UPSTREAM_{name.upper().replace('-', '_')}": f"http://{LOOPBACK}:{port}"
        for name, port in ports.items()
        if not name.endswith("-metrics")
    }
    return {
        "DC_ENV": "development",
        "DC_HOST": LOOPBACK,
        "DC_S3_BUCKET": S3_BUCKET,
        **upstreams,
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
