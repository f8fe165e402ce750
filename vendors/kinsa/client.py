"""Kinsa's temperatures come by our own contract until Kinsa supplies theirs."""

from typing import Final

from proto.vendors.partner_client import PartnerClient
from vendors.kinsa.manifest import MANIFEST


class KinsaClient(PartnerClient):
    manifest = MANIFEST


CLIENT: Final = KinsaClient
