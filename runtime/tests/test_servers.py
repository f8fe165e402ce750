"""Which servers a home runs by itself."""

from pathlib import Path

import pytest

from runtime import secrets
from runtime.home import Home
from runtime.servers import decide, pages


@pytest.fixture
def folder(tmp_path: Path) -> Home:
    home = Home(tmp_path).create()
    secrets.ensure(home.secrets)
    return home


def test_all_of_them_when_nothing_is_set(folder: Home) -> None:
    servers = decide(folder, {}, 8080)

    assert set(servers.embedded) == {"nats", "valkey", "s3", "postgres"}
    assert servers.addresses.public == "http://localhost:8080"
    assert servers.addresses.oidc.startswith("http://127.0.0.1:")
    assert servers.database == "device_connect"


def test_an_address_replaces_a_server(folder: Home) -> None:
    given = {
        "DC_DATABASE_URL": "postgresql://pooler.example.org:6432/records?sslmode=require",
        "DC_DATABASE_DIRECT_URL": "postgresql://owner:x@db.example.org/records",
        "DC_NATS_URL": "tls://nats.example.org:4222",
        "DC_MQTT_URL": "mqtts://broker.example.org:8883",
        "DC_REDIS_URL": "rediss://cache.example.org:6379/0",
        "DC_S3_ENDPOINT": "https://objects.example.org",
        "DC_OIDC_ISSUER": "https://login.example.org",
    }

    servers = decide(folder, given, 8080)

    assert servers.embedded == {}
    assert servers.admin_url == given["DC_DATABASE_DIRECT_URL"]
    assert servers.database == "records"
    assert servers.addresses.mqtt == given["DC_MQTT_URL"]
    assert not (folder.path / "ports.json").exists()


def test_a_hospitals_broker_stands_beside_our_nats(folder: Home) -> None:
    servers = decide(folder, {"DC_MQTT_URL": "mqtts://broker.example.org:8883"}, 8080)

    assert "nats" in servers.embedded
    assert servers.addresses.mqtt == "mqtts://broker.example.org:8883"


def test_the_pages_of_the_object_store_are_origins() -> None:
    own = ("https://care.example.org:8443", "capacitor://localhost", "https://localhost")

    assert pages("https://care.example.org:8443/start", "") == own
    assert pages("https://care.example.org:8443", "http://127.0.0.1:5000") == (*own, "http://127.0.0.1:5000")
