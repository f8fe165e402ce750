"""What a hub's message amounts to: envelopes to make durable, receipts for what is refused, and who must hear of it. Pure.

A bad message stops neither its hub nor another: every payload ends as something.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Protocol
from uuid import UUID

import msgspec

from proto.events import FoundDevice, HubAnswered, HubReceipt, HubStateChanged, Rejection
from proto.state import ConnectionState, HubState
from services.ingest.bridge.vendors import REAL_TIME
from services.ingest.domain import (
    MAX_ITEMS,
    MAX_MESSAGE,
    NOT_YET,
    Accepted,
    Caller,
    Known,
    Refusal,
    accept_gatt,
    accept_reading,
)
from services.ingest.envelope import envelope

RECEIPT_MAX: Final = 500
UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What reading foreign JSON may raise; `RecursionError` is what brackets a thousand deep get."""
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class HubsKnown(Known, Protocol):
    def hub(self, hub_id: str) -> HubState | None: ...
    def of_hub(self, hub_id: str) -> list[ConnectionState]: ...


class Topic(msgspec.Struct, frozen=True):
    """`dc/v1/hubs/{hub}/up/{channel}[/{rest}]`."""

    hub_id: str
    channel: str
    rest: str = ""

    @property
    def sender(self) -> str:
        """As whom it signed in."""
        return self.hub_id


class VendorTopic(msgspec.Struct, frozen=True):
    """`dc/v1/vendors/{vendor}/up/{channel}`."""

    vendor: str
    channel: str

    @property
    def sender(self) -> str:
        return f"vendor-{self.vendor}"


AnyTopic = Topic | VendorTopic


class Take(msgspec.Struct):
    """The sum of some messages."""

    envelopes: list[tuple[UUID, bytes]] = []
    objects: list[tuple[Accepted, str | None, int]] = []
    receipts: list[tuple[str, HubReceipt]] = []
    rejections: list[tuple[UUID, Rejection]] = []
    """Patient and rejection."""
    denied: list[tuple[Refusal, Caller]] = []
    states: list[HubStateChanged] = []
    answers: list[HubAnswered] = []
    ignored: list[tuple[HubState | None, str]] = []
    """The hub, when it is known, and why its message amounts to nothing."""
    pushed: list[tuple[str, bytes]] = []
    """Vendor and body, for sync."""
    dropped: list[tuple[str, str]] = []
    """The vendor, or `other`, and why its message amounts to nothing."""
    said: set[tuple[str, str | None, str | None]] = set()
    """Code, field and event id of what the current payload's refusals have told every device of the hub."""

    @property
    def may_be_early(self) -> bool:
        """Whether a refusal can be one of what is not known here yet: the hub or its device is only just paired."""
        return any(hub is None for hub, _ in self.ignored) or any(
            refusal.code in NOT_YET for refusal, _ in self.denied
        )


class _StatePayload(msgspec.Struct):
    state: Literal["online", "offline"]
    firmware: str | None = None
    slots: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None


class _AnswerPayload(msgspec.Struct):
    ok: bool
    error: str | None = None
    devices: list[FoundDevice] = []


class _EventId(msgspec.Struct):
    event_id: Any = None


_decode_state: Final = msgspec.json.Decoder(_StatePayload).decode
_decode_answer: Final = msgspec.json.Decoder(_AnswerPayload).decode
_decode_event_id: Final = msgspec.json.Decoder(_EventId).decode


def topic_of(path: Iterable[str]) -> AnyTopic | None:
    """The topic of `dc v1 hubs <id> up <channel> …` or `dc v1 vendors <name> up …`, or None for anything else."""
    parts = list(path)
    if len(parts) < 6 or parts[4] != "up":
        return None
    rest = "/".join(parts[6:])
    match parts[:3]:
        case ["dc", "v1", "hubs"]:
            return Topic(hub_id=parts[3], channel=parts[5], rest=rest)
        case ["dc", "v1", "vendors"]:
            return VendorTopic(vendor=parts[3], channel="/".join(parts[5:]))
    return None


def take(out: Take, topic: AnyTopic, payload: bytes, known: HubsKnown, now: datetime) -> None:
    """Adds one message to what is to be done."""
    if isinstance(topic, VendorTopic):
        _take_push(out, topic, payload)
        return
    hub = known.hub(topic.hub_id)
    if hub is None:
        out.ignored.append((None, "unknown_hub"))  # deleted since its publish: nobody is left to be told
        return
    out.said.clear()
    match topic.channel:
        case "readings" | "gatt" if not topic.rest:
            _take_items(out, topic, payload, hub, known, now)
        case "state" | "commands" if len(payload) > MAX_MESSAGE:
            out.ignored.append((hub, "payload_too_large"))
        case "state" if not topic.rest:
            _take_state(out, hub, payload, now)
        case "commands":
            _take_answer(out, hub, topic, payload, now)
        case _:
            out.ignored.append((hub, "unknown_topic"))


def _take_push(out: Take, topic: VendorTopic, payload: bytes) -> None:
    """What is in it is sync's business. Nobody can be told over MQTT what was wrong: it is counted."""
    if topic.vendor not in REAL_TIME:
        out.dropped.append(("other", "unknown"))
    elif topic.channel != "readings" or not payload or len(payload) > MAX_MESSAGE:
        out.dropped.append((topic.vendor, "malformed"))
    else:
        out.pushed.append((topic.vendor, payload))


