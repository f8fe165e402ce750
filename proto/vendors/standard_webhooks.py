"""Notifications that are signed as Standard Webhooks say: three headers, an HMAC over the bytes as they came.

It is the proof that our own contract asks for (`vendors/generic/README.md`).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from proto.vendors.instants import EPOCH

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
VERSION: Final = "v1"
PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
SIGNATURES_MAX: Final = 20
"""A sender that rotates sends two; more only cost time."""

Verdict = Literal["genuine", "unsigned", "forged", "stale"]
"""`stale`: genuine, and made too long ago or in the future: somebody may be sending again what they heard."""


def key_of(secret: str) -> bytes:
    """`whsec_` and base64, as the specification writes it; any other secret is the key itself. Empty: no key."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""


def sign(secret: str, id: str, timestamp: str, body: bytes) -> str:
    """One signature of the header, `v1,<base64>`."""
    signed = b".".join((id.encode(errors="replace"), timestamp.encode(errors="replace"), body))
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(digest).decode()}"


def judge(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> Verdict:
    """Whether one of the signatures was made with one of the secrets, lately. Header names are lower case.

    Every pair is compared, whatever the others gave: how long it takes says nothing about the secrets.
    """
    id, timestamp, given = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not id or not timestamp or not given:
        return "unsigned"
    expected = [sign(secret, id, timestamp, body).encode() for secret in secrets if key_of(secret)]
    offered = [one.encode(errors="replace") for one in given.split()[:SIGNATURES_MAX]]
    matches = [hmac.compare_digest(one, good) for one in offered for good in expected]
    if not any(matches):
        return "forged"
    return "genuine" if _is_fresh(timestamp, now) else "stale"


def _is_fresh(timestamp: str, now: datetime) -> bool:
    if not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    return abs(now - EPOCH - timedelta(seconds=int(timestamp))) <= TOLERANCE
