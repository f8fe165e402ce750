"""Which servers this installation runs itself, and where the others are: each `DC_*` address that is set replaces one."""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

import msgspec

from gateway.origins import APP_ORIGINS
from runtime.embedded import nats, postgres, s3, valkey
from runtime.embedded.server import Server
from runtime.home import LOOPBACK, S3_PORTS, Home
from runtime.migrate import DATABASE, in_database, password, with_login
from runtime.processes import Addresses


class Servers(msgspec.Struct, frozen=True, kw_only=True):
    """The embedded servers to start (name → how), where everything is, and the administrator of the database."""

    embedded: dict[str, Callable[[], Server]]
    addresses: Addresses
    admin_url: str
    database: str


def pages(public: str, more_app: str) -> tuple[str, ...]:
    """Whose scripts may send files to the object store and fetch them: our own page's, and the companion app's."""
    own = urlsplit(public)
    return (f"{own.scheme}://{own.netloc}", *sorted(APP_ORIGINS), *([more_app] if more_app else []))


def decide(home: Home, given: Mapping[str, str], gateway_port: int) -> Servers:
    """`given` is what a person set. Embedded servers get their ports here, and keep them."""
    public = given.get("DC_PUBLIC_URL", f"http://localhost:{gateway_port}")
    embedded: dict[str, Callable[[], Server]] = {}

    nats_url = given.get("DC_NATS_URL", "")
    mqtt_url = given.get("DC_MQTT_URL") or given.get("DC_MQTT_PUBLIC_URL", "")
    if not nats_url:
        ports = home.ports(["nats", "mqtt", "nats-monitor"])
        embedded["nats"] = partial(nats.prepare, home, ports["nats"], ports["mqtt"], ports["nats-monitor"])
        nats_url = f"nats://{LOOPBACK}:{ports['nats']}"
        mqtt_url = mqtt_url or f"mqtt://{LOOPBACK}:{ports['mqtt']}"

    redis_url = given.get("DC_REDIS_URL", "")
    if not redis_url:
        port = home.port("valkey")
        embedded["valkey"] = partial(valkey.prepare, home, port)
        redis_url = f"redis://:{(home.secrets / 'redis/password').read_text().strip()}@{LOOPBACK}:{port}/0"

    s3_url = given.get("DC_S3_ENDPOINT", "")
    if not s3_url:
        embedded["s3"] = partial(s3.prepare, home, pages(public, given.get("DC_DEV_APP_ORIGIN", "")))
        s3_url = f"http://{LOOPBACK}:{home.ports(s3.PARTS, S3_PORTS)['s3']}"

    database_url = given.get("DC_DATABASE_URL", "")
    admin_url = given.get("DC_DATABASE_DIRECT_URL") or database_url
    if not database_url:
        port = home.port("postgres")
        embedded["postgres"] = partial(
            postgres.prepare, home, port
        )  # last: the first time, it makes a cluster
        server = f"postgresql://{LOOPBACK}:{port}/"
        database_url = in_database(server, DATABASE)
        admin_url = with_login(server, "postgres", password(home.secrets, "postgres"), "postgres")

    return Servers(
        embedded=embedded,
        addresses=Addresses(
            database=database_url,
            nats=nats_url,
            mqtt=mqtt_url,
            redis=redis_url,
            s3=s3_url,
            oidc=given.get("DC_OIDC_ISSUER") or f"http://{LOOPBACK}:{home.port('idp')}",
            public=public,
        ),
        admin_url=admin_url,
        database=database_url.rpartition("/")[2].partition("?")[0] or DATABASE,
    )
