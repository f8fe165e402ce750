"""Who signed in, by the `id_token` that came beside a grant.

It came straight from the vendor's token endpoint over TLS, so its signature would prove nothing more (OpenID Connect Core
§3.1.3.7).
"""

import base64
import binascii
from typing import Any

from proto.vendors.client import decoded


def subject_of(token: Any) -> str | None:
    """`sub` of the token's claims; None for what is no token."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return None
    try:
        claims = decoded(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) and subject else None
