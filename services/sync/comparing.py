"""Finds what a vendor no longer has, where it says only when something was deleted: what its pages still hold of that time
is kept, and the rest is taken back."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from proto.metrics import KIND_OF
from proto.vendors.building import PART
from proto.vendors.client import Ask
from proto.vendors.normalized import Normalized

KEPT_MAX = 500
"""Names in one removal: a long stretch of many readings becomes several."""


class Removal(NamedTuple):
    """All that is left of a metric in `[since, until)` is `kept`."""

    metric: str
    since: datetime
    until: datetime
    kept: list[str]


class Comparison:
    """One look's. Judges only what was asked for: not a kind without consent, and not before or after the question."""

    def __init__(self, emptied: Mapping[str, tuple[datetime, datetime]], ask: Ask) -> None:
        until = ask.until.replace(microsecond=0)  # vendors take whole seconds
        # With a cursor the pages are what changed, not what is there.
        asked = {} if ask.cursor is not None else emptied
        self._spans = {
            metric: (max(span[0], ask.since), min(span[1], until))
            for metric, span in asked.items()
            if KIND_OF[metric] in ask.kinds
        }
        self._kept: dict[str, list[tuple[datetime, str]]] = {metric: [] for metric in self._spans}
        self.asked_at = ask.until

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(self._spans)

    def see(self, page: Normalized) -> None:
        for metric, (since, until) in self._spans.items():
            self._kept[metric] += [
                (reading.timestamp, reading.meta["vendor_record_id"].split(PART)[0])
                for reading in page.readings
                if metric in reading.readings and since <= reading.timestamp < until
            ]

    def removals(self) -> Iterator[Removal]:
        """Call when every page was seen."""
        for metric, (since, until) in self._spans.items():
            kept = sorted(self._kept[metric])
            while len(kept) > KEPT_MAX:
                # The next stretch begins with the time of the first that does not fit: equal times stay together.
                border = kept[KEPT_MAX][0]
                here = [one for one in kept if one[0] < border]
                if not here:
                    break
                yield Removal(metric, since, border, [id for _, id in here])
                kept, since = kept[len(here) :], border
            if since < until:
                yield Removal(metric, since, until, [id for _, id in kept])
