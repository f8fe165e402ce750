"""What the catalogue offers here, and what a new model must be. Pure."""

from typing import Final

import msgspec

from proto.state import ModelState
from proto.words import PairingMethod
from services.registry.catalogue import EVERYTHING, MAKERS, MODELS, SIMULATED, Maker, Model
from services.registry.rows import ModelRow

ADDED_BY_HAND: Final = "Added by your administrator."


def makers(env: str) -> tuple[Maker, ...]:
    return (*MAKERS, SIMULATED) if env == "development" else MAKERS


def offered(env: str) -> tuple[Model, ...]:
    """The catalogue of this environment: in development every model can be simulated, and one is nothing else."""
    if env != "development":
        return MODELS
    return (*(_also_simulated(model) for model in MODELS), EVERYTHING)


def _also_simulated(model: Model) -> Model:
    methods: tuple[PairingMethod, ...] = (*model.methods, "simulated")
    return msgspec.structs.replace(model, methods=methods)


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


def state_of(row: ModelRow) -> ModelState:
    """What the bucket holds."""
    return ModelState(
        id=row.id,
        vendor_id=row.vendor,
        name=row.name,
        device_type=row.device_type,
        capabilities=frozenset(row.capabilities),
        pairing_methods=row.pairing_methods,
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
