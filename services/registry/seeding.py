"""Brings the catalogue into the database at start: what is new or changed, and nothing else. May run any number of times."""

import msgspec

from chassis.db import Tx
from proto import subjects
from services.registry import store
from services.registry.domain import makers, offered, row_of, same_content, state_of
from services.registry.rows import ModelRow


async def seed(tx: Tx, env: str) -> int:
    """Answers how many rows were written. Models that an administrator added are left alone."""
    await store.lock_catalogue(tx.conn)
    known_makers = makers(env)
    await store.upsert_vendors(tx.conn, list(known_makers))
    urls = {maker.vendor_id: maker.docs_url for maker in known_makers}
    stored = {row.id: row for row in await store.select_all(tx.conn)}
    written = 0
    for model in offered(env):
        row = row_of(model, urls[model.vendor_id])
        old = stored.get(row.id)
        if old is not None and same_content(old, row):
            continue
        if old is None:
            await store.insert_model(tx.conn, row, in_catalogue=True)
        else:
            row = msgspec.structs.replace(row, version=await store.update_model(tx.conn, row))
        say_model(tx, row)
        written += 1
    return written


def say_model(tx: Tx, row: ModelRow) -> None:
    tx.emit(subjects.kv_subject("models", str(row.id)), state_of(row))
