"""Answers that hold a secret (tokens, hub secrets) rest sealed while their `Idempotency-Key` is remembered."""

from chassis.crypto import KeyRing, open_sealed, seal


class Kept:
    """Implements `chassis.idempotency.Sealing`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, answer: bytes, path: str) -> bytes:
        return seal(self._ring, answer, table="pairing.idempotency", column="body", row=path, patient="")

    def open(self, kept: bytes, path: str) -> bytes:
        return open_sealed(self._ring, kept, table="pairing.idempotency", column="body", row=path, patient="")
