"""What the catalogue offers here, and what a new model must be. Pure."""

import re
from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from proto.errors import Refused
from proto.resources import DeviceModelPatch, DeviceModelRegister
from proto.state import ModelState
from proto.words import PLAIN_TEXT, PairingMethod
from services.registry.catalogue import (
    ACCOUNT_MAKERS,
    ACCOUNTS,
    EVERYTHING,
    MAKERS,
    MODELS,
    NATIVE,
    NEEDS_PHONE,
    RETIRED,
    RETIRED_MAKERS,
    SIG_SERVICES,
    SIMULATED,
    Decoder,
    Maker,
    Model,
)
from services.registry.rows import ModelRow

ADDED_BY_HAND: Final = "Added by your administrator."
CHOSEN_BY_HAND: Final = "Chosen by your administrator."
READ_DIRECTLY: Final[frozenset[PairingMethod]] = frozenset({"hub", "web_bluetooth"})
"""The methods by which raw Bluetooth values come, so the model needs services and a decoder of ours."""
SEARCH_MAX: Final = 200
_PLAIN: Final = re.compile(PLAIN_TEXT)


def makers(*, development: bool, enabled: Collection[str] = ()) -> tuple[Maker, ...]:
    """`enabled`: vendors that have retired, and are offered all the same."""
    back = (maker for maker in RETIRED_MAKERS if maker.vendor_id in enabled)
    known = (*MAKERS, *ACCOUNT_MAKERS, *back)
    return (*known, SIMULATED) if development else known


def catalogue(*, development: bool, enabled: Collection[str] = ()) -> tuple[Model, ...]:
    """The rows of this environment: the model that is nothing but simulated exists in development only, the account at a
    vendor that has retired only where it is `enabled`."""
    models = (*MODELS, *ACCOUNTS, *(account for account in RETIRED if account.vendor_id in enabled))
    return (*models, EVERYTHING) if development else models


def methods_offered(stored: Iterable[PairingMethod], *, development: bool) -> list[PairingMethod]:
    """What a person may choose here: `simulated` for every model in development, and nowhere else."""
    methods = list(stored)
    if not development:
        return [method for method in methods if method != "simulated"]
    return methods if "simulated" in methods else [*methods, "simulated"]


def needs_phone(methods: Iterable[PairingMethod]) -> bool:
    """Whether only an app on the phone brings readings; typing them in does not count, nor do simulated ones."""
    real = set(methods) - {"manual", "simulated"}
    return bool(real) and real <= NATIVE


def check_text(text: str, field: str, *, longest: int | None = None) -> str:
    """Text that the database takes and a page can show, else 422 on the field."""
    if not text.strip() or not _PLAIN.fullmatch(text) or (longest is not None and len(text) > longest):
        raise Refused("wrong_type", field=field)
    return text


def registered(new: DeviceModelRegister, id: UUID, *, development: bool) -> ModelRow:
    """The row of a model that an administrator adds. Raises 422 for text or methods that cannot be.

    Hub and browser read raw values, so they are for types that the Bluetooth SIG has a service for.
    """
    check_text(new.model, "model")
    check_text(new.name, "name")
    docs_url = None if new.docs_url is UNSET else check_text(new.docs_url, "docs_url")
    services = SIG_SERVICES.get(new.device_type, ())
    methods = _methods(new.pairing_methods, services, development=development)
    if not development and new.vendor_id == SIMULATED.vendor_id:
        raise Refused("wrong_type", field="vendor_id")
    decoder: Decoder = "sig" if services else "none"
    native = needs_phone(methods)
    return ModelRow(
        id=id,
        vendor=new.vendor_id,
        vendor_name="",
        model=new.model,
        name=new.name,
        device_type=new.device_type,
        capabilities=list(dict.fromkeys(new.capabilities)),
        pairing_methods=methods,
        recommended_reason=ADDED_BY_HAND,
        native_required=native,
        native_reason=NEEDS_PHONE if native else None,
        ble_services=list(services),
        decoder=decoder,
        quirks={},
        docs_url=docs_url,
        version=1,
    )


def _methods(
    wanted: Iterable[PairingMethod], services: Iterable[str], *, development: bool
) -> list[PairingMethod]:
    """Each once, in the order in which they are recommended; 422 for those that cannot work here."""
    methods = list(dict.fromkeys(wanted))
    if "simulated" in methods and not development:
        raise Refused("wrong_type", field="pairing_methods")
    if not any(services) and READ_DIRECTLY.intersection(methods):
        raise Refused("wrong_type", field="pairing_methods")
    return methods


def changed(row: ModelRow, patch: DeviceModelPatch, *, development: bool) -> ModelRow:
    """The row as an administrator wants it. Raises 422 for text or methods that cannot be."""
    name = row.name if patch.name is UNSET else check_text(patch.name, "name")
    kinds = row.capabilities if patch.capabilities is UNSET else list(dict.fromkeys(patch.capabilities))
    methods = row.pairing_methods
    if patch.pairing_methods is not UNSET:
        methods = _methods(patch.pairing_methods, row.ble_services, development=development)
    docs_url = row.docs_url
    if patch.docs_url is not UNSET:
        docs_url = None if patch.docs_url is None else check_text(patch.docs_url, "docs_url")
    native = needs_phone(methods)
    return msgspec.structs.replace(
        row,
        name=name,
        capabilities=kinds,
        pairing_methods=methods,
        recommended_reason=row.recommended_reason if methods[0] == row.pairing_methods[0] else CHOSEN_BY_HAND,
        native_required=native,
        native_reason=(row.native_reason or NEEDS_PHONE) if native else None,
        docs_url=docs_url,
    )


def row_of(model: Model, docs_url: str) -> ModelRow:
    quirks = dict(model.quirks)
    if model.names:
        quirks["name_prefixes"] = ",".join(model.names)
    return ModelRow(
        id=model.id,
        vendor=model.vendor_id,
        vendor_name="",
        model=model.model,
        name=model.name,
        device_type=model.device_type,
        capabilities=list(model.kinds),
        pairing_methods=list(model.methods),
        recommended_reason=model.reason,
        native_required=bool(model.native_reason),
        native_reason=model.native_reason or None,
        ble_services=list(model.ble_services),
        decoder=model.decoder,
        quirks=quirks,
        docs_url=docs_url or None,
        version=1,
    )


def state_of(row: ModelRow, *, development: bool) -> ModelState:
    """What the bucket holds."""
    return ModelState(
        id=row.id,
        vendor_id=row.vendor,
        name=row.name,
        device_type=row.device_type,
        capabilities=frozenset(row.capabilities),
        pairing_methods=methods_offered(row.pairing_methods, development=development),
        ble_services=row.ble_services,
        decoder=row.decoder,
        quirks=row.quirks,
        version=row.version,
    )


def same_content(one: ModelRow, other: ModelRow) -> bool:
    """Whether two rows say the same, versions and the vendor's name apart."""
    return _content(one) == _content(other)


def _content(row: ModelRow) -> ModelRow:
    return msgspec.structs.replace(row, version=0, vendor_name="")
