"""Holds what the platform has and says against a tally: every table row, and every answer of the public API."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from proto.metrics import BY_NAME, METRICS
from simulator.physiology import Sample
from tests.e2e.driver import Caller
from tests.load.tally import Bucket, Point, Tally, alike, day_in, hour, minute, tally_of

Conn = Any
"""asyncpg's types tell a pool's connection from a plain one; here they are the same."""
NAMES: Final = {metric.id: metric.name for metric in METRICS}
PAGE: Final = 100
BEFORE: Final = timedelta(days=2)
"""A night is stamped with its start, which may lie before the day's own."""


@dataclass
class Differences:
    """How many comparisons were made, and a sentence for each that did not hold."""

    compared: int = 0
    found: list[str] = field(default_factory=list)

    def equal(self, what: str, expected: Any, got: Any) -> None:
        self.expect(expected == got, f"{what}: expected {expected}, got {got}")

    def expect(self, holds: bool, otherwise: str) -> None:
        self.compared += 1
        if not holds:
            self.found.append(otherwise)

    def readings(self, what: str, expected: list[Sample], got: list[Sample]) -> None:
        """Each once, whole, in any order."""
        self.equal(f"{what} readings", len(expected), len(got))
        wanted, there = Counter(map(_text, expected)), Counter(map(_text, got))
        self.compared += len(wanted)
        self.found += [f"{what} reading is missing: {text}" for text in (wanted - there).elements()]
        self.found += [f"{what} reading was not sent: {text}" for text in (there - wanted).elements()]

    def points(self, what: str, expected: dict[datetime, Point], got: dict[datetime, Point]) -> None:
        for moment in sorted(expected.keys() | got.keys()):
            one, other = expected.get(moment), got.get(moment)
            self.expect(
                one is not None and other is not None and one.same_as(other),
                f"{what} {moment:%Y-%m-%dT%H:%MZ}: expected {one}, got {other}",
            )


async def stored(
    conn: Conn, who: str, connection_id: str, samples: list[Sample], tally: Tally, differences: Differences
) -> None:
    """All readings and hours of one connection, read past all services."""
    rows = await conn.fetch(
        "SELECT ts, readings, meta FROM normalizer.device_data WHERE device_connection_id = $1", connection_id
    )
    differences.readings(
        f"{who} stored",
        samples,
        [
            Sample(row["ts"], msgspec.json.decode(row["readings"]), msgspec.json.decode(row["meta"]))
            for row in rows
        ],
    )
    kept: dict[str, dict[datetime, Point]] = {}
    for row in await conn.fetch(
        "SELECT metric, t, min, max, sum, n, low, high FROM normalizer.data_rollups WHERE device_connection_id = $1",
        connection_id,
    ):
        point = Point(row["min"], row["max"], row["sum"], row["n"], row["low"], row["high"])
        kept.setdefault(NAMES.get(row["metric"], str(row["metric"])), {})[row["t"]] = point
    for metric in sorted(tally.points.keys() | kept.keys()):
        differences.points(
            f"{who} stored hour of {metric}", tally.points.get(metric, {}), kept.get(metric, {})
        )


