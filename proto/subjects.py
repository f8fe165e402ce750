"""Everything that travels over NATS, as tables: streams, subjects, consumers and key-value buckets.

One row a subject says who may say it and who may hear it; the server's permissions follow from these rows
(`nats_permissions`), and so do the streams that are created and the AsyncAPI document.
"""

from typing import Final, Literal
from uuid import UUID

import msgspec

Account = Literal["APP", "HUBS"]
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
GIB: Final = 1024**3
MIB: Final = 1024**2
SIGN_IN_S: Final = 5.0
"""So long the server waits for the answer whether a hub may come in; many at once come in by turns (pairing's `admission`)."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A JetStream stream as it must exist. All are on file; the server runs with `sync_interval: always`."""

    name: str
    subjects: tuple[str, ...]
    purpose: str
    account: Account = "APP"
    retention: Literal["limits", "workqueue"] = "limits"
    discard: Literal["new", "old"] = "old"
    max_age_s: float = 0.0
    max_bytes: int = -1
    duplicate_window_s: float = 600.0
    allow_direct: bool = False
    deny_delete: bool = False
    allow_atomic: bool = False
    """Whether several messages may be published together, at the price of one commit."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the contract: the pattern, the stream that keeps it (None: core NATS), who says and hears it."""

    pattern: str
    stream: str | None
    says: tuple[str, ...]
    hears: tuple[str, ...]
    message: str
    """The name of the struct in `proto` that the payload follows."""
    purpose: str
    account: Account = "APP"


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """A durable pull consumer, declared here, created by `ensure_streams`, only ever bound by its service."""

    durable: str
    stream: str
    service: str
    filters: tuple[str, ...] = ()
    account: Account = "APP"
    ack_wait_s: float = 3.0
    """How long a killed process keeps its messages from others. A living one says that they are still in hand."""
    max_ack_pending: int = 2000
    max_deliver: int = -1


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A key-value bucket: its owner writes it through the outbox, the others mirror it in memory."""

    name: str
    owner: str
    watchers: tuple[str, ...]
    message: str
    ttl_s: float = 0.0
    """Keys vanish this long after their last put; 0 = never. Watchers are not told, so it is for leases only."""


STREAMS: Final = (
    Stream(
        name="INGEST",
        subjects=("readings.raw.v1.*",),
        purpose="Acknowledged readings on their way to PostgreSQL; a janitor purges what is stored.",
        discard="new",
        max_age_s=7 * DAY,
        max_bytes=4 * GIB,
        deny_delete=True,
    ),
    Stream(
        name="EVENTS",
        subjects=(
            "observations.recorded.v1.*",
            "readings.rejected.v1.*",
            "connections.changed.v1.*",
            "health.changed.v1.*",
            "alerts.changed.v1.*",
            "sync.progressed.v1.*",
            "accounts.changed.v1.*",
            "uploads.progressed.v1.*",
            "hubs.state.v1.*",
            "hubs.answered.v1.*",
        ),
        purpose="What happened, for a day: live views, health, alerts and outside subscribers.",
        max_age_s=DAY,
        max_bytes=4 * GIB,
        allow_direct=True,
        allow_atomic=True,
    ),
    Stream(
        name="JOBS",
        subjects=(
            "sync.requested.v1.*",
            "sync.settled.v1.*",
            "webhooks.received.v1.*",
            "uploads.verified.v1.*",
            "hubs.command.v1.*",
        ),
        purpose="Work that one worker takes: hub commands, vendors' accounts, exports to be read.",
        retention="workqueue",
        discard="new",
        max_age_s=7 * DAY,
        max_bytes=1 * GIB,
    ),
    Stream(
        name="DLQ",
        subjects=("dlq.v1.*",),
        purpose="What a consumer gave up on, and why; also kept in PostgreSQL.",
        max_age_s=30 * DAY,
        max_bytes=1 * GIB,
    ),
    Stream(
        name="ADVISORY",
        subjects=(
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
        ),
        purpose="The server's own word that a message was given up.",
        max_age_s=30 * DAY,
        max_bytes=256 * MIB,
    ),
    Stream(
        name="$MQTT_msgs",
        subjects=("$MQTT.msgs.>",),
        purpose="What hubs and real-time vendors published at QoS 1. Ours, created before the listener opens, so a PUBACK means fsynced.",
        account="HUBS",
        discard="new",
        max_age_s=7 * DAY,
        max_bytes=4 * GIB,
        duplicate_window_s=0.0,
    ),
)

SUBJECTS: Final = (
    Subject(
        pattern="readings.raw.v1.*",
        stream="INGEST",
        says=("ingest", "ingest-bridge", "sync"),
        hears=("normalizer",),
        message="RawBatch",
        purpose="A group of accepted readings as they came. The token is the shard of the connection.",
    ),
    Subject(
        pattern="observations.recorded.v1.*",
        stream="EVENTS",
        says=("normalizer",),
        hears=("ingest", "health", "alerts", "gateway"),
        message="ObservationsRecorded",
        purpose="What one transaction stored for one patient. The feed for live views and outside alert engines.",
    ),
    Subject(
        pattern="readings.rejected.v1.*",
        stream="EVENTS",
        says=("normalizer", "ingest", "ingest-bridge"),
        hears=("ingest", "health", "gateway"),
        message="ReadingsRejected",
        purpose="Readings that were refused after they had been received, with the code.",
    ),
    Subject(
        pattern="observations.live.v1.*",
        stream=None,
        says=("normalizer",),
        hears=("gateway",),
        message="ObservationsLive",
        purpose="Intermediate values (cuff pressure, temperature) for the eye only; never stored.",
    ),
    Subject(
        pattern="connections.changed.v1.*",
        stream="EVENTS",
        says=("pairing",),
        hears=("health", "normalizer", "sync", "gateway"),
        message="ConnectionChanged",
        purpose="A connection's status, consent or name changed.",
    ),
    Subject(
        pattern="health.changed.v1.*",
        stream="EVENTS",
        says=("health",),
        hears=("pairing", "alerts", "gateway"),
        message="HealthChanged",
        purpose="A device's health changed: battery, signal, last seen, staleness.",
    ),
    Subject(
        pattern="uploads.progressed.v1.*",
        stream="EVENTS",
        says=("normalizer", "ingest", "sync"),
        hears=("gateway",),
        message="UploadProgressed",
        purpose="How far an upload or import has come.",
    ),
    Subject(
        pattern="uploads.verified.v1.*",
        stream="JOBS",
        says=("ingest",),
        hears=("sync",),
        message="VerifiedUpload",
        purpose="An uploaded file that shall be read. The token is its kind; kinds that nobody reads are not said.",
    ),
    Subject(
        pattern="hubs.state.v1.*",
        stream="EVENTS",
        says=("ingest-bridge",),
        hears=("pairing", "health", "gateway"),
        message="HubStateChanged",
        purpose="A hub said that it is online or offline (or its will did).",
    ),
    Subject(
        pattern="hubs.answered.v1.*",
        stream="EVENTS",
        says=("ingest-bridge",),
        hears=("pairing",),
        message="HubAnswered",
        purpose="A hub's answer to a command.",
    ),
    Subject(
        pattern="hubs.command.v1.*",
        stream="JOBS",
        says=("pairing", "health"),
        hears=("ingest-bridge",),
        message="HubCommand",
        purpose="A command for a hub, kept until it is answered or expires.",
    ),
    Subject(
        pattern="hubs.receipt.v1.*",
        stream=None,
        says=("normalizer", "ingest-bridge"),
        hears=("ingest-bridge",),
        message="HubReceipt",
        purpose="What is durably finished: only now the hub forgets it. A lost one is cured by the hub's resend.",
    ),
    Subject(
        pattern="accounts.changed.v1.*",
        stream="EVENTS",
        says=("sync",),
        hears=("pairing",),
        message="AccountChanged",
        purpose="A vendor account was connected, lost its grant, or ended.",
    ),
    Subject(
        pattern="sync.progressed.v1.*",
        stream="EVENTS",
        says=("sync",),
        hears=("gateway",),
        message="SyncProgressed",
        purpose="How far the sync of a vendor account has come.",
    ),
    Subject(
        pattern="sync.requested.v1.*",
        stream="JOBS",
        says=("sync",),
        hears=("sync",),
        message="SyncRequested",
        purpose="An account of the vendor shall be looked at now.",
    ),
    Subject(
        pattern="sync.settled.v1.*",
        stream="JOBS",
        says=("normalizer",),
        hears=("sync",),
        message="SyncSettled",
        purpose="What became of the readings of a sync job. The token is the job.",
    ),
    Subject(
        pattern="webhooks.received.v1.*",
        stream="JOBS",
        says=("sync", "ingest-bridge"),
        hears=("sync",),
        message="WebhookReceived",
        purpose="What a vendor pushed by webhook, socket or MQTT; durable before the vendor is answered.",
    ),
    Subject(
        pattern="dlq.v1.*",
        stream="DLQ",
        says=("normalizer", "ingest-bridge", "pairing", "health", "sync"),
        hears=(),
        message="DeadLetter",
        purpose="The message that a consumer gave up, named by consumer.",
    ),
)

CONSUMERS: Final = (
    Consumer(durable="normalizer", stream="INGEST", service="normalizer"),
    Consumer(durable="erasure", stream="EVENTS", service="normalizer", filters=("connections.changed.v1.*",)),
    Consumer(
        durable="pairing",
        stream="EVENTS",
        service="pairing",
        filters=("health.changed.v1.*", "hubs.state.v1.*", "hubs.answered.v1.*", "accounts.changed.v1.*"),
    ),
    Consumer(
        durable="health",
        stream="EVENTS",
        service="health",
        filters=(
            "observations.recorded.v1.*",
            "readings.rejected.v1.*",
            "connections.changed.v1.*",
            "hubs.state.v1.*",
        ),
    ),
    Consumer(
        durable="sync",
        stream="JOBS",
        service="sync",
        filters=(
            "sync.requested.v1.*",
            "sync.settled.v1.*",
            "webhooks.received.v1.*",
            "uploads.verified.v1.*",
        ),
    ),
    Consumer(
        durable="sync-connections", stream="EVENTS", service="sync", filters=("connections.changed.v1.*",)
    ),
    Consumer(
        durable="hub-commands",
        stream="JOBS",
        service="ingest-bridge",
        filters=("hubs.command.v1.*",),
        ack_wait_s=35.0,
    ),
    Consumer(
        durable="bridge",
        stream="$MQTT_msgs",
        service="ingest-bridge",
        account="HUBS",
        filters=("$MQTT.msgs.dc.v1.hubs.*.up.>", "$MQTT.msgs.dc.v1.vendors.*.up.>"),
    ),
)

BUCKETS: Final = (
    Bucket(
        name="connections",
        owner="pairing",
        watchers=("ingest", "ingest-bridge", "normalizer", "health", "gateway", "sync"),
        message="ConnectionState",
    ),
    Bucket(
        name="models",
        owner="registry",
        watchers=("ingest", "ingest-bridge", "normalizer", "pairing", "health", "sync"),
        message="ModelState",
    ),
    Bucket(
        name="permissions",
        owner="access",
        watchers=("normalizer", "pairing", "ingest", "health", "gateway"),
        message="PermissionState",
    ),
    Bucket(name="profiles", owner="access", watchers=("normalizer", "sync"), message="ProfileState"),
    Bucket(name="leases", owner="ingest-bridge", watchers=(), message="bytes", ttl_s=5.0),
)

APP_USERS: Final = (
    "registry",
    "pairing",
    "ingest",
    "ingest-bridge",
    "normalizer",
    "health",
    "access",
    "sync",
    "gateway",
)
"""Static NATS users in APP, one per process. `hubs-bridge` is the bridge's second user, in HUBS."""

