"""Envelope encryption: a data key for each blob, wrapped by a key of the ring, bound to table, column, row and patient.

AES-256-GCM with 96-bit random nonces (NIST SP 800-38D). A blob moved to another row does not open.
"""

import base64
import hmac
import os
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = 1
_NONCE: Final = 12
_WRAPPED: Final = _NONCE + 32 + 16


class SealBroken(Exception):
    """The blob was changed, belongs to another row, or its key is not in the ring."""


class KeyRing(Protocol):
    """Wraps and unwraps data keys. The local one reads a file; a KMS one calls out."""

    @property
    def primary(self) -> str: ...
    def wrap(self, key_id: str, data_key: bytes, aad: bytes) -> bytes: ...
    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes: ...
    def blind_index(self, value: str) -> str: ...


class RingFile(msgspec.Struct, frozen=True):
    """`keys/keyring.json`: keys are base64 of 32 bytes; `primary` seals, all open."""

    primary: str
    keys: dict[str, str]
    hmac: str


class LocalKeyRing:
    """Keys from a file, which is read again when it has changed: a rotation needs no restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._load()

    def _load(self) -> None:
        self._seen = self._path.stat().st_mtime_ns
        ring = msgspec.json.decode(self._path.read_bytes(), type=RingFile)
        self._keys = {key_id: AESGCM(base64.b64decode(key)) for key_id, key in ring.keys.items()}
        self._hmac = base64.b64decode(ring.hmac)
        self._primary = ring.primary
        # A ring that cannot open what it seals must stop the start, not the first patient.
        nonce = os.urandom(_NONCE)
        key = self._keys[self._primary]
        if key.decrypt(nonce, key.encrypt(nonce, b"canary", b""), b"") != b"canary":
            raise SealBroken("the key ring does not open its own seal")

    @property
    def primary(self) -> str:
        if self._path.stat().st_mtime_ns != self._seen:
            self._load()
        return self._primary

    def wrap(self, key_id: str, data_key: bytes, aad: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[key_id].encrypt(nonce, data_key, aad)

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        if key_id not in self._keys:
            self._load()  # another process may have rotated a moment ago
        if key_id not in self._keys:
            raise SealBroken(f"key {key_id} is not in the ring")
        try:
            return self._keys[key_id].decrypt(wrapped[:_NONCE], wrapped[_NONCE:], aad)
        except InvalidTag:
            raise SealBroken("the data key does not open") from None

    def blind_index(self, value: str) -> str:
        """A keyed digest by which an identifier can be found without being readable."""
        return hmac.new(self._hmac, value.encode(), sha256).hexdigest()


def seal(ring: KeyRing, plaintext: bytes, *, table: str, column: str, row: str, patient: str) -> bytes:
    """`version ‖ length of key id ‖ key id ‖ wrapped key ‖ nonce ‖ ciphertext`."""
    primary = ring.primary
    key_id = primary.encode()
    aad = _aad(table, column, row, patient, primary)
    data_key = AESGCM.generate_key(256)
    nonce = os.urandom(_NONCE)
    body = AESGCM(data_key).encrypt(nonce, plaintext, aad)
    return bytes([_VERSION, len(key_id)]) + key_id + ring.wrap(primary, data_key, aad) + nonce + body


def key_of(blob: bytes) -> str:
    """The id of the key that a blob is sealed under; empty when it is no blob."""
    if len(blob) < 2 or blob[0] != _VERSION:
        return ""
    return blob[2 : 2 + blob[1]].decode("utf-8", "replace")


def open_sealed(ring: KeyRing, blob: bytes, *, table: str, column: str, row: str, patient: str) -> bytes:
    """The plaintext. Raises `SealBroken` when the blob is not of this row or was changed."""
    if len(blob) < 2 or blob[0] != _VERSION or len(blob) < 2 + blob[1] + _WRAPPED + _NONCE:
        raise SealBroken("not a sealed blob")
    start = 2 + blob[1]
    key_id = blob[2:start].decode("utf-8", "replace")
    aad = _aad(table, column, row, patient, key_id)
    data_key = ring.unwrap(key_id, blob[start : start + _WRAPPED], aad)
    nonce = blob[start + _WRAPPED : start + _WRAPPED + _NONCE]
    try:
        return AESGCM(data_key).decrypt(nonce, blob[start + _WRAPPED + _NONCE :], aad)
    except InvalidTag:
        raise SealBroken("the content does not open") from None


def _aad(table: str, column: str, row: str, patient: str, key_id: str) -> bytes:
    return "|".join((table, column, row, patient, key_id)).encode()


def token_digest(token: str) -> str:
    """SHA-256 of a random token. Tokens have ≥ 128 random bits, so a plain digest cannot be guessed back."""
    return sha256(token.encode()).hexdigest()
