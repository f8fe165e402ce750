"""The words of NATS's auth callout: reads a server's question, writes the signed answer. Pure; knows no bus and no table.

NATS documentation, "Auth Callout" and "JWT": tokens have the header `{"typ":"JWT","alg":"ed25519-nkey"}` and are signed
by an account key.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final, Literal, Protocol
from uuid import uuid4

import msgspec

from chassis.crypto import token_digest
from proto.state import HubState

SUBJECT: Final = "$SYS.REQ.USER.AUTH"
ACCOUNT: Final = "HUBS"
_HEADER: Final = b'{"typ":"JWT","alg":"ed25519-nkey"}'


class KeyPair(Protocol):
    """An account key of `nkeys`."""

    @property
    def public_key(self) -> bytes: ...
    def sign(self, input: bytes) -> bytes: ...


class _ClientInfo(msgspec.Struct):
    type: str = ""
    mqtt_id: str = ""


class _ConnectOptions(msgspec.Struct):
    user: str = ""
    password: str = msgspec.field(default="", name="pass")


class _ServerId(msgspec.Struct):
    id: str


class _Nats(msgspec.Struct):
    server_id: _ServerId
    user_nkey: str
    client_info: _ClientInfo = msgspec.field(default_factory=_ClientInfo)
    connect_opts: _ConnectOptions = msgspec.field(default_factory=_ConnectOptions)


class _Question(msgspec.Struct):
    nats: _Nats


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants in. The password never prints itself."""

    server_id: str
    user_nkey: str
    user: str
    password: str
    client_type: str
    mqtt_id: str

    def __repr__(self) -> str:
        return f"SignIn(client_type={self.client_type!r})"


VENDOR: Final = "vendor-"
"""Before a vendor's name: as whom a real-time vendor signs in."""
Reason = Literal["not_mqtt", "client_id", "unknown", "secret", "unreadable"]


class Verdict(msgspec.Struct, frozen=True):
    """`until`: when the session must end, because the secret that opened it does."""

    allowed: bool
    reason: Reason | None = None
    until: datetime | None = None


def read_question(token: bytes) -> SignIn:
    """Raises `ValueError` for what is not such a token. The server's signature is not looked at: only the server may
    say anything on that subject in that account."""
    try:
        _, claims, _ = token.split(b".")
        asked = msgspec.json.decode(_unbase64(claims), type=_Question).nats
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise ValueError("not an authorization request") from None
    return SignIn(
        server_id=asked.server_id.id,
        user_nkey=asked.user_nkey,
        user=asked.connect_opts.user,
        password=asked.connect_opts.password,
        client_type=asked.client_info.type,
        mqtt_id=asked.client_info.mqtt_id,
    )


def vendor_of(user: str) -> str | None:
    """The vendor that wants in under this name; None: a hub does."""
    return user.removeprefix(VENDOR) if user.startswith(VENDOR) else None


def judge(sign_in: SignIn, hub: HubState | None, now: datetime) -> Verdict:
    """Whether a hub may sign in."""
    if (fault := _fault_of(sign_in)) is not None:
        return Verdict(False, fault)
    if hub is None or hub.id != sign_in.user:
        return Verdict(False, "unknown")
    digest = token_digest(sign_in.password)
    for secret in hub.secrets:
        if compare_digest(secret.sha256, digest) and (secret.until is None or now < secret.until):
            return Verdict(True, until=secret.until)
    return Verdict(False, "secret")


def judge_vendor(sign_in: SignIn, secrets: Sequence[str]) -> Verdict:
    """Whether a vendor may sign in. `secrets`: all that are good now; none: nobody of that name is expected."""
    if (fault := _fault_of(sign_in)) is not None:
        return Verdict(False, fault)
    if not secrets:
        return Verdict(False, "unknown")
    given = token_digest(sign_in.password)
    matches = [compare_digest(token_digest(secret), given) for secret in secrets]
    return Verdict(True) if any(matches) else Verdict(False, "secret")


def _fault_of(sign_in: SignIn) -> Reason | None:
    """Another client id than one's own would push somebody else off."""
    if sign_in.client_type != "mqtt":
        return "not_mqtt"
    return "client_id" if sign_in.mqtt_id != sign_in.user else None


def permissions(user: str) -> dict[str, Any]:
    """The own branch of a hub or vendor, and what the server itself needs to deliver at QoS 1.

    `down` beside `down.>`: in MQTT `down/#` means its parent too.
    """
    vendor = vendor_of(user)
    branch = f"dc.v1.hubs.{user}" if vendor is None else f"dc.v1.vendors.{vendor}"
    return {
        "pub": {"allow": [f"{branch}.up.>"]},
        "sub": {"allow": [f"{branch}.down", f"{branch}.down.>", "$MQTT.sub.>", "$MQTT.deliver.pubrel.>"]},
    }


def user_token(key: KeyPair, sign_in: SignIn, now: datetime, until: datetime | None) -> str:
    claims: dict[str, Any] = {
        "aud": ACCOUNT,
        "name": sign_in.user,
        "nats": {
            "type": "user",
            "version": 2,
            **permissions(sign_in.user),
            "subs": -1,
            "data": -1,
            "payload": -1,
            "allowed_connection_types": ["MQTT"],
        },
    }
    if until is not None:
        claims["exp"] = int(until.timestamp())
    return _sign(key, sign_in.user_nkey, claims, now)


def answer(key: KeyPair, sign_in: SignIn, verdict: Verdict, now: datetime) -> bytes:
    """What the server is told. A refusal carries no reason: it goes to the server's log."""
    said: dict[str, Any] = (
        {"jwt": user_token(key, sign_in, now, verdict.until)} if verdict.allowed else {"error": "refused"}
    )
    claims = {
        "aud": sign_in.server_id,
        "nats": {"type": "authorization_response", "version": 2, **said},
    }
    return _sign(key, sign_in.user_nkey, claims, now).encode()


def _sign(key: KeyPair, subject: str, claims: dict[str, Any], now: datetime) -> str:
    full = {
        "jti": uuid4().hex,
        "iat": int(now.timestamp()),
        "iss": key.public_key.decode(),
        "sub": subject,
        **claims,
    }
    head = f"{_base64(_HEADER)}.{_base64(msgspec.json.encode(full))}"
    return f"{head}.{_base64(key.sign(head.encode()))}"


def _base64(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def _unbase64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
