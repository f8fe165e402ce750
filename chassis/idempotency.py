"""`Idempotency-Key` on POSTs that create: the same key and body get the same answer, another body a 409.

Every service that creates makes the table in its first migration:
`idempotency(principal text, path text, key text, body_sha256 text NOT NULL, status int, body bytea,
at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (principal, path, key))`. Kept 24 h (`forget_old`).
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Protocol

import msgspec
from litestar import Request, Response

from chassis.auth import Principal
from chassis.db import Database, Tx
from proto.errors import Refused

HEADER = "idempotency-key"


class Sealing(Protocol):
    """Closes an answer before it is kept and opens it again; `path` is the request's."""

    def seal(self, answer: bytes, path: str) -> bytes: ...
    def open(self, kept: bytes, path: str) -> bytes: ...


async def once(
    db: Database,
    request: "Request[Any, Any, Any]",
    principal: Principal,
    work: Callable[[Tx], Awaitable[Any]],
    *,
    status: int = 201,
    sealing: Sealing | None = None,
) -> Response[Any]:
    """Runs `work` in one transaction and answers its result; with a key, at most once.

    `sealing` is needed for an answer that holds a secret: it rests for a day.
    The key's row is inserted first and locks out a concurrent twin, so the second waits and is then replayed.
    A refusal rolls everything back, the key included: it may be tried again.
    """
    key = request.headers.get(HEADER)
    if not key:
        async with db.transaction(request.method) as tx:
            return Response(await work(tx), status_code=status)
    if len(key) > 200:
        raise Refused("wrong_type", field="Idempotency-Key")
    who, path = str(principal.user_id), request.scope["path"]
    body_sha256 = sha256(await request.body()).hexdigest()
    table = f"{db.schema}.idempotency"
    async with db.transaction(request.method) as tx:
        fresh = await tx.conn.fetchval(
            f"INSERT INTO {table} (principal, path, key, body_sha256) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING RETURNING true",
            who, path, key, body_sha256,
        )  # fmt: skip
        if not fresh:
            row = await tx.conn.fetchrow(
                f"SELECT body_sha256, status, body FROM {table} WHERE principal = $1 AND path = $2 AND key = $3",
                who, path, key,
            )  # fmt: skip
            if row is None or row["body_sha256"] != body_sha256:
                raise Refused("idempotency_mismatch")
            kept = bytes(row["body"])
            return Response(
                sealing.open(kept, path) if sealing else kept,
                status_code=row["status"],
                media_type="application/json",
                headers={"Idempotency-Replayed": "true"},
            )
        answer = msgspec.json.encode(await work(tx))
        await tx.conn.execute(
            f"UPDATE {table} SET status = $4, body = $5 WHERE principal = $1 AND path = $2 AND key = $3",
            who, path, key, status, sealing.seal(answer, path) if sealing else answer,
        )  # fmt: skip
    return Response(answer, status_code=status, media_type="application/json")


async def forget_old(db: Database) -> None:
    """A job of every service that has the table: keys live 24 h."""
    async with db.transaction("idempotency_forget") as tx:
        await tx.conn.execute(f"DELETE FROM {db.schema}.idempotency WHERE at < now() - interval '24 hours'")
