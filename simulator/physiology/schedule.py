"""When instruments measure: rows of the day's habits, all in local time. Pure."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from simulator.physiology.body import Body, later, meals, missed, moment, night, workout
from simulator.physiology.noise import uniform

Schedule = Callable[[Body, datetime, datetime], Iterator[datetime]]
"""The moments of a schedule from `start` (included) to `until` (excluded), in order."""


def every(minutes: int) -> Schedule:
    """On the clock: multiples of so many minutes."""
    step = minutes * 60

    def moments(body: Body, start: datetime, until: datetime) -> Iterator[datetime]:
        second = -(-int(start.timestamp()) // step) * step
        while second < until.timestamp():
            yield datetime.fromtimestamp(second, UTC)
            second += step

    return moments


def daily(name: str, plan: Callable[[Body, date], list[datetime]], adherence: float = 1.0) -> Schedule:
    """A plan for each local day; with adherence below 1 some are forgotten."""

    def moments(body: Body, start: datetime, until: datetime) -> Iterator[datetime]:
        day = start.astimezone(body.zone).date() - timedelta(days=1)
        last = until.astimezone(body.zone).date() + timedelta(days=1)
        while day <= last:
            for index, at in enumerate(sorted(plan(body, day))):
                if start <= at < until and not missed(body, name, day.toordinal() * 16 + index, adherence):
                    yield at
            day += timedelta(days=1)

    return moments


def _jitter(body: Body, name: str, day: date, spread: float) -> float:
    return (uniform(body.seed, f"habit:{name}", day.toordinal()) - 0.5) * 2 * spread


def after_waking(name: str, minutes: float, spread: float = 12) -> Callable[[Body, date], list[datetime]]:
    return lambda body, day: [later(night(body, day).end, minutes + _jitter(body, name, day, spread))]


def at_hours(name: str, *hours: float, spread: float = 0.5) -> Callable[[Body, date], list[datetime]]:
    def plan(body: Body, day: date) -> list[datetime]:
        return [moment(body, day, hour + _jitter(body, f"{name}{hour}", day, spread)) for hour in hours]

    return plan


def morning_and_evening(name: str) -> Callable[[Body, date], list[datetime]]:
    """Before breakfast and in the evening, as home blood pressure is taken (ESH 2023)."""
    morning, evening = after_waking(f"{name}-am", 25), at_hours(f"{name}-pm", 20.5)
    return lambda body, day: [*morning(body, day), *evening(body, day)]


def around_meals(body: Body, day: date) -> list[datetime]:
    """Four strips a day: fasting, two hours after lunch, before dinner, at bedtime."""
    named = {meal.name: meal.at for meal in meals(body, day)}
    plan = [*after_waking("strip", 15)(body, day), *at_hours("strip-night", 22.0)(body, day)]
    if "lunch" in named:
        plan.append(later(named["lunch"], 120))
    if "dinner" in named:
        plan.append(later(named["dinner"], -12))
    return plan


def while_training(body: Body, day: date) -> list[datetime]:
    """Each minute of the session."""
    session = workout(body, day)
    if session is None:
        return []
    length = int((session.end - session.start).total_seconds() // 60)
    return [later(session.start, minute) for minute in range(length + 5)]


def through_the_night(body: Body, day: date) -> list[datetime]:
    """Each half hour of the night that ends on this day."""
    tonight = night(body, day)
    length = int((tonight.end - tonight.start).total_seconds() // 1800)
    return [later(tonight.start, 30 * step) for step in range(1, length)]


def once_a_week(name: str) -> Callable[[Body, date], list[datetime]]:
    plan = after_waking(name, 180)
    return lambda body, day: plan(body, day) if (day.toordinal() + body.seed) % 7 == 0 else []
