"""`device-connect keys rotate|prune`: a new key for what is sealed, and everything under the old ones sealed anew.

Processes go on meanwhile: the ring's file is replaced at once and read again by whoever sees that it changed; a row is
replaced only if it is still the one that was read.
"""

import argparse
import asyncio
import base64
import os
import sys
from typing import Any, Final

import asyncpg
import msgspec

from chassis.crypto import LocalKeyRing, RingFile, SealBroken, key_of, open_sealed, seal
from runtime.environment import given, home_of
from runtime.home import read_json, replace

BATCH: Final = 500


class Sealed(msgspec.Struct, frozen=True):
    """A column of sealed blobs, and what each of them is bound to."""

    table: str
    column: str
    row: str
    patient: str | None


COLUMNS: Final = (
    Sealed("sync.vendor_accounts", "oauth_tokens_encrypted", "id", "patient_id"),
    Sealed("sync.authorizations", "verifier_sealed", "state_sha256", "patient_id"),
    Sealed("pairing.device_connections", "credentials_encrypted", "id", "patient_id"),
    Sealed("pairing.idempotency", "body", "path", None),
    Sealed("normalizer.dead_letters", "payload_sealed", "id", "patient_id"),
)


def keys(arguments: argparse.Namespace) -> int:
    environ = given()
    home = home_of(arguments.home, environ)
    url = environ.get("DC_DATABASE_DIRECT_URL") or read_json(home.endpoints, {}).get("postgres", "")
    if not url:
        print(
            "Which database? Start the system, or set DC_DATABASE_DIRECT_URL to the owner's.", file=sys.stderr
        )
        return 2
    path = home.secrets / "keys/keyring.json"
    try:
        ring = msgspec.json.decode(path.read_bytes(), type=RingFile)
    except (OSError, msgspec.MsgspecError) as error:
        print(f"{path} cannot be read: {error}", file=sys.stderr)
        return 2
    if arguments.what == "rotate":
        replace(path, msgspec.json.encode(with_new_key(ring)))
    report = asyncio.run(seal_anew(url, LocalKeyRing(path)))
    if arguments.what == "prune" and not report["left"]:
        replace(path, msgspec.json.encode(without_old_keys(ring)))
        report["dropped"] = sorted(set(ring.keys) - {ring.primary})
    print(msgspec.json.encode(report).decode())
    return 0 if not report["left"] else 1


def with_new_key(ring: RingFile) -> RingFile:
    """The next number is the new primary; the old keys still open."""
    number = 1 + max((int(key[1:]) for key in ring.keys if key[1:].isdigit()), default=0)
    name = f"k{number}"
    fresh = base64.b64encode(os.urandom(32)).decode()
    return RingFile(primary=name, keys={**ring.keys, name: fresh}, hmac=ring.hmac)


def without_old_keys(ring: RingFile) -> RingFile:
    return RingFile(primary=ring.primary, keys={ring.primary: ring.keys[ring.primary]}, hmac=ring.hmac)


async def seal_anew(url: str, ring: LocalKeyRing) -> dict[str, Any]:
    """Every blob under the primary key. `left`: those that could not be opened, by column."""
    conn = await asyncpg.connect(url, timeout=10)
    try:
        sealed, left = {}, {}
        for column in COLUMNS:
            name = f"{column.table}.{column.column}"
            sealed[name], failed = await _column(conn, ring, column)
            if failed:
                left[name] = failed
        return {"primary": ring.primary, "sealed": sealed, "left": left}
    finally:
        await conn.close()


async def _column(conn: "asyncpg.Connection[Any]", ring: LocalKeyRing, column: Sealed) -> tuple[int, int]:
    done = failed = 0
    patient = column.patient or "NULL::uuid"
    marker = bytes([1, len(ring.primary)]) + ring.primary.encode()
    async with conn.transaction():
        cursor = conn.cursor(
            f"SELECT ctid, {column.row}::text AS row, {patient}::text AS patient, {column.column} AS blob"  # noqa: S608 # lint-skip: raw-sql - walks over every schema, as its owner
            f" FROM {column.table} WHERE {column.column} IS NOT NULL"
            f" AND substr({column.column}, 1, 1) = '\\x01'::bytea"
            f" AND substr({column.column}, 1, {len(marker)}) <> $1",
            marker,
            prefetch=BATCH,
        )
        rows = [row async for row in cursor]
    for row in rows:
        outcome = await _row(conn, ring, column, row)
        done, failed = done + outcome, failed + (not outcome)
    return done, failed


async def _row(conn: "asyncpg.Connection[Any]", ring: LocalKeyRing, column: Sealed, row: Any) -> bool:
    """True also when somebody else replaced it meanwhile: what they wrote is under the new key."""
    place = {
        "table": column.table,
        "column": column.column,
        "row": row["row"],
        "patient": row["patient"] or "",
    }
    blob = bytes(row["blob"])
    if key_of(blob) == ring.primary:
        return True
    try:
        anew = seal(ring, open_sealed(ring, blob, **place), **place)
    except SealBroken:
        return False
    await conn.execute(
        f"UPDATE {column.table} SET {column.column} = $1"  # noqa: S608
        f" WHERE {column.row}::text = $2 AND {column.column} = $3",
        anew,
        row["row"],
        blob,
    )
    return True
