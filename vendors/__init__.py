"""The outside parties: one folder each. A new one is a folder and a line here."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO, Any, Final, cast

import msgspec

from proto.vendors.client import Client
from proto.vendors.manifest import Manifest
from proto.vendors.normalized import Mapping

NAMES: Final = (
    "withings",
    "dexcom",
    "google_health",
    "fitbit",
    "google_fit",
    "omron",
    "garmin",
    "polar",
    "oura",
    "ihealth",
    "alivecor",
    "healthkit",
    "health_connect",
    "abbott_libre",
    "eko",
    "kinsa",
    "spirometer",
    "inhaler",
    "generic",
)


def manifest_of(name: str) -> Manifest:
    """Raises `KeyError` for a name that is not in the list."""
    return cast(Manifest, import_module(f"vendors.{_known(name)}.manifest").MANIFEST)


def mapping_of(name: str) -> Mapping:
    """Raises `KeyError` for a name that is not in the list."""
    return cast(Mapping, import_module(f"vendors.{_known(name)}.mapping").normalize)


def client_of(name: str) -> type[Client]:
    """The class that speaks to the vendor. Raises `KeyError` for a name that is not in the list."""
    return cast(type[Client], import_module(f"vendors.{_known(name)}.client").CLIENT)


def reader_of(name: str) -> Callable[[bytes], Any]:
    """How the bytes of an answer or push body become what the mapping takes: JSON, unless the mapping has a `read` of
    its own (a form, XML). Raises `ValueError` for what cannot be read."""
    own = getattr(import_module(f"vendors.{_known(name)}.mapping"), "read", None)
    return cast(Callable[[bytes], Any], own or msgspec.json.decode)


def export_of(name: str) -> Callable[[IO[bytes], int], Iterator[dict[str, Any]]]:
    """How a file of any size that a person exported becomes uploads as the mapping takes them, so many records each.
    Raises a `ValueError` with a `code` for what cannot be read; what came before stands."""
    return cast(
        Callable[[IO[bytes], int], Iterator[dict[str, Any]]],
        import_module(f"vendors.{_known(name)}.export").batches,
    )


def _known(name: str) -> str:
    if name not in NAMES:
        raise KeyError(name)
    return name
