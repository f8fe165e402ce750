"""One row for each vendor where a person can sign in: the account itself, for whatever it brings.

Nothing is written here: a vendor's manifest says it all, and a new vendor has its row by being there.
"""

from typing import Final

from proto.identity import ACCOUNT
from proto.vendors.manifest import Manifest
from proto.words import DEVICE_TYPES, KINDS
from services.registry.catalogue.model import CLOUD_FIRST, Maker, Model
from vendors import NAMES, manifest_of


def account_of(manifest: Manifest) -> Model:
    first = next(type_ for type_ in DEVICE_TYPES if type_ in manifest.device_types)
    return Model(
        vendor_id=manifest.name,
        model=ACCOUNT,
        name=f"{manifest.title} account",
        device_type=manifest.account_type or first,
        kinds=tuple(kind for kind in KINDS if kind in manifest.kinds),
        methods=("vendor_oauth",),
        reason=CLOUD_FIRST,
    )


_WITH_SIGN_IN: Final = tuple(
    manifest for name in NAMES if (manifest := manifest_of(name)).pairing_method == "vendor_oauth"
)
_OPEN: Final = tuple(manifest for manifest in _WITH_SIGN_IN if manifest.status != "retired")
_RETIRED: Final = tuple(manifest for manifest in _WITH_SIGN_IN if manifest.status == "retired")


def _maker(manifest: Manifest) -> Maker:
    return Maker(manifest.name, manifest.title, manifest.docs_url)


MODELS: Final = tuple(account_of(manifest) for manifest in _OPEN)
MAKERS: Final = tuple(_maker(manifest) for manifest in _OPEN)
"""Some of these make devices too: the catalogue's own row of a maker comes first."""
RETIRED: Final = tuple(account_of(manifest) for manifest in _RETIRED)
"""Only where somebody offers them all the same."""
RETIRED_MAKERS: Final = tuple(_maker(manifest) for manifest in _RETIRED)
