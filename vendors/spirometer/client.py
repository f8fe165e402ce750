"""Makers of spirometers push by our own contract until they supply theirs."""

from typing import Final

from proto.vendors.partner_client import PartnerClient
from vendors.spirometer.manifest import MANIFEST


class SpirometerClient(PartnerClient):
    manifest = MANIFEST


CLIENT: Final = SpirometerClient
