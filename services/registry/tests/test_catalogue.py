"""The catalogue's rows are facts that others build on: each of them must be whole and agree with itself."""

import re
from uuid import NAMESPACE_URL, uuid5

import msgspec
import pytest

from proto.gatt import CHARACTERISTICS, short_uuid
from proto.words import DEVICE_TYPES, KINDS, PAIRING_METHODS, DeviceType, Kind
from services.registry.catalogue import (
    ACCOUNT_MAKERS,
    ACCOUNTS,
    EVERYTHING,
    MAKERS,
    MODELS,
    SIG_SERVICES,
    SIMULATED,
    Model,
)
from services.registry.catalogue.accounts import account_of
from services.registry.domain import READ_DIRECTLY, catalogue, makers, needs_phone
from vendors import NAMES, manifest_of

ALL = (*MODELS, *ACCOUNTS, EVERYTHING)
every_model = pytest.mark.parametrize("model", ALL, ids=lambda model: f"{model.vendor_id}/{model.model}")
real_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.vendor_id}/{model.model}")

ENTERED_BY_HAND = {
    "blood_pressure_cuff",
    "scale",
    "glucose_meter",
    "pulse_oximeter",
    "thermometer",
    "spirometer",
    "inhaler",
}
"""What shows a number that a person can copy, or is counted in puffs."""

MEASURED_BY: dict[str, set[Kind]] = {
    "blood_pressure_cuff": {"blood_pressure"},
    "scale": {"weight"},
    "cgm": {"glucose"},
    "glucose_meter": {"glucose"},
    "pulse_oximeter": {"spo2"},
    "thermometer": {"temperature"},
    "stethoscope": {"stethoscope"},
    "activity_tracker": {"activity", "sleep", "heart_rate"},
    "smart_watch": {"activity", "sleep", "heart_rate"},
    "heart_rate_monitor": {"heart_rate"},
    "ecg": {"ecg"},
    "spirometer": {"spirometry"},
    "inhaler": {"inhaler"},
}
SERVICE_MEASURES: dict[str, set[Kind]] = {
    "1808": {"glucose"},
    "1809": {"temperature"},
    "180d": {"heart_rate"},
    "1810": {"blood_pressure"},
    "181b": {"body_composition"},
    "181d": {"weight"},
    "181f": {"glucose"},
    "1822": {"spo2"},
}


def test_there_are_enough_models_and_every_type_has_some() -> None:
    assert len(MODELS) >= 45
    assert {model.device_type for model in MODELS} == set(DEVICE_TYPES)
    assert all(sum(model.device_type == type_ for model in MODELS) >= 3 for type_ in DEVICE_TYPES)


def test_ids_and_names_are_unique() -> None:
    assert len({model.id for model in ALL}) == len(ALL)
    assert len({(model.vendor_id, model.model) for model in ALL}) == len(ALL)
    assert len({model.name.lower() for model in ALL}) == len(ALL)


def test_makers_are_unique_sorted_and_each_has_a_model() -> None:
    ids = [maker.vendor_id for maker in MAKERS]

    assert ids == sorted(set(ids))
    assert set(ids) == {model.vendor_id for model in MODELS}
    assert SIMULATED.vendor_id not in ids
    assert all(re.fullmatch(r"https://[a-z0-9.-]+(/[a-z-]+/?)?", maker.docs_url) for maker in MAKERS)