def _take_items(
    out: Take, topic: Topic, payload: bytes, hub: HubState, known: HubsKnown, now: datetime
) -> None:
    text = payload.strip()
    if text[:1] == b"[":
        try:
            items = [bytes(raw) for raw in _decode_array(text)]
        except UNREADABLE:
            _unreadable(out, hub, known, "invalid_json", now)
            return
    else:
        items = [text]
    if len(payload) > MAX_MESSAGE or len(items) > MAX_ITEMS:
        _too_large(out, hub, items, known, now)
        return
    if not items or items == [b""]:
        _unreadable(out, hub, known, "empty_readings", now)
        return
    caller = Caller(actor_id=f"hub:{hub.id}", role="hub", hub_id=hub.id)
    judge = accept_reading if topic.channel == "readings" else accept_gatt
    refused: dict[str, list[str]] = {}
    for raw in items:
        verdict = judge(raw, caller, known, now)
        if isinstance(verdict, Refusal):
            _refuse(out, verdict, caller, hub, known, refused, now)
            continue
        if verdict.objects:
            out.objects.append((verdict, verdict.event_id, len(out.envelopes)))
        out.envelopes.append(
            (
                verdict.connection.id,
                envelope(
                    verdict.kind,
                    raw,
                    connection_id=verdict.connection.id,
                    received_at=now,
                    source="mqtt",
                    actor_id=caller.actor_id,
                    key=verdict.key,
                    content=verdict.content,
                    hub_id=hub.id,
                ),
            )
        )
    for code, ids in refused.items():
        out.receipts += [(hub.id, receipt) for receipt in rejected_receipts(ids, code)]


def _refuse(
    out: Take,
    refusal: Refusal,
    caller: Caller,
    hub: HubState,
    known: HubsKnown,
    refused: dict[str, list[str]],
    now: datetime,
) -> None:
    out.denied.append((refusal, caller))
    if refusal.event_id:
        refused.setdefault(refusal.code, []).append(refusal.event_id)
    connection = refusal.connection
    if connection is None or connection.patient_id != hub.patient_id:
        _unreadable(out, hub, known, refusal.code, now, event_id=refusal.event_id, field=refusal.field)
        return
    rejection = Rejection(
        device_connection_id=connection.id,
        code=refusal.code,
        at=now,
        field=refusal.field,
        event_id=refusal.event_id,
        hub_id=hub.id,
    )
    out.rejections.append((hub.patient_id, rejection))


def _unreadable(
    out: Take,
    hub: HubState,
    known: HubsKnown,
    code: str,
    now: datetime,
    *,
    event_id: str | None = None,
    field: str | None = None,
) -> None:
    """What names no device of this hub: every device behind the hub shows it, for one of them sent it. Said once."""
    if (code, field, event_id) in out.said:
        return
    out.said.add((code, field, event_id))
    ids: list[UUID | None] = [state.id for state in known.of_hub(hub.id)]
    for id in ids or [None]:
        rejection = Rejection(
            device_connection_id=id, code=code, at=now, field=field, event_id=event_id, hub_id=hub.id
        )
        out.rejections.append((hub.patient_id, rejection))


def _too_large(out: Take, hub: HubState, items: list[bytes], known: HubsKnown, now: datetime) -> None:
    ids = []
    for raw in items:
        try:
            event_id = _decode_event_id(raw).event_id
        except UNREADABLE:
            continue
        if isinstance(event_id, str) and 0 < len(event_id) <= 64:
            ids.append(event_id)
    out.receipts += [(hub.id, receipt) for receipt in rejected_receipts(ids, "payload_too_large")]
    _unreadable(out, hub, known, "payload_too_large", now)


def rejected_receipts(event_ids: list[str], code: str) -> list[HubReceipt]:
    """At most 500 ids a receipt."""
    return [
        HubReceipt(event_ids=event_ids[start : start + RECEIPT_MAX], status="rejected", code=code)
        for start in range(0, len(event_ids), RECEIPT_MAX)
    ]


def _take_state(out: Take, hub: HubState, payload: bytes, now: datetime) -> None:
    try:
        state = _decode_state(payload)
    except UNREADABLE:
        out.ignored.append((hub, "unreadable_state"))
        return
    out.states.append(
        HubStateChanged(
            hub_id=hub.id,
            state=state.state,
            at=now,
            firmware=state.firmware[:64] if state.firmware else None,
            slots=state.slots,
        )
    )


def _take_answer(out: Take, hub: HubState, topic: Topic, payload: bytes, now: datetime) -> None:
    try:
        answer = _decode_answer(payload)
        command_id = UUID(topic.rest)
    except (*UNREADABLE, ValueError):
        out.ignored.append((hub, "unreadable_answer"))
        return
    out.answers.append(
        HubAnswered(
            hub_id=hub.id,
            command_id=command_id,
            ok=answer.ok,
            at=now,
            error=answer.error[:120] if answer.error else None,
            devices=answer.devices[:50],
        )
    )
