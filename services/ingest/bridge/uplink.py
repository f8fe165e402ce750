"""From a hub's publishes to INGEST: durable first, then events and refusals, and only then the source acknowledges."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID, uuid4

import msgspec

from chassis import telemetry
from chassis.bus import Bus
from chassis.clock import now
from chassis.log import Log
from proto import subjects
from proto.errors import Unavailable
from proto.events import HubAnswered, HubReceipt, HubStateChanged, ReadingsRejected, Rejection
from services.ingest.bridge import vendors
from services.ingest.bridge.domain import AnyTopic, Take, rejected_receipts, take
from services.ingest.committer import Committer
from services.ingest.denials import Denials
from services.ingest.domain import Refusal
from services.ingest.known import KnownWorld
from services.ingest.objects import Objects

log = Log("bridge")

REJECTIONS_MAX: Final = 500
"""In one event: 1,000 refused readings behind a hub with many devices would be more than a message may hold."""


class Downlink(Protocol):
    """The way back to a hub. `send` raises `Unavailable` when there is none at present."""

    async def send(self, hub_id: str, suffix: str, payload: bytes) -> None: ...


class Answers(Protocol):
    """Whoever waits for hubs: the keeper of commands."""

    def on_state(self, state: HubStateChanged) -> None: ...
    def on_answer(self, answer: HubAnswered) -> None: ...


class Uplink:
    def __init__(
        self,
        bus: Bus,
        known: KnownWorld,
        committer: Committer,
        objects: Objects,
        denials: Denials,
        answers: Answers,
        downlink: Downlink,
    ) -> None:
        self._bus = bus
        self._known = known
        self._committer = committer
        self._objects = objects
        self._denials = denials
        self._answers = answers
        self._downlink = downlink

    async def take(self, messages: Sequence[tuple[AnyTopic, bytes]], batch_id: str | None = None) -> None:
        """Returns when everything that was accepted is durable and what was not is told. Raises `Unavailable`.

        `batch_id` names the messages again when they are delivered again, so that their events are said once.
        """
        self._known.require()
        at = now()
        # PHI: hubs' readings enter here; upstream keeps them until they are durable.
        out = self._judge(messages, at)
        if out.may_be_early:
            await self._known.catch_up()
            out = self._judge(messages, at)
        await self._check_objects(out)
        if out.envelopes:
            await self._committer.commit(out.envelopes, "hubs")
        if out.pushed:
            await vendors.keep(self._bus, out.pushed)
        telemetry.READINGS.labels("mqtt", "accepted").inc(len(out.envelopes))
        telemetry.READINGS.labels("mqtt", "rejected").inc(len(out.denied))
        await self._tell(out, batch_id or uuid4().hex)

    def _judge(self, messages: Sequence[tuple[AnyTopic, bytes]], at: datetime) -> Take:
        out = Take()
        for topic, payload in messages:
            take(out, topic, payload, self._known, at)
        return out

    async def _check_objects(self, out: Take) -> None:
        """Drops envelopes whose object URLs are not verified uploads of their device."""
        for item, event_id, index in reversed(out.objects):
            verdict = await self._objects.check(item)
            if isinstance(verdict, Refusal):
                connection_id, _ = out.envelopes.pop(index)
                hub_id = item.connection.hub_id or ""
                if event_id:
                    out.receipts += [(hub_id, r) for r in rejected_receipts([event_id], verdict.code)]
                out.rejections.append(
                    (
                        item.connection.patient_id,
                        Rejection(
                            device_connection_id=connection_id,
                            code=verdict.code,
                            at=now(),
                            field=verdict.field,
                            event_id=event_id,
                            hub_id=hub_id,
                        ),
                    )
                )

    async def _tell(self, out: Take, batch_id: str) -> None:
        for vendor, reason in out.dropped:
            telemetry.WEBHOOKS.labels(vendor, reason).inc()
            log.warning("push_dropped", vendor=vendor, reason=reason)
        for refusal, caller in out.denied:
            self._denials.refused(refusal, caller)
        by_patient: dict[UUID, list[Rejection]] = {}
        for patient_id, rejection in out.rejections:
            telemetry.REJECTED.labels(rejection.code).inc()
            by_patient.setdefault(patient_id, []).append(rejection)
        for patient_id, rejections in by_patient.items():
            for start in range(0, len(rejections), REJECTIONS_MAX):
                part = rejections[start : start + REJECTIONS_MAX]
                event = ReadingsRejected(patient_id=patient_id, rejections=part)
                msg_id = f"rej-{batch_id}-{patient_id}-{start}"
                await self._publish(subjects.READINGS_REJECTED, patient_id, event, msg_id)
        for number, state in enumerate(out.states):
            self._answers.on_state(state)
            await self._publish(subjects.HUBS_STATE, state.hub_id, state, f"st-{batch_id}-{number}")
        for number, answer in enumerate(out.answers):
            self._answers.on_answer(answer)
            await self._publish(subjects.HUBS_ANSWERED, answer.hub_id, answer, f"an-{batch_id}-{number}")
        for (hub_id, reason), count in Counter((hub and hub.id, why) for hub, why in out.ignored).items():
            log.warning("message_ignored", hub_id=hub_id, reason=reason, count=count)
        for hub_id, receipt in out.receipts:
            await self._receipt(hub_id, receipt)

    async def _publish(self, subject: str, token: UUID | str, event: object, msg_id: str) -> None:
        await self._bus.publish(subjects.to(subject, token), msgspec.json.encode(event), msg_id=msg_id)

    async def _receipt(self, hub_id: str, receipt: HubReceipt) -> None:
        """A lost one is cured by the hub's resend, so it holds up nothing: what it speaks of is finished."""
        try:
            await self._downlink.send(hub_id, "receipt", msgspec.json.encode(receipt))
        except Unavailable:
            log.warning("receipt_not_sent", hub_id=hub_id, reason="the hub will send again")