RAW: Final = "readings.raw.v1"
OBSERVATIONS_RECORDED: Final = "observations.recorded.v1"
OBSERVATIONS_LIVE: Final = "observations.live.v1"
READINGS_REJECTED: Final = "readings.rejected.v1"
CONNECTIONS_CHANGED: Final = "connections.changed.v1"
HEALTH_CHANGED: Final = "health.changed.v1"
UPLOADS_PROGRESSED: Final = "uploads.progressed.v1"
UPLOADS_VERIFIED: Final = "uploads.verified.v1"
ACCOUNTS_CHANGED: Final = "accounts.changed.v1"
SYNC_PROGRESSED: Final = "sync.progressed.v1"
SYNC_REQUESTED: Final = "sync.requested.v1"
SYNC_SETTLED: Final = "sync.settled.v1"
WEBHOOKS_RECEIVED: Final = "webhooks.received.v1"
HUBS_STATE: Final = "hubs.state.v1"
HUBS_ANSWERED: Final = "hubs.answered.v1"
HUBS_COMMAND: Final = "hubs.command.v1"
HUBS_RECEIPT: Final = "hubs.receipt.v1"
DLQ: Final = "dlq.v1"


def to(subject: str, token: UUID | str | int) -> str:
    """The subject of one patient, hub or shard: `to(HUBS_STATE, hub_id)` → `hubs.state.v1.<hub_id>`."""
    return f"{subject}.{token}"


