"""Vendor accounts: claimed under a lease, written under its fence."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis.db import Connection as Conn
from proto.words import AccountStatus, Kind

_COLUMNS = (
    "id, patient_id, user_id, vendor, state, state_reason, oauth_tokens_encrypted, token_generation, scopes,"
    " data_kinds, consent_version, connection_id, look_cursor, looked_until, hint_since, next_due_at, wanted, taken,"
    " fence, failures, last_fault, subscribed_at, notified_at, committed_at, created_at, ended_at, emptied"
)
_HAS_WORK = "(state = 'active' OR state = 'revoked' AND oauth_tokens_encrypted IS NOT NULL)"
"""Looked at, or ended and not yet told to the vendor. The index of due accounts has the same words."""


Emptied = dict[str, tuple[datetime, datetime]]
"""Metric → the stretch of time in which the vendor deleted records of it, not yet compared with what it still has."""
_emptied = msgspec.json.Decoder(Emptied).decode


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `tokens` are sealed; an account that has ended keeps them until its vendor was told."""

    id: UUID
    patient_id: UUID
    user_id: UUID
    vendor: str
    state: AccountStatus
    state_reason: str | None
    tokens: bytes | None
    token_generation: int
    scopes: list[str]
    data_kinds: list[Kind]
    consent_version: str | None
    connection_id: UUID | None
    look_cursor: str | None
    looked_until: datetime | None
    hint_since: datetime | None
    next_due_at: datetime
    wanted: int
    taken: int
    fence: int
    failures: int
    last_fault: str | None
    subscribed_at: datetime | None
    notified_at: datetime | None
    committed_at: datetime | None
    created_at: datetime
    ended_at: datetime | None = None
    emptied: Emptied


def _account(record: asyncpg.Record) -> Account:
    values = dict(record)
    values["tokens"] = values.pop("oauth_tokens_encrypted")
    values["emptied"] = _emptied(values["emptied"])
    return Account(**values)


async def insert_account(conn: Conn, account: Account, user_index: str) -> None:
    """Raises `asyncpg.UniqueViolationError` when the vendor's user is connected to somebody else."""
    await conn.execute(
        "INSERT INTO sync.vendor_accounts (id, patient_id, user_id, vendor, state, vendor_user_index,"
        " oauth_tokens_encrypted, scopes, data_kinds, consent_version, connection_id, next_due_at, created_at)"
        " VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, $8, $9, $10, $11, $11)",
        account.id, account.patient_id, account.user_id, account.vendor, user_index, account.tokens,
        account.scopes, account.data_kinds, account.consent_version, account.connection_id, account.created_at,
    )  # fmt: skip


async def update_reconnected(conn: Conn, account: Account, now: datetime) -> None:
    """A grant anew for an account that is there: everything that was learnt of it stays.

    A look that is under way with the old grant loses its lease: what it finds about that grant is no news of this one.
    """
    await conn.execute(
        "UPDATE sync.vendor_accounts SET state = 'active', state_reason = NULL, oauth_tokens_encrypted = $2,"
        " token_generation = token_generation + 1, scopes = $3, data_kinds = $4, consent_version = $5,"
        " connection_id = $6, user_id = $7, failures = 0, last_fault = NULL, next_due_at = $8, wanted = wanted + 1,"
        " subscribed_at = NULL, fence = fence + 1, lease_until = NULL, ended_at = NULL WHERE id = $1",
        account.id, account.tokens, account.scopes, account.data_kinds, account.consent_version,
        account.connection_id, account.user_id, now,
    )  # fmt: skip


async def select_account(conn: Conn, id: UUID, *, lock: bool = False) -> Account | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM sync.vendor_accounts WHERE id = $1{' FOR UPDATE' if lock else ''}", id
    )
    return None if row is None else _account(row)


