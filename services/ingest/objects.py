"""Do the object URLs in a reading name verified uploads of its own device?"""

from chassis.db import Database
from services.ingest import store
from services.ingest.domain import Accepted, Refusal


class Objects:
    """Rare, so it asks the database; the answer for a verified object never changes, so it is remembered."""

    def __init__(self, db: Database, limit: int = 10_000) -> None:
        self._db = db
        self._verified: set[tuple[str, str]] = set()
        self._limit = limit

    async def check(self, item: Accepted) -> Accepted | Refusal:
        for field, url in item.objects:
            key = (str(item.connection.id), url)
            if key in self._verified:
                continue
            async with self._db.acquire() as conn:
                if not await store.is_verified_object(conn, item.connection.id, url):
                    return Refusal(
                        code="unknown_object", field=field, connection=item.connection, event_id=item.event_id
                    )
            if len(self._verified) >= self._limit:
                self._verified.clear()
            self._verified.add(key)
        return item
