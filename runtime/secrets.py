"""Makes the secrets of one development installation, once, as files. Production brings its own, by `DC_SECRETS_DIR`."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import nkeys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proto.subjects import APP_USERS
from runtime.home import replace
from vendors import NAMES, manifest_of

DATABASE_ROLES: Final = ("postgres", "owner", *(user for user in APP_USERS if user != "ingest-bridge"))
"""`postgres` is the embedded server's superuser, `owner` runs migrations; the others are the services.
The bridge works with the role of ingest."""
NATS_USERS: Final = (*APP_USERS, "hubs-bridge", "admin", "hubs-admin", "auth", "sys")
"""One a process; `admin` and `hubs-admin` make the streams, `auth` answers hub sign-in, `sys` ends live sessions."""
MARKER: Final = "DEVELOPMENT"
"""A file that says what these secrets are, so that `DC_ENV=production` refuses them."""


def password() -> bytes:
    return secrets.token_urlsafe(24).encode()


def key(size: int = 32) -> str:
    return base64.b64encode(os.urandom(size)).decode()


def keyring() -> bytes:
    return msgspec.json.encode({"primary": "k1", "keys": {"k1": key()}, "hmac": key()})


def signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def verify_key(signing: bytes) -> bytes:
    private = serialization.load_pem_private_key(signing, password=None)
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def account_seed() -> bytes:
    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT))


def account_key(seed: bytes) -> bytes:
    return bytes(nkeys.from_seed(seed).public_key)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    MARKER: lambda: b"Made for development on this machine; refused with DC_ENV=production.",
    **{f"db/{role}": password for role in DATABASE_ROLES},
    **{f"nats/{user}": password for user in NATS_USERS},
    "nats/callout.seed": account_seed,
    "redis/password": password,
    "s3/access_key": lambda: secrets.token_hex(10).upper().encode(),
    "s3/secret_key": password,
    "oidc/client_secret": password,
    "keys/keyring.json": keyring,
    "keys/token_signing.pem": signing_key,
    "keys/internal_token": password,
    "keys/audit_checkpoint.pem": signing_key,
}
DERIVED: Final[dict[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "keys/token_verify.pem": ("keys/token_signing.pem", verify_key),
    "nats/callout.public": ("nats/callout.seed", account_key),
}


def ensure(folder: Path) -> Path:
    """Makes what is missing, and leaves what is there. Files 0600 in folders 0700."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, make in FILES.items():
        _make(folder / name, make)
    (folder / "vendors").mkdir(mode=0o700, exist_ok=True)
    portals = simulated_vendors()
    for vendor in (*portals, *own_partners()):
        for name in vendor_files(vendor):
            given = portals.get(vendor, {}).get(name)
            _make(folder / "vendors" / vendor / name, password if given is None else given.encode)
    for name, (source, derive) in DERIVED.items():
        if not (folder / name).exists():
            replace(folder / name, derive((folder / source).read_bytes()))
    return folder


def simulated_vendors() -> dict[str, Mapping[str, str]]:
    """Those whose clouds stand in the simulator, and the credentials that cannot be just any secret there."""
    from simulator.vendors.mount import CLOUDS

    return {cloud.name: cloud.portal for cloud in CLOUDS}


def own_partners() -> list[str]:
    """Those that need nobody's cloud and nobody's contract: whoever has the secret may push."""
    manifests = [manifest_of(name) for name in NAMES]
    return [
        each.name
        for each in manifests
        if each.pairing_method == "partner_webhook" and each.status == "self_serve"
    ]


def vendor_files(vendor: str) -> tuple[str, ...]:
    """The secrets that a vendor needs: its credentials, and what proves its notifications or hides their address."""
    manifest = manifest_of(vendor)
    hook = manifest.capabilities.webhook != "none"
    extra = ("webhook_secrets",) if manifest.capabilities.signed_webhook else ("path_token",)
    socket = ("socket_secrets",) if manifest.capabilities.socket or manifest.capabilities.mqtt else ()
    return (*manifest.credentials, *(extra if hook else ()), *socket)


def _make(path: Path, make: Callable[[], bytes]) -> None:
    if not path.exists():
        for folder in reversed(
            [*path.parents][:3]
        ):  # `parents=True` would give the ones between to everybody
            folder.mkdir(mode=0o700, exist_ok=True)
        replace(path, make())