@every_model
def test_slugs_and_ids_follow_the_pattern(model: Model) -> None:
    assert re.fullmatch(r"[a-z0-9_]{2,40}", model.vendor_id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", model.model)
    assert model.id == uuid5(NAMESPACE_URL, f"device-connect:model:{model.vendor_id}/{model.model}")


@every_model
def test_words_are_known_and_said_once(model: Model) -> None:
    assert model.kinds
    assert set(model.kinds) <= set(KINDS)
    assert len(set(model.kinds)) == len(model.kinds)
    assert model.methods
    assert set(model.methods) <= set(PAIRING_METHODS)
    assert len(set(model.methods)) == len(model.methods)


@real_model
def test_a_model_measures_what_its_type_is_for(model: Model) -> None:
    assert MEASURED_BY[model.device_type] <= set(model.kinds)


@real_model
def test_typing_in_is_the_last_resort_of_devices_that_show_a_number(model: Model) -> None:
    assert "simulated" not in model.methods
    assert ("manual" in model.methods) == (model.device_type in ENTERED_BY_HAND)
    assert model.methods[0] != "manual"
    if "manual" in model.methods:
        assert model.methods[-1] == "manual"


@real_model
def test_only_what_we_can_decode_is_read_directly(model: Model) -> None:
    if READ_DIRECTLY.intersection(model.methods):
        assert model.decoder == "sig"
        assert set(model.ble_services) <= set(SERVICE_MEASURES)
        assert model.names, "some devices advertise without their services, so the browser needs a name"
    if model.decoder != "none":
        assert model.ble_services


def test_every_cuff_with_the_standard_profile_can_be_paired_through_a_hub() -> None:
    cuffs = [m for m in MODELS if m.device_type == "blood_pressure_cuff" and "1810" in m.ble_services]

    assert len(cuffs) >= 3
    assert [m.model for m in cuffs if not {"hub", "web_bluetooth"} <= set(m.methods)] == []


@real_model
def test_its_standard_services_say_what_it_measures(model: Model) -> None:
    """A service that any device may have (battery, device information) would make every search find strangers."""
    for service in model.ble_services:
        assert short_uuid(service) == service
        assert SERVICE_MEASURES.get(service, set()) <= set(model.kinds)
        assert service not in ("180a", "180f", "1805")


@real_model
def test_a_phone_is_needed_exactly_where_it_is_said_why(model: Model) -> None:
    assert bool(model.native_reason) == needs_phone(model.methods)


@every_model
def test_the_reason_is_one_sentence_for_a_patient(model: Model) -> None:
    for text in (model.reason, model.native_reason):
        assert text == "" or (text[0].isupper() and text.endswith(".") and 30 <= len(text) <= 160)
        assert text.count(". ") == 0
    assert model.reason


@every_model
def test_quirks_and_names_are_short_texts(model: Model) -> None:
    assert all(re.fullmatch(r"[a-z_]+", key) and 0 < len(text) <= 160 for key, text in model.quirks.items())
    assert "name_prefixes" not in model.quirks
    assert all("," not in name and name == name.strip() for name in model.names)


def test_the_simulated_one_has_every_kind_and_method() -> None:
    assert (EVERYTHING.vendor_id, EVERYTHING.model) == ("simulated", "everything")
    assert EVERYTHING.device_type == "smart_watch"
    assert set(EVERYTHING.kinds) == set(KINDS)
    assert set(EVERYTHING.methods) == set(PAIRING_METHODS)
    assert EVERYTHING.methods[0] == "simulated"


def test_types_that_can_be_registered_for_direct_reading_have_services_we_decode() -> None:
    decoded = {kind for kinds in CHARACTERISTICS.values() for kind in kinds}

    for services in SIG_SERVICES.values():
        for service in services:
            assert SERVICE_MEASURES[service] <= decoded


def test_every_vendor_with_a_sign_in_has_its_account_and_no_other_has() -> None:
    with_sign_in = [
        name
        for name in NAMES
        if manifest_of(name).pairing_method == "vendor_oauth" and manifest_of(name).status != "retired"
    ]

    assert with_sign_in
    assert [account.vendor_id for account in ACCOUNTS] == with_sign_in
    assert {maker.vendor_id for maker in (*MAKERS, *ACCOUNT_MAKERS)} >= set(with_sign_in)
    assert not {maker.vendor_id for maker in MAKERS} & {maker.vendor_id for maker in ACCOUNT_MAKERS}


def test_the_account_at_a_retired_vendor_is_there_only_where_it_is_offered() -> None:
    retired = [name for name in NAMES if manifest_of(name).status == "retired"]
    assert retired
    plain = {model.id for model in catalogue(development=False)}
    back = [model for model in catalogue(development=False, enabled=retired) if model.id not in plain]
    assert [(model.vendor_id, model.model) for model in back] == [(name, "account") for name in retired]
    known = [maker.vendor_id for maker in makers(development=False, enabled=retired)]
    assert set(retired) <= set(known)
    assert len(known) == len(set(known))


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.vendor_id)
def test_an_account_measures_what_its_vendor_brings_and_only_a_sign_in_opens_it(account: Model) -> None:
    manifest = manifest_of(account.vendor_id)

    assert (account.model, account.methods) == ("account", ("vendor_oauth",))
    assert set(account.kinds) == manifest.kinds
    assert account.device_type in manifest.device_types


@pytest.mark.parametrize("name", NAMES)
def test_a_vendor_serves_makers_of_the_catalogue(name: str) -> None:
    assert set(manifest_of(name).makers) <= {
        SIMULATED.vendor_id,
        *(maker.vendor_id for maker in MAKERS),
    }


def test_a_manifest_may_say_what_its_account_is_shown_as() -> None:
    types: frozenset[DeviceType] = frozenset({"scale", "blood_pressure_cuff"})
    manifest = msgspec.structs.replace(manifest_of(NAMES[0]), device_types=types, account_type=None)

    shown = account_of(msgspec.structs.replace(manifest, account_type="scale"))

    assert account_of(manifest).device_type == "blood_pressure_cuff"
    assert shown.device_type == "scale"
    with pytest.raises(ValueError, match="one of its types"):
        msgspec.structs.replace(manifest, account_type="ecg")
    with pytest.raises(ValueError, match="no mention"):
        msgspec.structs.replace(manifest, makers=(manifest.name,))