class Answers:
    """What the platform answers one patient."""

    def __init__(self, who: str, caller: Caller, differences: Differences) -> None:
        self.who = who
        self._caller = caller
        self._differences = differences

    async def latest(self, connection_id: str, tally: Tally) -> None:
        found = (await self._caller.get(f"/api/v1/device-data/{connection_id}/latest"))["latest"]
        self._compare_latest("latest", {connection_id: tally}, found)

    async def raw(self, connection_id: str, samples: list[Sample]) -> None:
        """Every reading once, as it was sent, newest first; and the newest values are those of the readings they name."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self._caller.get(
                f"/api/v1/device-data/{connection_id}", resolution="raw", limit=PAGE, **cursor
            )
            items += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        listed = [
            Sample(datetime.fromisoformat(item["timestamp"]), item["readings"], item["meta"])
            for item in items
        ]
        times = [each.timestamp for each in listed]
        self._differences.expect(
            times == sorted(times, reverse=True), f"{self.who}: raw readings are not newest first"
        )
        self._differences.readings(f"{self.who} listed", samples, listed)
        latest = (await self._caller.get(f"/api/v1/device-data/{connection_id}/latest"))["latest"]
        by_id = {item["id"]: item for item in items}
        for name, value in latest.items():
            item = by_id.get(value["id"], {"timestamp": None, "readings": {}})
            self._differences.equal(
                f"{self.who} reading behind the latest {name}",
                (value["timestamp"], value["value"]),
                (item["timestamp"], item["readings"].get(name)),
            )

    async def points(self, path: str, samples: list[Sample], zone: ZoneInfo, until: datetime) -> None:
        """Minutes, hours and local days of every metric that has numbers."""
        span = {"from": (until - timedelta(days=1) - BEFORE).isoformat(), "to": until.isoformat()}
        buckets: dict[str, Bucket] = {"1m": minute, "1h": hour, "1d": day_in(zone)}
        for resolution, bucket in buckets.items():
            for metric, expected in tally_of(samples, bucket).points.items():
                if not BY_NAME[metric].rollup:
                    continue
                what = f"{self.who} {resolution} of {metric}"
                answer = await self._caller.get(path, metric=metric, resolution=resolution, **span)
                self._differences.equal(f"{what}: resolution", resolution, answer["resolution"])
                got = {datetime.fromisoformat(point["t"]): point for point in answer["points"]}
                self._differences.points(what, expected, {t: _point(point) for t, point in got.items()})
                for t in expected.keys() & got.keys():
                    self._differences.expect(
                        alike(expected[t].mean, got[t]["mean"]), f"{what} {t}: mean {got[t]['mean']}"
                    )

    async def summary(self, patient_id: str, devices: dict[str, list[Sample]]) -> None:
        """Across all devices of the patient."""
        before = datetime.now(UTC)
        found = await self._caller.get(f"/api/v1/patients/{patient_id}/summary")
        after = datetime.now(UTC)
        tallies = {connection_id: tally_of(samples) for connection_id, samples in devices.items()}
        newest = self._compare_latest("summary", tallies, found["latest"])
        told = found["last_reading_at"]
        self._differences.equal(
            f"{self.who} last reading", newest, None if told is None else datetime.fromisoformat(told)
        )
        times = [sample.timestamp for samples in devices.values() for sample in samples]
        day = timedelta(hours=24)
        # The question was answered at some moment between the two.
        at_least = sum(after - day <= at < before for at in times)
        at_most = sum(before - day <= at < after for at in times)
        self._differences.expect(
            at_least <= found["readings_24h"] <= at_most,
            f"{self.who} readings of 24 h: expected {at_least}–{at_most}, got {found['readings_24h']}",
        )

    def _compare_latest(
        self, where: str, tallies: dict[str, Tally], found: dict[str, Any]
    ) -> datetime | None:
        """The newest of each name over the devices. Answers the newest moment of all."""
        names = {name for tally in tallies.values() for name in tally.newest}
        self._differences.equal(f"{self.who} names in {where}", names, set(found))
        moments = []
        for name in sorted(names & set(found)):
            told = [(key, tally.newest[name]) for key, tally in tallies.items() if name in tally.newest]
            at = max(newest.at for _, newest in told)
            moments.append(at)
            wanted = [(at, key, value) for key, newest in told if newest.at == at for value in newest.values]
            value = found[name]
            got = (datetime.fromisoformat(value["timestamp"]), value["device_connection_id"], value["value"])
            self._differences.expect(
                got in wanted, f"{self.who} {where} {name}: expected one of {wanted}, got {got}"
            )
        return max(moments, default=None)


def _point(told: dict[str, Any]) -> Point:
    total = None if told["mean"] is None else told["mean"] * told["count"]
    return Point(told["min"], told["max"], total, told["count"], told.get("low", 0), told.get("high", 0))


def _text(sample: Sample) -> str:
    """The same for the same content, whatever the order of names."""
    return msgspec.json.encode(sample, order="deterministic").decode()
