"""Our own contract: partners push to a webhook, over a socket that they open here, or over one that we open there."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from proto.vendors.client import Dial, Pushed
from proto.vendors.partner_client import PartnerClient
from vendors.generic.manifest import MANIFEST


class _Message(msgspec.Struct, frozen=True):
    """`{id, payload}`, as on the socket that partners open."""

    id: str
    payload: msgspec.Raw


class GenericClient(PartnerClient):
    manifest = MANIFEST

    def dial(self) -> Dial | None:
        """Encrypted or not at all: what comes over it are somebody's measured values."""
        url, token = (self.credentials.get(name, "") for name in ("dial_url", "dial_token"))
        if not _is_secure(url) or not token:
            return None
        return Dial(url=url, headers={"authorization": f"Bearer {token}"})

    def pushed(self, message: bytes) -> Pushed | None:
        try:
            one = msgspec.json.decode(message, type=_Message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return Pushed(id=one.id, payload=bytes(one.payload)) if one.id else None

    def heard(self, id: str) -> bytes:
        return msgspec.json.encode({"ack": id})


def _is_secure(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "wss" and bool(parts.hostname)
    except ValueError:
        return False


CLIENT: Final = GenericClient
