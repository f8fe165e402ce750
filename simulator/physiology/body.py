"""A virtual body, made from a seed: its constants, and what its day looks like. Pure; knows no device."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from simulator.physiology.noise import dice, uniform
from simulator.physiology.parameters import MAX_HEART_RATE, PEOPLE

Sex = Literal["female", "male"]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The constants of one person. `zone` is where they live: their day follows local time."""

    seed: int
    zone: ZoneInfo
    sex: Sex
    age: float
    height_m: float
    weight_kg: float
    systolic: float
    diastolic: float
    resting_hr: float
    rmssd_ms: float
    sdnn_ms: float
    fasting_mg_dl: float
    spo2_pct: float
    temperature_c: float
    respiratory_rate: float
    steps_a_day: float
    sleep_h: float
    bedtime_h: float

    @property
    def max_hr(self) -> float:
        start, slope = MAX_HEART_RATE
        return start - slope * self.age


class Meal(NamedTuple):
    at: datetime
    size: float
    """1 = an ordinary lunch."""
    name: str


class Workout(NamedTuple):
    start: datetime
    end: datetime
    intensity: float
    """0–1 of the way from resting to maximal heart rate."""


class Night(NamedTuple):
    start: datetime
    end: datetime


@lru_cache(maxsize=1024)
def body_of(seed: int, zone: str = "UTC") -> Body:
    """The body that belongs to a seed. Raises `ZoneInfoNotFoundError` for an unknown zone."""
    rng = dice(seed, "body", 0)
    sex: Sex = "female" if rng.random() < 0.5 else "male"

    def draw(name: str) -> float:
        row = PEOPLE[name]
        return min(row.high, max(row.low, rng.gauss(row.mean, row.sd)))

    height = draw(f"height_m.{sex}")
    systolic = draw("systolic")
    return Body(
        seed=seed,
        zone=ZoneInfo(zone),
        sex=sex,
        age=draw("age"),
        height_m=round(height, 2),
        weight_kg=draw("bmi") * height * height,
        systolic=systolic,
        diastolic=min(draw("diastolic"), systolic - 32),
        resting_hr=draw("resting_hr"),
        rmssd_ms=draw("rmssd_ms"),
        sdnn_ms=draw("sdnn_ms"),
        fasting_mg_dl=draw("fasting_mg_dl"),
        spo2_pct=draw("spo2_pct"),
        temperature_c=draw("temperature_c"),
        respiratory_rate=draw("respiratory_rate"),
        steps_a_day=draw("steps_a_day"),
        sleep_h=draw("sleep_h"),
        bedtime_h=draw("bedtime_h"),
    )


def local(body: Body, at: datetime) -> datetime:
    return at.astimezone(body.zone)


def hour_of(body: Body, at: datetime) -> float:
    """The local hour of the day, 0–24, with fractions."""
    here = local(body, at)
    return here.hour + here.minute / 60 + here.second / 3600


def moment(body: Body, day: date, hour: float) -> datetime:
    """A local wall-clock hour of a day, as an instant; hours beyond 24 belong to the next morning."""
    wall = datetime.combine(day, time()) + timedelta(seconds=round(hour * 3600))
    return wall.replace(tzinfo=body.zone).astimezone(UTC)


_MEALS = (("breakfast", 7.6, 0.5, 0.85, 0.97), ("lunch", 12.6, 0.6, 1.0, 0.97), ("dinner", 18.8, 0.8, 1.15, 0.98),
          ("snack", 15.8, 1.0, 0.4, 0.45))  # fmt: skip
"""Name, usual hour, how far it moves, size, how often it happens."""


@lru_cache(maxsize=4096)
def meals(body: Body, day: date) -> tuple[Meal, ...]:
    rng = dice(body.seed, "meals", day.toordinal())
    found = []
    for name, hour, spread, size, chance in _MEALS:
        shift, amount, happens = rng.uniform(-spread, spread), rng.uniform(0.7, 1.3), rng.random()
        if happens < chance:
            found.append(Meal(moment(body, day, hour + shift), size * amount, name))
    return tuple(found)


@lru_cache(maxsize=4096)
def workout(body: Body, day: date) -> Workout | None:
    """On about four days a week, for half an hour or more in the late afternoon (WHO: 150 minutes a week)."""
    rng = dice(body.seed, "workout", day.toordinal())
    chance, hour, minutes, intensity = (
        rng.random(),
        rng.uniform(16.7, 18.2),
        rng.uniform(28, 48),
        rng.uniform(0.4, 0.7),
    )
    if chance > 4 / 7:
        return None
    start = moment(body, day, hour)
    return Workout(start, later(start, minutes), intensity)


@lru_cache(maxsize=4096)
def night(body: Body, day: date) -> Night:
    """The night that ends on this day. Its length is in real hours, also when clocks change."""
    before = day - timedelta(days=1)
    rng = dice(body.seed, "night", day.toordinal())
    start = moment(body, before, body.bedtime_h + rng.uniform(-0.6, 0.6))
    return Night(start, later(start, 60 * max(4.5, body.sleep_h + rng.uniform(-0.8, 0.8))))


def later(at: datetime, minutes: float) -> datetime:
    """Whole seconds later. In UTC: arithmetic on local times would count minutes of the wall clock."""
    return at.astimezone(UTC) + timedelta(seconds=round(minutes * 60))


def asleep(body: Body, at: datetime) -> bool:
    today = local(body, at).date()
    return any(
        tonight.start <= at < tonight.end
        for tonight in (night(body, today), night(body, today + timedelta(days=1)))
    )


def exertion(body: Body, at: datetime) -> float:
    """0 at rest to 1 at the limit: a warm-up, the session, and a quarter of an hour to recover."""
    session = workout(body, local(body, at).date())
    if session is None:
        return 0.0
    since = (at - session.start).total_seconds() / 60
    length = (session.end - session.start).total_seconds() / 60
    if since < 0 or since > length + 20:
        return 0.0
    if since < 5:
        return session.intensity * since / 5
    if since <= length:
        return session.intensity
    return float(session.intensity * 0.5 ** ((since - length) / 4))


def missed(body: Body, name: str, index: int, adherence: float) -> bool:
    """Whether this scheduled measurement was forgotten."""
    return uniform(body.seed, f"missed:{name}", index) > adherence
