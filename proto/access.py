"""Who may see what: the one rule that every service applies to what it serves. Pure; takes `now`."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from proto.metrics import KIND_OF
from proto.state import ConnectionState, PermissionState
from proto.words import KINDS, Kind

ALL_KINDS: Final[frozenset[Kind]] = frozenset(KINDS)


def granted_kinds(
    reader: UUID, patient_id: UUID, permissions: Iterable[PermissionState], now: datetime
) -> frozenset[Kind]:
    """The kinds of a patient's data that a reader may see: all of one's own, otherwise the sum of live grants."""
    if reader == patient_id:
        return ALL_KINDS
    kinds: frozenset[Kind] = frozenset()
    for permission in permissions:
        mine = permission.patient_id == patient_id and permission.grantee_id == reader
        if mine and (permission.until is None or now < permission.until):
            kinds |= permission.kinds
    return kinds


def visible_kinds(
    reader: UUID, connection: ConnectionState, permissions: Iterable[PermissionState], now: datetime
) -> frozenset[Kind]:
    """The kinds of one connection that a reader may see; empty means: as if it did not exist.

    The owner always reads, also what was stored before consent was withdrawn; grantees lose the whole
    connection as soon as its consent is not active.
    """
    if reader == connection.patient_id:
        return ALL_KINDS
    if connection.consent != "active":
        return frozenset()
    return granted_kinds(reader, connection.patient_id, permissions, now)


@lru_cache(maxsize=4096)
def names_of(kinds: frozenset[Kind]) -> frozenset[str]:
    """The reading names that belong to kinds."""
    return frozenset(name for name, kind in KIND_OF.items() if kind in kinds)
