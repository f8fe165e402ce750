"""`device-connect dlq list|show|replay`: what was given up, and another try for it when its cause is gone.

A replay goes through the front of the pipeline: consent, bounds and identity are judged anew, so playing something twice,
or what has arrived in another way since, stores nothing twice.
"""

import argparse
import asyncio
import sys
from base64 import b64encode
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import nats
from nats.errors import Error

from chassis.clock import now
from chassis.crypto import LocalKeyRing, SealBroken, open_sealed
from proto import subjects
from proto.raw import RawGatt, RawReading
from runtime.environment import given, home_of
from runtime.home import Home, read_json
from services.normalizer.store import dead_letters as store

ACTOR: Final = "operator:replay"
PUBLISH_S: Final = 5.0


def dead_letters(arguments: argparse.Namespace) -> int:
    environ = given()
    home = home_of(arguments.home, environ)
    endpoints = read_json(home.endpoints, {})
    url = environ.get("DC_DATABASE_DIRECT_URL") or endpoints.get("postgres", "")
    bus = environ.get("DC_NATS_URL") or endpoints.get("nats", "")
    if not url or (arguments.what == "replay" and not bus):
        print("Which system? Start it, or set DC_DATABASE_DIRECT_URL and DC_NATS_URL.", file=sys.stderr)
        return 2
    if arguments.what != "list" and not arguments.id:
        print(f"dlq {arguments.what} needs an id of `dlq list`", file=sys.stderr)
        return 2
    work = {"list": _list, "show": _show, "replay": _replay}[arguments.what]
    try:
        return asyncio.run(_with_database(url, lambda conn: work(conn, arguments, home, bus)))
    except (OSError, asyncpg.PostgresError, Error) as error:
        print(f"the system cannot be asked: {error}", file=sys.stderr)
        return 1


async def _with_database(url: str, work: Any) -> int:
    conn = await asyncpg.connect(url, timeout=10)
    try:
        return int(await work(conn))
    finally:
        await conn.close()


async def _list(conn: Any, arguments: argparse.Namespace, home: Home, bus: str) -> int:
    letters = await store.select_letters(conn, arguments.code, waiting=False)
    print(msgspec.json.encode({"items": letters}).decode())
    return 0


async def _show(conn: Any, arguments: argparse.Namespace, home: Home, bus: str) -> int:
    """PHI: prints the message as it came, to an operator who has the keys anyway."""
    found = await _find(conn, arguments.id[0], home)
    if found is None:
        return 1
    letter, payload = found
    print(msgspec.json.encode({"letter": letter, **shown(payload)}).decode())
    return 0


def shown(payload: bytes) -> dict[str, Any]:
    """As it is where it is JSON; what was given up because it is none comes in base64 (RFC 4648)."""
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"payload_base64": b64encode(payload).decode()}
    return {"payload": msgspec.Raw(payload)}


async def _replay(conn: Any, arguments: argparse.Namespace, home: Home, bus: str) -> int:
    ids = arguments.id
    if ids == ["all"]:
        ids = [str(one.id) for one in await store.select_letters(conn, arguments.code, waiting=True)]
    password = (home.secrets / "nats/admin").read_text().strip()
    client = await nats.connect(
        bus,
        user="admin",
        password=password,
        inbox_prefix=subjects.inbox_prefix("admin").encode(),
        allow_reconnect=False,
        max_reconnect_attempts=1,  # who types this is told at once, not after two minutes of tries
        reconnect_time_wait=0.2,
    )
    played, failed = [], []
    try:
        for id in ids:
            found = await _find(conn, id, home)
            if found is None:
                failed.append(id)
                continue
            letter, payload = found
            await client.jetstream().publish(
                subjects.to(subjects.RAW, 0), group_of(letter, payload), timeout=PUBLISH_S
            )
            await store.mark_replayed(conn, letter.id)
            played.append(id)
    finally:
        await client.close()
    print(msgspec.json.encode({"replayed": played, "failed": failed}).decode())
    return 0 if not failed else 1


async def _find(conn: Any, text: str, home: Home) -> tuple[store.Letter, bytes] | None:
    try:
        found = await store.select_letter(conn, UUID(text))
    except ValueError:
        found = None
    if found is None:
        print(f"there is no dead letter {text}", file=sys.stderr)
        return None
    letter, sealed = found
    try:
        payload = open_sealed(
            LocalKeyRing(home.secrets / "keys/keyring.json"),
            sealed,
            table="normalizer.dead_letters",
            column="payload_sealed",
            row=str(letter.id),
            patient=str(letter.patient_id or ""),
        )
    except SealBroken as error:
        print(f"dead letter {text}: {error}", file=sys.stderr)
        return None
    return letter, payload


def group_of(letter: store.Letter, payload: bytes) -> bytes:
    """What goes into INGEST: a group as it was, or one message in a new envelope."""
    if letter.device_connection_id is None:
        return payload
    fields = msgspec.json.decode(payload)
    kind = RawGatt if isinstance(fields, dict) and "characteristic" in fields else RawReading
    item = kind(
        connection_id=letter.device_connection_id,
        received_at=now(),
        source="sync",
        actor_id=ACTOR,
        message=msgspec.Raw(payload),
    )
    return b"[" + msgspec.json.encode(item) + b"]"
