"""What real-time vendors push over MQTT. Only sync knows whose it is: here it is kept in JOBS, as a webhook's body is."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from chassis import telemetry
from chassis.bus import Bus
from chassis.clock import now
from proto import subjects
from proto.events import WebhookReceived
from vendors import NAMES, manifest_of

REAL_TIME: Final = frozenset(name for name in NAMES if manifest_of(name).capabilities.mqtt)


async def keep(bus: Bus, pushed: Sequence[tuple[str, bytes]]) -> None:
    """Vendor and body. Returns when all of it is durable; raises `Unavailable`. The same body twice is one event."""
    at = now()
    events = [
        WebhookReceived(
            vendor=vendor,
            event_id=sha256(body).hexdigest(),
            received_at=at,
            content_type="application/json",
            body=body,
        )
        for vendor, body in pushed
    ]
    # PHI: a pushed body holds measured values; it rests in JOBS until it is in INGEST, at most 7 days.
    await asyncio.gather(
        *(
            bus.publish(
                subjects.to(subjects.WEBHOOKS_RECEIVED, event.vendor),
                msgspec.json.encode(event),
                msg_id=f"wh-{event.vendor}-{event.event_id}",
            )
            for event in events
        )
    )
    for event in events:
        telemetry.WEBHOOKS.labels(event.vendor, "accepted").inc()
