"""What a person set, and what a process is given."""

from pathlib import Path

import pytest

from runtime.environment import home_of, read_env_file
from runtime.home import Home
from runtime.processes import PROCESSES, Addresses, environ_of, named

ADDRESSES = Addresses(
    database="postgresql://127.0.0.1:5432/device_connect",
    nats="nats://127.0.0.1:4222",
    mqtt="mqtt://127.0.0.1:1883",
    redis="redis://127.0.0.1:6379/0",
    s3="http://127.0.0.1:8333",
    oidc="http://127.0.0.1:9000",
    public="http://localhost:8080",
)
PORTS = {name: 20_000 + n for n, p in enumerate(PROCESSES) for name in (p.name, f"{p.name}-metrics")}


def test_an_env_file_is_read_as_a_shell_would() -> None:
    path = Path(__file__).parent / "sample.env"

    assert read_env_file(path) == {
        "DC_PORT": "8081",
        "DC_PUBLIC_URL": "https://example.org",
        "DC_LOG_LEVEL": "debug",
    }


def test_a_line_that_says_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("DC_PORT=1\nnonsense\n")

    with pytest.raises(ValueError, match="env:2 is not NAME=value"):
        read_env_file(tmp_path / "env")


def test_the_home_is_the_option_then_the_variable_then_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert home_of("given", {"DC_HOME": "set"}).path == tmp_path / "given"
    assert home_of(None, {"DC_HOME": "set"}).path == tmp_path / "set"
    assert home_of(None, {}).path == tmp_path / ".device-connect"
    assert home_of(None, {"DC_SECRETS_DIR": "/run/secrets"}).secrets == Path("/run/secrets")


def test_what_a_person_set_reaches_the_process_but_addresses_are_decided(tmp_path: Path) -> None:
    given = {
        "DC_PAIRING_TTL_S": "5",
        "DC_HTTP_PORT": "1",
        "DC_MQTT_PUBLIC_URL": "mqtts://hubs.example.org:8883",
    }

    environ = environ_of(named("pairing"), Home(tmp_path), ADDRESSES, PORTS, given)

    assert environ["DC_PAIRING_TTL_S"] == "5"
    assert environ["DC_HTTP_PORT"] == str(PORTS["pairing"])
    assert environ["DC_MQTT_PUBLIC_URL"] == "mqtts://hubs.example.org:8883"
    assert environ["DC_UPSTREAM_INGEST"] == f"http://127.0.0.1:{PORTS['ingest']}"
    assert environ["DC_UPSTREAM_SIMULATOR"] == f"http://127.0.0.1:{PORTS['idp']}"
    assert "DC_UPSTREAM_GATEWAY" not in environ


def test_services_are_told_where_those_are_that_they_ask_past_the_gateway(tmp_path: Path) -> None:
    with_sync = {**PORTS, "sync": 21_000}
    alone = {name: port for name, port in PORTS.items() if name != "sync"}

    told = environ_of(named("pairing"), Home(tmp_path), ADDRESSES, with_sync, {})
    untold = environ_of(named("pairing"), Home(tmp_path), ADDRESSES, alone, {})

    assert told["DC_SYNC_URL"] == "http://127.0.0.1:21000"
    assert "DC_SYNC_URL" not in untold
