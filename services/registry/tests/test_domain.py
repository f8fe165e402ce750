"""What is offered where, and what a model that an administrator adds must be."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from proto.errors import Refused
from proto.resources import DeviceModelRegister
from proto.words import DEVICE_TYPES, PairingMethod
from services.registry.catalogue import ACCOUNTS, MODELS
from services.registry.domain import (
    READ_DIRECTLY,
    catalogue,
    makers,
    methods_offered,
    needs_phone,
    registered,
    row_of,
    same_content,
    state_of,
)

ID = UUID("01890000-0000-7000-8000-000000000001")


def asked(**change: Any) -> DeviceModelRegister:
    body = {
        "vendor_id": "acme_health",
        "model": "Cuff 1",
        "name": "Acme Cuff 1",
        "device_type": "blood_pressure_cuff",
        "capabilities": ["blood_pressure"],
        "pairing_methods": ["hub", "manual"],
        **change,
    }
    return msgspec.convert(body, DeviceModelRegister)


def test_the_simulated_model_and_maker_exist_in_development_only() -> None:
    here, there = catalogue(development=True), catalogue(development=False)

    assert {model.vendor_id for model in here} - {model.vendor_id for model in there} == {"simulated"}
    assert there == (*MODELS, *ACCOUNTS)
    assert len(makers(development=True)) == len(makers(development=False)) + 1


@pytest.mark.parametrize(
    ("stored", "development", "offered"),
    [
        (["hub", "manual"], True, ["hub", "manual", "simulated"]),
        (["hub", "manual"], False, ["hub", "manual"]),
        (["simulated", "hub"], True, ["simulated", "hub"]),
        (["simulated", "hub"], False, ["hub"]),
    ],
)
def test_simulated_is_offered_for_all_in_development_and_nowhere_else(
    stored: list[PairingMethod], development: bool, offered: list[PairingMethod]
) -> None:
    assert methods_offered(stored, development=development) == offered


@pytest.mark.parametrize(
    ("methods", "needed"),
    [
        (["healthkit"], True),
        (["companion_app", "health_connect", "manual", "simulated"], True),
        (["vendor_oauth", "healthkit", "manual"], False),
        (["partner_webhook", "companion_app"], False),
        (["hub", "companion_app"], False),
        (["manual"], False),
    ],
)
def test_a_phone_is_needed_when_nothing_else_brings_readings(
    methods: list[PairingMethod], needed: bool
) -> None:
    assert needs_phone(methods) is needed


def test_a_registered_model_is_recognised_by_the_services_of_its_type() -> None:
    row = registered(asked(), ID, development=True)

    assert (row.id, row.vendor, row.model) == (ID, "acme_health", "Cuff 1")
    assert (row.ble_services, row.decoder) == (["1810"], "sig")
    assert (row.native_required, row.native_reason, row.docs_url) == (False, None, None)


def test_what_is_said_twice_is_kept_once_in_the_order_given() -> None:
    row = registered(
        asked(pairing_methods=["manual", "hub", "manual"], capabilities=["spo2", "spo2", "blood_pressure"]),
        ID,
        development=True,
    )

    assert row.pairing_methods == ["manual", "hub"]
    assert row.capabilities == ["spo2", "blood_pressure"]


def test_a_registered_model_of_the_phone_says_why() -> None:
    row = registered(asked(device_type="smart_watch", pairing_methods=["healthkit"]), ID, development=True)

    assert row.native_required
    assert row.native_reason
    assert (row.ble_services, row.decoder) == ([], "none")


@pytest.mark.parametrize("device_type", DEVICE_TYPES)
@pytest.mark.parametrize("method", sorted(READ_DIRECTLY))
def test_direct_reading_is_for_types_with_a_standard_service(device_type: str, method: str) -> None:
    new = asked(device_type=device_type, pairing_methods=[method])
    standard = device_type in (
        "blood_pressure_cuff",
        "scale",
        "cgm",
        "glucose_meter",
        "pulse_oximeter",
        "thermometer",
        "heart_rate_monitor",
    )

    if standard:
        assert registered(new, ID, development=True).ble_services
    else:
        with pytest.raises(Refused) as refused:
            registered(new, ID, development=True)
        assert (refused.value.code, refused.value.faults[0].field) == ("wrong_type", "pairing_methods")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": "a\x00"}, "model"),
        ({"model": "   "}, "model"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "\n"}, "name"),
        ({"docs_url": "https://\x00"}, "docs_url"),
        ({"pairing_methods": ["simulated"]}, "pairing_methods"),
        ({"pairing_methods": ["hub", "simulated"]}, "pairing_methods"),
        ({"vendor_id": "simulated"}, "vendor_id"),
    ],
)
def test_what_cannot_be_a_model_in_production_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        registered(asked(**change), ID, development=False)

    assert (refused.value.code, refused.value.faults[0].field) == ("wrong_type", field)


def test_in_development_simulated_may_be_the_only_method() -> None:
    row = registered(asked(pairing_methods=["simulated"]), ID, development=True)

    assert methods_offered(row.pairing_methods, development=True) == ["simulated"]


def test_the_bucket_holds_what_hot_paths_need() -> None:
    model = next(model for model in MODELS if (model.vendor_id, model.model) == ("and", "ua-651ble"))
    state = state_of(row_of(model, "https://example.org"), development=True)

    assert state.id == model.id
    assert state.capabilities == {"blood_pressure"}
    assert state.pairing_methods[-1] == "simulated"
    assert state.decoder == "sig"
    assert state.quirks["name_prefixes"] == "A&D_UA-651BLE"


def test_same_content_looks_past_version_and_makers_name() -> None:
    row = row_of(MODELS[0], "")
    later = msgspec.structs.replace(row, version=9, vendor_name="x")
    other = msgspec.structs.replace(row, name="Another")

    assert same_content(row, later)
    assert not same_content(row, other)
