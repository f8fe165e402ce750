"""Where glucose values lay: how many were low, in range and high. Pure."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from proto.glucose import GlucoseBand, GlucoseRanges
from services.normalizer.question import Value

Name = Literal["very_low", "low", "in_range", "high", "very_high"]
NAMES: Final[tuple[Name, ...]] = ("very_low", "low", "in_range", "high", "very_high")
STARTS: Final = (54.0, 70.0)
"""From here on a value is low, and in range."""
ENDS: Final = (180.0, 250.0)
"""Until here a value is in range, and high. As the consensus on time in range has them: Battelino et al., Diabetes Care 2019;42:1593."""
_EDGES: Final = (None, *STARTS, *ENDS, None)


def band_of(value: float) -> Name:
    return NAMES[bisect_right(STARTS, value) + bisect_left(ENDS, value)]


def _bands(values: Iterable[Value]) -> Iterator[Name]:
    """A sensor's LOW and HIGH count where they are, whatever number stands beside them."""
    for _, value, marker in values:
        if marker == "low":
            yield "very_low"
        elif marker == "high":
            yield "very_high"
        elif value is not None:
            yield band_of(value)


def glucose_ranges(values: Iterable[Value]) -> GlucoseRanges:
    found = Counter(_bands(values))
    total = found.total()
    bands = [
        GlucoseBand(
            name=name,
            low=_EDGES[place],
            high=_EDGES[place + 1],
            count=found[name],
            share_pct=100 * found[name] / total if total else 0.0,
        )
        for place, name in enumerate(NAMES)
    ]
    return GlucoseRanges(count=total, bands=bands)
