"""What is asked of the record once it was checked."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from proto.metrics import Metric
from services.normalizer.matching import Source
from services.normalizer.resolution import Concrete

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Also lists what came with an impossible clock."""
END: Final = datetime(2200, 1, 1, tzinfo=UTC)

Value = tuple[datetime, float | None, str | None]
"""Time, number and glucose marker of one reading of a metric."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A checked query. `names`: the reading names that the reader may see, narrowed to the metric when there is one.

    `sources`: across these the same measurement is told once. `is_device`: one alone, told as it is; its amounts are added
    up as those of several. `as_of`: as known then.
    """

    connection_ids: list[UUID]
    visible: frozenset[str]
    names: list[str]
    metric: Metric | None
    since: datetime | None
    until: datetime | None
    resolution: Concrete
    limit: int
    cursor: str | None
    zone: ZoneInfo
    now: datetime
    sources: list[Source]
    is_device: bool
    as_of: datetime | None = None