def kv_subject(bucket: str, key: str) -> str:
    """The subject that a put into a bucket publishes to, so that an outbox row can be a put."""
    return f"$KV.{bucket}.{key}"


def inbox_prefix(user: str) -> str:
    """Each user has an inbox branch of its own, so that nobody can read another's replies."""
    return f"_INBOX_{user}"


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What one NATS user may publish and hear; everything else is refused by the server."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def nats_permissions(user: str) -> Permissions:
    """The allow lists of a static user, derived from the tables above.

    `user` is a name of `APP_USERS`, or `hubs-bridge` (the bridge's user in HUBS).
    """
    inbox = f"{inbox_prefix(user)}.>"
    if user == "hubs-bridge":
        api = _consumer_api("$MQTT_msgs", ("bridge",))
        return Permissions(
            publish=(
                *api,
                "$JS.API.STREAM.PURGE.$MQTT_msgs",
                "$JS.ACK.>",
                "dc.v1.hubs.*.down.>",
            ),
            subscribe=(inbox, "dc.v1.hubs.*.up.>"),
        )
    publish = [row.pattern for row in SUBJECTS if user in row.says]
    subscribe = [inbox, *(row.pattern for row in SUBJECTS if user in row.hears and row.stream is None)]
    if user == "ingest":  # hears outcomes as they pass by; a missed one costs a courtesy, never a reading
        subscribe += [row.pattern for row in SUBJECTS if user in row.hears]
    for consumer in CONSUMERS:
        if consumer.service == user and consumer.account == "APP":
            publish += _consumer_api(consumer.stream, (consumer.durable,))
    for bucket in BUCKETS:
        if bucket.owner == user:
            publish += [
                f"$KV.{bucket.name}.>",
                f"$JS.API.STREAM.INFO.KV_{bucket.name}",
                f"$JS.API.DIRECT.GET.KV_{bucket.name}.>",
            ]
        if user in bucket.watchers or bucket.owner == user:
            publish += _reader_api(f"KV_{bucket.name}")
    if user in ("gateway", "ingest"):  # live readers of EVENTS: ordered consumers of their own
        publish += [*_reader_api("EVENTS"), "$JS.API.DIRECT.GET.EVENTS", "$JS.API.DIRECT.GET.EVENTS.>"]
    if user in ("ingest", "normalizer"):  # the janitor and the back-pressure check look at the stream
        publish += ["$JS.API.STREAM.INFO.INGEST", "$JS.API.CONSUMER.INFO.INGEST.normalizer"]
    if user == "normalizer":
        publish += ["$JS.API.STREAM.PURGE.INGEST"]
    if user == "pairing":  # hub sign-in is answered in AUTH, live sessions are ended through SYS: other users
        publish += ["$JS.API.STREAM.INFO.EVENTS"]
    return Permissions(
        publish=tuple(dict.fromkeys([*publish, "$JS.ACK.>", "$JS.FC.>"])),
        subscribe=tuple(dict.fromkeys(subscribe)),
    )


def _consumer_api(stream: str, durables: tuple[str, ...]) -> list[str]:
    """Binding to declared consumers: ask about them and fetch from them."""
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        *(f"$JS.API.CONSUMER.INFO.{stream}.{name}" for name in durables),
        *(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}" for name in durables),
    ]


def _reader_api(stream: str) -> list[str]:
    """Ordered consumers that a reader makes and drops by itself."""
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.INFO.{stream}.*",
        f"$JS.API.CONSUMER.DELETE.{stream}.*",
    ]