async def select_of_patient(conn: Conn, patient_id: UUID, vendor: str | None = None) -> list[Account]:
    """Those that have not ended."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM sync.vendor_accounts WHERE patient_id = $1 AND state <> 'revoked'"
        " AND ($2::text IS NULL OR vendor = $2) ORDER BY vendor",
        patient_id,
        vendor,
    )
    return [_account(row) for row in rows]


async def select_by_user(conn: Conn, vendor: str, user_index: str, *, lock: bool = False) -> Account | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM sync.vendor_accounts WHERE vendor = $1 AND vendor_user_index = $2"
        f" AND state <> 'revoked'{' FOR UPDATE' if lock else ''}",
        vendor,
        user_index,
    )
    return None if row is None else _account(row)


async def select_former(conn: Conn, patient_id: UUID, vendor: str, user_index: str) -> UUID | None:
    """The account that this person had before with the same user of the vendor: its history goes on."""
    found: UUID | None = await conn.fetchval(
        "SELECT id FROM sync.vendor_accounts WHERE patient_id = $1 AND vendor = $2 AND vendor_user_index = $3"
        " AND state = 'revoked' ORDER BY created_at LIMIT 1 FOR UPDATE",
        patient_id,
        vendor,
        user_index,
    )
    return found


async def claim(conn: Conn, now: datetime, lease_until: datetime, closed: Sequence[str]) -> Account | None:
    """Takes the account that has been due longest and that nobody has in hand, or None."""
    row = await conn.fetchrow(
        "UPDATE sync.vendor_accounts SET lease_until = $2, leased_at = $1, fence = fence + 1, taken = wanted WHERE id = ("
        f" SELECT id FROM sync.vendor_accounts WHERE {_HAS_WORK} AND next_due_at <= $1"
        " AND (lease_until IS NULL OR lease_until < $1) AND vendor <> ALL($3::text[])"
        " ORDER BY next_due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
        f" RETURNING {_COLUMNS}",
        now,
        lease_until,
        list(closed),
    )
    return None if row is None else _account(row)


async def is_looked_at(conn: Conn, id: UUID, since: datetime, now: datetime) -> bool:
    """Whether a look is under way that began before `since`."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM sync.vendor_accounts WHERE id = $1 AND lease_until >= $3 AND leased_at <= $2)",
        id,
        since,
        now,
    )
    return found


async def next_due(conn: Conn, passed_over: Sequence[str]) -> datetime | None:
    """When the next account is due that nobody has in hand, of the vendors that may be asked."""
    due: datetime | None = await conn.fetchval(
        "SELECT min(greatest(next_due_at, coalesce(lease_until, next_due_at))) FROM sync.vendor_accounts"
        f" WHERE {_HAS_WORK} AND vendor <> ALL($1::text[])",
        list(passed_over),
    )
    return due


async def renew(conn: Conn, id: UUID, fence: int, lease_until: datetime) -> bool:
    """False: the lease ended and somebody else has the account, or it was let go of in this moment: renewed then, it would
    be nobody's for as long as a lease is."""
    done = await conn.execute(
        "UPDATE sync.vendor_accounts SET lease_until = $3 WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL",
        id,
        fence,
        lease_until,
    )
    return str(done).endswith(" 1")


async def release(
    conn: Conn,
    account: Account,
    *,
    due_at: datetime,
    failures: int,
    fault: str | None,
) -> bool:
    """Ends a lease. Who asked meanwhile is not forgotten: then it is due at once. False: the fence has moved on."""
    done = await conn.execute(
        "UPDATE sync.vendor_accounts SET lease_until = NULL, failures = $4, last_fault = $5,"
        " next_due_at = CASE WHEN wanted > $6 AND $4 = 0 THEN least($3, now()) ELSE $3 END"
        " WHERE id = $1 AND fence = $2",
        account.id,
        account.fence,
        due_at,
        failures,
        fault,
        account.taken,
    )
    return str(done).endswith(" 1")


async def update_looked(conn: Conn, account: Account, *, cursor: str | None, until: datetime) -> bool:
    """Moves the cursor. Called only when everything before it is in the stream. False: the fence has moved on.

    A hint stays when anybody asked meanwhile: what was announced while its page was being read may be missing there, and
    of two hints only the older is kept, so that the newer cannot be told from it.
    """
    done = await conn.execute(
        "UPDATE sync.vendor_accounts SET look_cursor = coalesce($3, look_cursor), looked_until = $4,"
        " hint_since = CASE WHEN wanted = $5 THEN NULL ELSE hint_since END"
        " WHERE id = $1 AND fence = $2",
        account.id,
        account.fence,
        cursor,
        until,
        account.taken,
    )
    return str(done).endswith(" 1")


