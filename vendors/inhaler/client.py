"""Makers of smart inhalers push by our own contract until they supply theirs."""

from typing import Final

from proto.vendors.partner_client import PartnerClient
from vendors.inhaler.manifest import MANIFEST


class InhalerClient(PartnerClient):
    manifest = MANIFEST


CLIENT: Final = InhalerClient
