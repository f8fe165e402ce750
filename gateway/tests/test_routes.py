"""The table of services: every address of the contract, and what is nobody's."""

import pytest

from gateway.routes import ROUTES, route_of

ID = "0199c0de-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        ("devices", "registry"),
        ("devices/register", "registry"),
        (f"devices/{ID}", "registry"),
        ("vendors", "registry"),
        ("device-connections", "pairing"),
        ("device-connections/create", "pairing"),
        ("device-connections/pair/start", "pairing"),
        (f"device-connections/{ID}/pairing", "pairing"),
        (f"device-connections/{ID}/events", "health"),
        (f"device-connections/{ID}/reconnect", "pairing"),
        ("hubs/my-hub-0001/rotate", "pairing"),
        ("consents", "pairing"),
        ("consent-texts/current", "pairing"),
        ("device-data/ingest", "ingest"),
        ("device-data/gatt", "ingest"),
        (f"device-data/{ID}", "normalizer"),
        (f"device-data/{ID}/export", "normalizer"),
        ("uploads/presign", "ingest"),
        (f"uploads/{ID}/complete", "ingest"),
        (f"patients/{ID}/summary", "normalizer"),
        ("device-health", "health"),
        (f"device-health/{ID}", "health"),
        ("me", "access"),
        (f"permissions/{ID}", "access"),
        ("audit", "access"),
        ("device/simulate", "simulator"),
    ],
)
def test_each_address_has_its_service(path: str, upstream: str) -> None:
    route = route_of(f"/api/v1/{path}", development=True)

    assert route is not None
    assert route.upstream == upstream


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/",
        "/api/v1",
        "/api/v2/devices",
        "/internal/sign-in",
        "/api/v1/me/../../internal/sign-in",
        "/api/v1/me/%2e%2e/internal",
        "/api/v1/me//x",
        "/api/v1/me%2fx",
        "/api/v1/me/..",
        "/api/v1/me/\\x",
        "/api/v1/device",
    ],
)
def test_other_addresses_are_nobodys(path: str) -> None:
    assert route_of(path, development=True) is None


def test_a_trailing_slash_changes_nothing() -> None:
    route = route_of("/api/v1/devices/", development=True)

    assert route is not None
    assert route.upstream == "registry"


def test_simulating_exists_only_in_development() -> None:
    assert route_of("/api/v1/device/simulate", development=False) is None


def test_only_the_two_ingest_addresses_take_what_devices_present() -> None:
    assert {route.path for route in ROUTES if route.is_edge} == {"device-data/ingest", "device-data/gatt"}
