"""Makes tokens, secrets and ids from the system's randomness. Only their digests are kept anywhere."""

import secrets
import string
from typing import Final, NamedTuple
from uuid import UUID

from chassis.crypto import token_digest

_ALPHABET: Final = string.ascii_lowercase + string.digits


class Made(NamedTuple):
    """What is shown once, and what is kept."""

    plain: str
    sha256: str


def _made(plain: str) -> Made:
    return Made(plain, token_digest(plain))


def pairing_token() -> Made:
    """128 random bits: short enough for a QR code that phones read at once."""
    return _made(secrets.token_urlsafe(16))


def ingest_token(connection_id: UUID) -> Made:
    """`dci_<connection, 32 hex>_<192 random bits>`: the id in it says where to look, the digest whether it is right."""
    return _made(f"dci_{connection_id.hex}_{secrets.token_urlsafe(24)}")


def hub_secret() -> Made:
    return _made(secrets.token_urlsafe(32))


def hub_id() -> str:
    """Made here and nowhere else, so that no wildcard or separator enters a topic or an access rule."""
    return "hub-" + "".join(secrets.choice(_ALPHABET) for _ in range(12))
