"""Brings the catalogue into the database at start: what is new or changed, and nothing else. May run any number of times."""

from collections.abc import Collection

import msgspec

from chassis.db import Tx
from chassis.log import Log
from proto import subjects
from services.registry import store
from services.registry.domain import catalogue, makers, row_of, same_content, state_of
from services.registry.rows import ModelRow

log = Log("registry")


async def seed(tx: Tx, *, development: bool, enabled: Collection[str] = ()) -> int:
    """Answers how many rows were written. Models that an administrator added or changed are left alone."""
    await store.lock_catalogue(tx.conn)
    known_makers = makers(development=development, enabled=enabled)
    await store.upsert_vendors(tx.conn, list(known_makers))
    urls = {maker.vendor_id: maker.docs_url for maker in known_makers}
    stored = {row.id: row for row in await store.select_all(tx.conn)}
    by_hand = await store.select_changed_by_hand(tx.conn)
    written = 0
    for model in catalogue(development=development, enabled=enabled):
        row = row_of(model, urls[model.vendor_id])
        old = stored.get(row.id)
        if old is not None and (old.id in by_hand or same_content(old, row)):
            continue
        if old is not None:
            row = msgspec.structs.replace(
                row, version=await store.update_model(tx.conn, row, in_catalogue=True)
            )
        elif not await store.insert_model(tx.conn, row, in_catalogue=True):
            # An administrator added it first, under an id that connections may already name: theirs stays.
            log.warning("model_known_by_another_id", model_id=row.id, vendor=row.vendor)
            continue
        say_model(tx, row, development=development)
        written += 1
    return written


def say_model(tx: Tx, row: ModelRow, *, development: bool) -> None:
    tx.emit(subjects.kv_subject("models", str(row.id)), state_of(row, development=development))
