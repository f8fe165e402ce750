"""Abbott's glucose comes by our own contract until Abbott supplies theirs."""

from typing import Final

from proto.vendors.partner_client import PartnerClient
from vendors.abbott_libre.manifest import MANIFEST


class AbbottLibreClient(PartnerClient):
    manifest = MANIFEST


CLIENT: Final = AbbottLibreClient