async def mark_due(conn: Conn, id: UUID, now: datetime, since: datetime | None, *, notified: bool) -> None:
    """Somebody wants a look. However many do, it is one; while one is running, it is the next.

    A wait that a vendor asked for is not cut short: then `failures` is not 0.
    """
    await conn.execute(
        "UPDATE sync.vendor_accounts SET wanted = wanted + 1,"
        " next_due_at = CASE WHEN failures = 0 THEN least(next_due_at, $2) ELSE next_due_at END,"
        " hint_since = least(hint_since, $3), notified_at = CASE WHEN $4 THEN $2 ELSE notified_at END WHERE id = $1",
        id,
        now,
        since,
        notified,
    )


async def add_emptied(
    conn: Conn, id: UUID, metrics: frozenset[str], since: datetime, until: datetime
) -> None:
    """One stretch a metric: it grows until a look has compared it."""
    account = await select_account(conn, id, lock=True)
    if account is None:
        return
    grown = {**account.emptied}
    for metric in metrics:
        old = grown.get(metric, (since, until))
        grown[metric] = (min(old[0], since), max(old[1], until))
    text = msgspec.json.encode(grown).decode()
    await conn.execute("UPDATE sync.vendor_accounts SET emptied = $2 WHERE id = $1", id, text)


async def update_compared(conn: Conn, account: Account, compared: Collection[str]) -> None:
    """What was compared is over; when anybody asked meanwhile it is compared again, like a hint."""
    left = {metric: span for metric, span in account.emptied.items() if metric not in compared}
    await conn.execute(
        "UPDATE sync.vendor_accounts SET emptied = $4 WHERE id = $1 AND fence = $2 AND wanted = $3",
        account.id,
        account.fence,
        account.taken,
        msgspec.json.encode(left).decode(),
    )


async def update_tokens(conn: Conn, id: UUID, sealed: bytes, scopes: list[str]) -> None:
    await conn.execute(
        "UPDATE sync.vendor_accounts SET oauth_tokens_encrypted = $2, token_generation = token_generation + 1,"
        " scopes = CASE WHEN cardinality($3::text[]) > 0 THEN $3 ELSE scopes END WHERE id = $1",
        id,
        sealed,
        scopes,
    )


async def update_state(conn: Conn, id: UUID, state: AccountStatus, reason: str | None) -> None:
    """Of an account that goes on, or waits for its person; see `update_ended`."""
    await conn.execute(
        "UPDATE sync.vendor_accounts SET state = $2, state_reason = $3, lease_until = NULL WHERE id = $1",
        id,
        state,
        reason,
    )


async def update_ended(conn: Conn, id: UUID, reason: str, now: datetime, *, is_told: bool) -> None:
    """Nothing is asked for it any more, also not by a look that is under way: it loses its lease, and cannot put off what
    is due now. `is_told`: its vendor has nothing to take back, so the tokens are destroyed."""
    await conn.execute(
        "UPDATE sync.vendor_accounts SET state = 'revoked', state_reason = $2, fence = fence + 1, lease_until = NULL,"
        " ended_at = $3, next_due_at = $3, failures = 0,"
        " oauth_tokens_encrypted = CASE WHEN $4 THEN NULL ELSE oauth_tokens_encrypted END WHERE id = $1",
        id,
        reason,
        now,
        is_told,
    )


async def has_successor(conn: Conn, id: UUID) -> bool:
    """Whether the same user of the vendor is connected anew, by whomever."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM sync.vendor_accounts ended JOIN sync.vendor_accounts other"
        " USING (vendor, vendor_user_index) WHERE ended.id = $1 AND other.state <> 'revoked')",
        id,
    )
    return found


async def forget_tokens(conn: Conn, account: Account) -> None:
    """Unless the person has come back meanwhile: then they are those of another grant."""
    await conn.execute(
        "UPDATE sync.vendor_accounts SET oauth_tokens_encrypted = NULL, lease_until = NULL"
        " WHERE id = $1 AND fence = $2 AND state = 'revoked'",
        account.id,
        account.fence,
    )


async def update_subscribed(conn: Conn, id: UUID, now: datetime | None) -> None:
    await conn.execute("UPDATE sync.vendor_accounts SET subscribed_at = $2 WHERE id = $1", id, now)


async def update_committed(conn: Conn, id: UUID, now: datetime) -> None:
    await conn.execute("UPDATE sync.vendor_accounts SET committed_at = $2 WHERE id = $1", id, now)
