"""Which timestamp does a reading get? The device's own clock where it can be believed, the moment of receipt otherwise.

Naive local time of the patient's zone becomes UTC with `fold=0`: the first of two autumn hours, and in the spring gap
the offset from before the jump.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

Quality = Literal["device", "receipt", "corrected", "implausible_clock", "future_clock", "fault"]

DRIFT: Final = timedelta(seconds=60)
"""A smaller drift is left alone."""
AHEAD: Final = timedelta(seconds=300)
FIRST_PLAUSIBLE_YEAR: Final = 2015
"""Meters fall back to 2000–2013 when their battery is changed."""


class Resolved(NamedTuple):
    timestamp: datetime
    source: Literal["device", "receipt"]
    quality: Quality


def resolve(
    device_time: str | None,
    time_status: str,
    received_at: datetime,
    zone: ZoneInfo,
    device_now: str | None = None,
) -> Resolved:
    """`device_time`, `device_now`: naive ISO times of the device's clock (`…Z`: the device knows UTC);
    `device_now` is what its clock said at `received_at`. The sender writes it, so one that is no naive time counts as
    not given: this never raises for it."""
    if device_time is None or time_status not in ("ok", "fault"):
        return Resolved(received_at, "receipt", "receipt")
    corrected = False
    try:
        if device_time.endswith("Z"):
            instant = datetime.fromisoformat(device_time)
        else:
            local = datetime.fromisoformat(device_time)
            now = naive_time(device_now)
            if now is not None:
                drift = now - received_at.astimezone(zone).replace(tzinfo=None)
                if abs(drift) > DRIFT:
                    local, corrected = local - drift, True
            elif local.year < FIRST_PLAUSIBLE_YEAR:
                return Resolved(received_at, "receipt", "implausible_clock")
            instant = local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        return Resolved(received_at, "receipt", "implausible_clock")
    if instant - received_at > AHEAD:
        return Resolved(received_at, "receipt", "future_clock")
    if corrected:
        return Resolved(instant, "device", "corrected")
    return Resolved(instant, "device", "fault" if time_status == "fault" else "device")


def resolve_record(session_start: datetime, offset_min: int, received_at: datetime) -> Resolved:
    """Of a CGM record: `offset_min` minutes after its session began. A session that cannot be right is not believed."""
    after = timedelta(minutes=offset_min)
    if session_start.year < FIRST_PLAUSIBLE_YEAR:
        return Resolved(received_at, "receipt", "implausible_clock")
    if session_start - received_at > AHEAD - after:  # compared before it is added up: the calendar ends
        return Resolved(received_at, "receipt", "future_clock")
    return Resolved(session_start + after, "device", "device")


def naive_time(text: str | None) -> datetime | None:
    """A naive ISO time, or None for anything else."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is None else None
