"""All SQL of the registry."""

from typing import Any
from uuid import UUID

import msgspec

from chassis.db import Connection
from services.registry.catalogue import Maker
from services.registry.rows import ModelRow

_MODEL = (
    "SELECT m.id, m.vendor, v.name AS vendor_name, m.model, m.name, m.device_type, m.capabilities, m.pairing_methods,"
    " m.recommended_reason, m.native_required, m.native_reason, m.ble_services, m.decoder, m.quirks, m.docs_url, m.version"
    " FROM registry.device_models m JOIN registry.vendors v ON v.vendor_id = m.vendor"
)


def _row(record: Any) -> ModelRow:
    return ModelRow(**{**dict(record), "quirks": msgspec.json.decode(record["quirks"])})


async def upsert_vendors(conn: Connection, makers: list[Maker]) -> None:
    await conn.execute(
        "INSERT INTO registry.vendors (vendor_id, name, docs_url)"
        " SELECT id, name, nullif(url, '') FROM unnest($1::text[], $2::text[], $3::text[]) AS u(id, name, url)"
        " ON CONFLICT (vendor_id) DO UPDATE SET name = excluded.name, docs_url = excluded.docs_url",
        [maker.vendor_id for maker in makers],
        [maker.name for maker in makers],
        [maker.docs_url for maker in makers],
    )


async def insert_vendor(conn: Connection, vendor_id: str) -> None:
    """A maker that is not in the catalogue is named by its slug."""
    await conn.execute(
        "INSERT INTO registry.vendors (vendor_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        vendor_id,
        vendor_id.replace("_", " ").title(),
    )


async def insert_model(conn: Connection, row: ModelRow, *, in_catalogue: bool) -> bool:
    """False when the vendor has a model of this name already."""
    return bool(
        await conn.fetchval(
            "INSERT INTO registry.device_models (id, vendor, model, name, device_type, capabilities, pairing_methods,"
            " recommended_reason, native_required, native_reason, ble_services, decoder, quirks, docs_url, in_catalogue)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14, $15)"
            " ON CONFLICT DO NOTHING RETURNING true",
            *_values(row),
            in_catalogue,
        )
    )


async def update_model(conn: Connection, row: ModelRow, *, in_catalogue: bool) -> int:
    """Answers the new version. One that an administrator changed is theirs from then on, not the catalogue's."""
    return int(
        await conn.fetchval(
            "UPDATE registry.device_models SET vendor = $2, model = $3, name = $4, device_type = $5, capabilities = $6,"
            " pairing_methods = $7, recommended_reason = $8, native_required = $9, native_reason = $10,"
            " ble_services = $11, decoder = $12, quirks = $13::jsonb, docs_url = $14, in_catalogue = $15,"
            " version = version + 1 WHERE id = $1 RETURNING version",
            *_values(row),
            in_catalogue,
        )
    )


def _values(row: ModelRow) -> tuple[Any, ...]:
    return (
        row.id,
        row.vendor,
        row.model,
        row.name,
        row.device_type,
        row.capabilities,
        row.pairing_methods,
        row.recommended_reason,
        row.native_required,
        row.native_reason,
        row.ble_services,
        row.decoder,
        msgspec.json.encode(row.quirks).decode(),
        row.docs_url,
    )


async def select_all(conn: Connection) -> list[ModelRow]:
    return [_row(record) for record in await conn.fetch(f"{_MODEL} ORDER BY m.id")]


async def select_changed_by_hand(conn: Connection) -> set[UUID]:
    """The models that are an administrator's: added or changed by one."""
    rows = await conn.fetch("SELECT id FROM registry.device_models WHERE NOT in_catalogue")
    return {row["id"] for row in rows}


async def lock_catalogue(conn: Connection) -> None:
    """Two replicas that start at once seed one after the other."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('registry.seed'))")


async def select_model(conn: Connection, id: UUID, *, lock: bool = False) -> ModelRow | None:
    record = await conn.fetchrow(f"{_MODEL} WHERE m.id = $1" + (" FOR UPDATE OF m" if lock else ""), id)
    return _row(record) if record else None


async def select_models(
    conn: Connection,
    *,
    device_type: str | None,
    vendor: str | None,
    pairing_method: str | None,
    q: str | None,
    hidden_vendor: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[ModelRow]:
    """By name; `q` finds words of the name, the model or the maker."""
    name, id = after or (None, None)
    words = [f"%{_escape(word)}%" for word in (q or "").lower().split()]
    records = await conn.fetch(
        f"{_MODEL} WHERE ($1::text IS NULL OR m.device_type = $1) AND ($2::text IS NULL OR m.vendor = $2)"
        " AND ($3::text IS NULL OR $3 = ANY(m.pairing_methods))"
        " AND lower(m.name || ' ' || m.model || ' ' || v.name) LIKE ALL($4::text[])"
        " AND ($5::text IS NULL OR m.vendor <> $5)"
        " AND ($6::text IS NULL OR (m.name, m.id) > ($6, $7)) ORDER BY m.name, m.id LIMIT $8",
        device_type,
        vendor,
        pairing_method,
        words,
        hidden_vendor,
        name,
        id,
        limit,
    )
    return [_row(record) for record in records]


def _escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def select_vendors(
    conn: Connection, *, hidden: str | None, after: str | None, limit: int
) -> list[Maker]:
    records = await conn.fetch(
        "SELECT vendor_id, name, coalesce(docs_url, '') AS docs_url FROM registry.vendors"
        " WHERE ($1::text IS NULL OR vendor_id <> $1) AND ($2::text IS NULL OR vendor_id > $2)"
        " ORDER BY vendor_id LIMIT $3",
        hidden,
        after,
        limit,
    )
    return [Maker(record["vendor_id"], record["name"], record["docs_url"]) for record in records]
