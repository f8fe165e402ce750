"""The default source: a durable pull consumer on the listener's stream, which is ours and fsynced.

The subject is the topic with dots; the payload is untouched. A delivery is acknowledged after the PubAck of INGEST.
"""

from typing import Final

from nats.errors import Error

from chassis.bus import Bus
from chassis.consume import DONE, Consumer, Delivery, Subscription, Verdict
from proto.errors import Unavailable
from services.ingest.bridge.domain import AnyTopic, topic_of
from services.ingest.bridge.uplink import Uplink

PREFIX: Final = "$MQTT.msgs."


class NatsDownlink:
    """Publishes on the hub's down branch from the bridge's account; arrives as QoS 0."""

    def __init__(self, hubs: Bus) -> None:
        self._hubs = hubs

    async def send(self, hub_id: str, suffix: str, payload: bytes) -> None:
        try:
            await self._hubs.say(f"dc.v1.hubs.{hub_id}.down.{suffix}", payload)
        except Error:
            raise Unavailable("hubs") from None


def nats_source(
    hubs: Bus, app: Bus, uplink: Uplink, batch: int = 100
) -> Consumer[list[tuple[AnyTopic, bytes]]]:
    """The consumer that feeds the uplink."""

    def prepare(deliveries: list[Delivery]) -> list[tuple[AnyTopic, bytes]]:
        found = []
        for delivery in deliveries:
            topic = topic_of(delivery.subject.removeprefix(PREFIX).split("."))
            if topic is not None:
                found.append((topic, delivery.data))
        return found

    async def handle(deliveries: list[Delivery], messages: list[tuple[AnyTopic, bytes]]) -> list[Verdict]:
        await uplink.take(messages, f"{deliveries[0].sequence}-{deliveries[-1].sequence}")
        return [DONE for _ in deliveries]

    return Consumer(hubs, Subscription("bridge", handle, prepare, batch=batch), app_bus=app)
