"""Eko's recordings come by our own contract until Eko supplies theirs; its events name the person otherwise."""

from typing import Final

from proto.vendors.partner_client import PartnerClient
from vendors.eko.manifest import MANIFEST


class EkoClient(PartnerClient):
    manifest = MANIFEST
    users = ("user", "patient_ref")


CLIENT: Final = EkoClient
