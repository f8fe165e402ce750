"""Compares the books: the ledger with the database, the hours with their rows, and what was shown with what was said."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import msgspec
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from proto import subjects
from proto.metrics import BY_NAME, METRICS
from proto.raw import RawBatch, RawDeletion, RawEmptied
from tests.faults.ledger import Ledger, Reading
from tests.support.system import System

QUIET_S: Final = 30.0
ROLLED: Final = [metric for metric in METRICS if metric.rollup]
GLUCOSE: Final = BY_NAME["glucose_mg_dL"]
MARKED: Final = "readings ? 'glucose_out_of_range'"


@dataclass
class Findings:
    """Everything that must be empty or zero, and the figures that are told."""

    lost: set[Reading] = field(default_factory=set)
    doubled: set[Reading] = field(default_factory=set)
    invented: set[Reading] = field(default_factory=set)
    rejected: list[tuple[Reading, str]] = field(default_factory=list)
    hours_wrong: list[str] = field(default_factory=list)
    shown_wrong: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        told = [
            f"{len(found)} {name}"
            for name, found in (
                ("lost", self.lost),
                ("doubled", self.doubled),
                ("invented", self.invented),
                ("rejected", self.rejected),
            )
            if found
        ]
        told += [hours_text(self.hours_wrong)] if self.hours_wrong else []
        return told + self.shown_wrong + self.stuck


class Books:
    """The system's own side, read past all of its services: tables, streams and consumers."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._first_event = 0

    async def open(self) -> None:
        """Notes where EVENTS stands: what is said from now on is compared with what is shown."""
        async with Nats(self._system) as js:
            self._first_event = (await js.stream_info("EVENTS")).state.last_seq + 1

    async def compare(self, ledger: Ledger) -> Findings:
        findings = Findings(rejected=ledger.rejected)
        findings.stuck = await self._stuck()
        conn = await asyncpg.connect(self._system.endpoints["postgres"])
        try:
            stored = await _stored(conn, ledger)
            findings.lost = set(ledger.acknowledged) - set(stored)
            findings.doubled = {reading for reading, count in stored.items() if count > 1}
            findings.invented = set(stored) - set(ledger.handed)
            findings.hours_wrong = await hours_wrong(conn, {device for device, _ in ledger.handed})
        finally:
            await conn.close()
        if ledger.sights:
            findings.shown_wrong = await self._shown_wrong(ledger)
        return findings

    async def brought_by_hubs(self, first: int) -> tuple[Counter[str], int]:
        """How often each event id of a hub is in INGEST from `first` on, and the sequence that comes next."""
        found: Counter[str] = Counter()
        async with Nats(self._system) as js:
            state = (await js.stream_info("INGEST")).state
            # What is purged before it was read would be missed: the janitor leaves a day of what is acknowledged.
            assert first >= state.first_seq, "INGEST was purged"
            if state.last_seq < first:
                return found, first
            every = await js.subscribe(
                f"{subjects.RAW}.*",
                stream="INGEST",
                ordered_consumer=True,
                config=ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=first),
            )
            while True:
                message = await every.next_msg(5)
                for item in msgspec.json.decode(message.data, type=RawBatch):
                    if not isinstance(item, RawDeletion | RawEmptied) and item.hub_id is not None:
                        found[msgspec.json.decode(item.message)["event_id"]] += 1
                if message.metadata.sequence.stream >= state.last_seq:
                    return found, state.last_seq + 1

    async def _shown_wrong(self, ledger: Ledger) -> list[str]:
        """Each client must have seen exactly what was said of its patient, in that order."""
        said = await self._said()
        wrong = []
        for sight in ledger.sights:
            expected = said.get(sight.patient_id, [])
            who = f"{sight.name} of patient {sight.patient_id[:8]}"
            if sight.gaps:
                wrong.append(f"{who}: {sight.gaps} gaps")
            if sight.ids != expected:
                missing, more = Counter(expected) - Counter(sight.ids), Counter(sight.ids) - Counter(expected)
                how = (
                    f"{missing.total()} missing, {more.total()} too many"
                    if missing or more
                    else "another order"
                )
                wrong.append(f"{who}: {how} of {len(expected)}")
        return wrong

    async def _said(self) -> dict[str, list[str]]:
        """Ids of recorded readings by patient, in the order of EVENTS."""
        said: dict[str, list[str]] = {}
        async with Nats(self._system) as js:
            try:
                last = (await js.stream_info("EVENTS")).state.last_seq
            except NotFoundError:  # then nothing that was shown can be found
                return said
            if last < self._first_event:
                return said
            every = await js.subscribe(
                f"{subjects.OBSERVATIONS_RECORDED}.*",
                stream="EVENTS",
                ordered_consumer=True,
                config=ConsumerConfig(
                    deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._first_event
                ),
            )
            while True:
                try:
                    message = await every.next_msg(2)
                except NatsTimeout:
                    break
                event = msgspec.json.decode(message.data)
                said.setdefault(event["patient_id"], []).extend(each["id"] for each in event["readings"])
                if message.metadata.num_pending == 0:
                    break
        return said

    async def _stuck(self) -> list[str]:
        """What is still under way after everything had time to come through."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUIET_S
        while found := await self._under_way():
            if loop.time() > deadline:
                return found
            await asyncio.sleep(0.2)
        return []

    async def _under_way(self) -> list[str]:
        found = []
        for account in ("APP", "HUBS"):
            async with Nats(self._system, "admin" if account == "APP" else "hubs-admin") as js:
                for row in subjects.CONSUMERS:
                    if row.account != account or row.stream == "JOBS":  # a command waits for its hub
                        continue
                    try:
                        info = await js.consumer_info(row.stream, row.durable)
                    except NotFoundError:
                        found.append(f"{row.durable}: it is gone from {row.stream}, or that is gone")
                        continue
                    if info.num_pending or info.num_ack_pending:
                        found.append(
                            f"{row.durable}: {info.num_pending} wait, {info.num_ack_pending} in hand"
                        )
        conn = await asyncpg.connect(self._system.endpoints["postgres"])
        try:
            for schema in ("normalizer", "pairing", "access", "health", "sync"):
                count = await conn.fetchval(f"SELECT count(*) FROM {schema}.outbox")
                if count:
                    found.append(f"{schema}.outbox: {count}")
        finally:
            await conn.close()
        return found


class Nats:
    """A connection as the administrator of an account; inside, its JetStream."""

    def __init__(self, system: System, user: str = "admin") -> None:
        self._system = system
        self._user = user
        self._nc = Client()

    async def __aenter__(self) -> Any:
        secret = (self._system.home / "secrets/nats" / self._user).read_text().strip()
        await self._nc.connect(
            self._system.endpoints["nats"],
            user=self._user,
            password=secret,
            inbox_prefix=subjects.inbox_prefix(self._user).encode(),
            connect_timeout=5,
            max_reconnect_attempts=3,
            error_cb=_quiet,
        )
        return self._nc.jetstream(timeout=5)

    async def __aexit__(self, *_: object) -> None:
        await self._nc.close()


async def _quiet(error: Exception) -> None:
    """Errors of the connection reach the caller as exceptions; the default would print them as well."""


async def _stored(conn: "asyncpg.Connection[Any]", ledger: Ledger) -> Counter[Reading]:
    if not ledger.handed:
        return Counter()
    times = [moment for _, moment in ledger.handed]
    rows = await conn.fetch(
        "SELECT device_connection_id::text AS device, ts FROM normalizer.device_data"
        " WHERE device_connection_id = ANY($1::uuid[]) AND ts BETWEEN $2 AND $3",
        list({device for device, _ in ledger.handed}),
        min(times),
        max(times),
    )
    return Counter((row["device"], row["ts"]) for row in rows)


async def hours_wrong(conn: "asyncpg.Connection[Any]", devices: set[str]) -> list[str]:
    """Rollup rows that are not what SQL makes of the rows anew, each in words, from both sides.

    LOW and HIGH are counted; the number that comes with one is a sign and no measurement.
    """
    values = " UNION ALL ".join(
        f"SELECT device_connection_id, ts, {metric.id} AS metric, (readings #>> '{path}')::float AS v,"
        " 0 AS low, 0 AS high FROM r"
        f" WHERE jsonb_typeof(readings #> '{path}') = 'number' AND NOT ({metric.id} = {GLUCOSE.id} AND {MARKED})"
        for metric in ROLLED
        for path in ["{" + metric.name.replace(".", ",") + "}"]
    )
    rows = await conn.fetch(
        f"""
        WITH r AS (SELECT * FROM normalizer.device_data WHERE device_connection_id = ANY($1::uuid[]) AND NOT suspect),
        every AS (
            {values}
            UNION ALL SELECT device_connection_id, ts, {GLUCOSE.id}, NULL,
                (readings->>'glucose_out_of_range' = 'low')::int, (readings->>'glucose_out_of_range' = 'high')::int
            FROM r WHERE {MARKED}
        ),
        anew AS (
            SELECT device_connection_id, metric, date_trunc('hour', ts, 'UTC') AS t, min(v), max(v),
                   round(sum(v)::numeric, 3) AS sum, count(v)::int AS n, sum(low)::int AS low, sum(high)::int AS high
            FROM every GROUP BY 1, 2, 3
        ),
        kept AS (
            SELECT device_connection_id, metric, t, min, max, round(sum::numeric, 3) AS sum, n, low, high
            FROM normalizer.data_rollups WHERE device_connection_id = ANY($1::uuid[]) AND metric = ANY($2::smallint[])
        )
        SELECT * FROM (
            SELECT *, 'anew' AS side FROM (TABLE anew EXCEPT TABLE kept) AS missing
            UNION ALL SELECT *, 'kept' AS side FROM (TABLE kept EXCEPT TABLE anew) AS extra
        ) AS differing ORDER BY device_connection_id, metric, t, side
        """,
        list(devices),
        [metric.id for metric in ROLLED],
    )
    names = {metric.id: metric.name for metric in ROLLED}
    return [
        f"{row['side']} {names[row['metric']]} {row['t']:%d %b %H:00} n {row['n']}, {row['min']} to {row['max']}, sum {row['sum']},"
        f" {row['low']} LOW, {row['high']} HIGH"
        f" ({str(row['device_connection_id'])[-6:]})"
        for row in rows
    ]


def hours_text(wrong: list[str]) -> str:
    return f"{len(wrong)} hours differ from their rows: {'; '.join(wrong[:4])}"
