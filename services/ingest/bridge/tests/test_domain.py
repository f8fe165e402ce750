"""Every payload of a hub ends as something: an envelope, a receipt, a refusal that people see, or a reason why not."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.events import HubAnswered, HubReceipt, HubStateChanged, Rejection
from proto.raw import RawBatch, RawGatt, RawItem, RawReading
from services.ingest.bridge.domain import (
    RECEIPT_MAX,
    Take,
    Topic,
    VendorTopic,
    rejected_receipts,
    take,
    topic_of,
)
from services.ingest.bridge.tests.world import (
    CUFF,
    FOREIGN,
    FOREIGN_HUB,
    GONE,
    HUB,
    NOW,
    PATIENT,
    SCALE,
    World,
    array,
    gatt,
    reading,
)
from services.ingest.domain import MAX_ITEMS, MAX_MESSAGE

BEHIND = {CUFF, SCALE}
"""The devices behind the hub that are not revoked."""


def taken(channel: str, *payloads: bytes, hub: str = HUB, world: World | None = None, rest: str = "") -> Take:
    out = Take()
    for payload in payloads:
        take(out, Topic(hub_id=hub, channel=channel, rest=rest), payload, world or World(), NOW)
    return out


def stored(out: Take) -> list[RawItem]:
    """The envelopes as the normalizer will read them."""
    items: list[RawItem] = msgspec.json.decode(array(*(e for _, e in out.envelopes)), type=RawBatch)
    return items


def codes(out: Take) -> list[str]:
    return [rejection.code for _, rejection in out.rejections]


def shown_on(out: Take) -> set[UUID | None]:
    return {rejection.device_connection_id for _, rejection in out.rejections}


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("dc/v1/hubs/h-1/up/readings", Topic(hub_id="h-1", channel="readings")),
        ("dc/v1/hubs/h-1/up/commands/c-1", Topic(hub_id="h-1", channel="commands", rest="c-1")),
        ("dc/v1/hubs/h-1/up/commands/a/b", Topic(hub_id="h-1", channel="commands", rest="a/b")),
        ("dc/v1/hubs/h-1/up", None),
        ("dc/v1/vendors/acme/up/readings", VendorTopic(vendor="acme", channel="readings")),
        ("dc/v1/vendors/acme/up/a/b", VendorTopic(vendor="acme", channel="a/b")),
        ("dc/v1/vendors/acme/down/readings", None),
        ("dc/v1/others/acme/up/readings", None),
        ("dc/v1/hubs/h-1/down/receipt", None),
        ("dc/v2/hubs/h-1/up/readings", None),
        ("", None),
    ],
)
def test_topics(topic: str, found: Topic | None) -> None:
    assert topic_of(topic.split("/")) == found


def test_a_reading_is_wrapped_in_its_own_bytes() -> None:
    raw = reading()
    out = taken("readings", raw)
    [item] = stored(out)
    assert isinstance(item, RawReading)
    assert bytes(item.message) == raw
    assert (item.connection_id, item.source, item.actor_id, item.hub_id) == (CUFF, "mqtt", f"hub:{HUB}", HUB)
    assert item.received_at == NOW
    assert (out.receipts, out.rejections, out.denied, out.ignored) == ([], [], [], [])


def test_an_array_and_white_space_around_it() -> None:
    out = taken("readings", b" \n" + array(reading(), reading(SCALE, event_id="e-2")) + b"\r\n")
    assert [item.connection_id for item in stored(out)] == [CUFF, SCALE]


@pytest.mark.parametrize("address", ["c0:26:df:00:00:01", "C0:26:DF:00:00:01"])
def test_a_device_may_be_named_by_its_address(address: str) -> None:
    [item] = stored(taken("gatt", gatt(device_address=address)))
    assert isinstance(item, RawGatt)
    assert item.connection_id == CUFF


@pytest.mark.parametrize(("hub", "address"), [(HUB, "c0:26:df:00:00:02"), (FOREIGN_HUB, "c0:26:df:00:00:01")])
def test_an_address_counts_behind_its_own_hub_alone(hub: str, address: str) -> None:
    out = taken("gatt", gatt(device_address=address), hub=hub)
    assert out.envelopes == []
    assert set(codes(out)) == {"not_found"}
    assert out.receipts == [(hub, HubReceipt(event_ids=["g-1"], status="rejected", code="not_found"))]


def test_a_gatt_value_that_names_no_device() -> None:
    out = taken("gatt", gatt(device_address=None))
    assert codes(out) == ["missing_field"] * 2
    assert shown_on(out) == BEHIND
    assert out.rejections[0][1].field == "device_connection_id"


@pytest.mark.parametrize(
    "payload", [b"{", b"nonsense", b"\xff\xfe", b"[1,", b"[{}]]", b"[" * 5000, b'"\xff"']
)
@pytest.mark.parametrize("channel", ["readings", "gatt"])
def test_what_is_not_json_is_seen_on_every_device_behind_the_hub(channel: str, payload: bytes) -> None:
    out = taken(channel, payload)
    assert (out.envelopes, out.receipts) == ([], [])
    assert codes(out) == ["invalid_json"] * 2
    assert shown_on(out) == BEHIND
    assert {patient for patient, _ in out.rejections} == {PATIENT}


def test_it_is_seen_also_when_no_device_is_behind_the_hub() -> None:
    world = World()
    world.connections.clear()
    assert shown_on(taken("readings", b"{", world=world)) == {None}


@pytest.mark.parametrize("payload", [b"", b"  ", b"[]", b" [ ] "])
def test_nothing_is_refused_as_empty(payload: bytes) -> None:
    assert codes(taken("readings", payload)) == ["empty_readings"] * 2


def test_the_same_fault_without_an_id_is_told_once_a_payload() -> None:
    bad = b'{"bad":1}'
    assert len(taken("readings", array(*[bad] * MAX_ITEMS)).rejections) == len(BEHIND)
    assert len(taken("readings", bad, bad).rejections) == 2 * len(BEHIND)
    told = taken("readings", array(bad, b"[1]", b"3"))
    assert len(told.rejections) == len(
        {(r.device_connection_id, r.code, r.field) for _, r in told.rejections}
    )


def test_one_bad_item_leaves_its_neighbours_alone() -> None:
    out = taken(
        "readings",
        array(
            reading(event_id="a"),
            b'{"device_connection_id":',
            reading(event_id="b", readings={"weight_kg": -1}),
            reading(event_id="c", timestamp="2019-13-01T00:00:00Z"),
            reading(event_id="d"),
        ).replace(b'{"device_connection_id":,', b'{"nothing":1},'),
    )
    assert [msgspec.json.decode(item.message)["event_id"] for item in stored(out)] == ["a", "d"]
    assert {tuple(receipt.event_ids): receipt.code for _, receipt in out.receipts} == {
        ("b",): "out_of_bounds",
        ("c",): "wrong_type",
    }
    of_the_cuff = [r for _, r in out.rejections if r.event_id is not None]
    assert [(r.device_connection_id, r.event_id, r.hub_id) for r in of_the_cuff] == [
        (CUFF, "b", HUB),
        (CUFF, "c", HUB),
    ]
    assert of_the_cuff[0].field == "readings.weight_kg"


def test_without_an_event_id_it_is_stored_and_without_receipts() -> None:
    assert len(taken("readings", reading(event_id=None)).envelopes) == 1
    out = taken("readings", reading(event_id=None, readings={"weight_kg": -1}))
    assert out.receipts == []
    assert [(r.device_connection_id, r.code, r.event_id) for _, r in out.rejections] == [
        (CUFF, "out_of_bounds", None)
    ]


@pytest.mark.parametrize("event_id", [7, "", "x" * 65, "with space", None, {"a": 1}])
def test_an_event_id_that_cannot_be_read_gets_no_receipt(event_id: Any) -> None:
    raw = msgspec.json.encode({**msgspec.json.decode(reading()), "event_id": event_id})
    out = taken("readings", raw)
    assert (out.envelopes, out.receipts) == ([], [])
    assert [r.device_connection_id for _, r in out.rejections] == [CUFF]


def test_a_foreign_connection_is_not_found_and_noted() -> None:
    out = taken("readings", reading(FOREIGN))
    assert out.envelopes == []
    assert out.receipts == [(HUB, HubReceipt(event_ids=["e-1"], status="rejected", code="not_found"))]
    [(refusal, caller)] = out.denied
    assert (refusal.code, refusal.connection and refusal.connection.id) == ("not_found", FOREIGN)
    assert (caller.hub_id, caller.role) == (HUB, "hub")
    assert (
        shown_on(out) == BEHIND
    )  # its owner hears nothing of a stranger's attempt, and neither does the other
    assert {patient for patient, _ in out.rejections} == {PATIENT}


def test_an_unknown_connection_looks_the_same_as_a_foreign_one() -> None:
    unknown, foreign = taken("readings", reading(uuid4())), taken("readings", reading(FOREIGN))
    assert (unknown.receipts, unknown.rejections) == (foreign.receipts, foreign.rejections)


def test_a_revoked_device_is_told_so() -> None:
    out = taken("readings", reading(GONE))
    assert [receipt.code for _, receipt in out.receipts] == ["consent_revoked"]
    assert [(r.device_connection_id, r.code) for _, r in out.rejections] == [(GONE, "consent_revoked")]
    assert [refusal.code for refusal, _ in out.denied] == ["consent_revoked"]


def test_a_patients_device_behind_no_hub_is_not_found() -> None:
    world = World()
    world.put(SCALE, hub_id=None)
    out = taken("readings", reading(SCALE), world=world)
    assert [(r.device_connection_id, r.code) for _, r in out.rejections] == [(SCALE, "not_found")]


def test_a_payload_above_256_kib() -> None:
    just = reading(event_id="x")
    assert len(taken("readings", just + b" " * (MAX_MESSAGE - len(just))).envelopes) == 1
    out = taken("readings", just + b" " * (MAX_MESSAGE - len(just) + 1))
    assert out.envelopes == []
    assert out.receipts == [(HUB, HubReceipt(event_ids=["x"], status="rejected", code="payload_too_large"))]
    assert codes(out) == ["payload_too_large"] * 2


def test_more_than_a_thousand_readings() -> None:
    # small ones: only their number is too large
    items = [b'{"event_id":"e-%d"}' % number for number in range(MAX_ITEMS + 201)]
    out = taken("readings", array(*items, b"7", b'{"event_id":9}', b'{"event_id":"' + b"x" * 65 + b'"}'))
    assert out.envelopes == []
    assert all(hub == HUB and receipt.code == "payload_too_large" for hub, receipt in out.receipts)
    assert [len(receipt.event_ids) for _, receipt in out.receipts] == [500, 500, 201]
    told = [id for _, receipt in out.receipts for id in receipt.event_ids]
    assert told == [f"e-{number}" for number in range(MAX_ITEMS + 201)]
    assert len(taken("readings", array(*items[:MAX_ITEMS])).receipts) == 2  # each judged by itself


def test_too_much_that_is_not_even_json() -> None:
    out = taken("readings", b"x" * (MAX_MESSAGE + 1))
    assert out.receipts == []
    assert codes(out) == ["payload_too_large"] * 2


@given(st.integers(0, 3 * RECEIPT_MAX + 1))
def test_receipts_hold_at_most_500_ids_and_all_of_them(count: int) -> None:
    ids = [str(number) for number in range(count)]
    receipts = rejected_receipts(ids, "x")
    assert [id for receipt in receipts for id in receipt.event_ids] == ids
    assert all(0 < len(receipt.event_ids) <= RECEIPT_MAX for receipt in receipts)


def test_state() -> None:
    out = taken("state", b'{"state":"online","firmware":"1.2","slots":3}', b'{"state":"offline","more":1}')
    assert out.states == [
        HubStateChanged(hub_id=HUB, state="online", at=NOW, firmware="1.2", slots=3),
        HubStateChanged(hub_id=HUB, state="offline", at=NOW),
    ]
    long = taken("state", b'{"state":"online","firmware":"' + b"1" * 200 + b'"}')
    assert long.states[0].firmware == "1" * 64


DEEP = b'{"state":"online","ok":true,"x":' + b"[" * 5000 + b"]" * 5000 + b"}"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "unreadable_state"),
        (b'{"state":"asleep"}', "unreadable_state"),
        (b'{"state":"online","slots":-1}', "unreadable_state"),
        (b'{"state":"\xff"}', "unreadable_state"),
        (DEEP, "unreadable_state"),
        (b'{"state":"online"}' + b" " * MAX_MESSAGE, "payload_too_large"),
    ],
)
def test_a_state_that_cannot_be_read_has_a_reason(payload: bytes, why: str) -> None:
    out = taken("state", payload)
    assert out.states == []
    assert [(hub and hub.id, reason) for hub, reason in out.ignored] == [(HUB, why)]


def test_answers() -> None:
    command_id = uuid4()
    found = [{"address": f"c0:26:df:00:00:{n:02x}", "rssi": -60.5} for n in range(60)]
    out = taken(
        "commands",
        msgspec.json.encode({"ok": True, "devices": found}),
        msgspec.json.encode({"ok": False, "error": "e" * 200}),
        rest=str(command_id),
    )
    assert [(a.hub_id, a.command_id, a.ok) for a in out.answers] == [
        (HUB, command_id, True),
        (HUB, command_id, False),
    ]
    assert len(out.answers[0].devices) == 50
    assert out.answers[0].devices[0].rssi == -60.5
    assert out.answers[1].error == "e" * 120


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("", b'{"ok":true}'),
        ("not-an-id", b'{"ok":true}'),
        (f"{uuid4()}/more", b'{"ok":true}'),
        (str(uuid4()), b'{"ok":"yes"}'),
        (str(uuid4()), b"[]"),
        (str(uuid4()), DEEP),
    ],
)
def test_an_answer_that_cannot_be_read_has_a_reason(rest: str, payload: bytes) -> None:
    out = taken("commands", payload, rest=rest)
    assert out.answers == []
    assert [reason for _, reason in out.ignored] == ["unreadable_answer"]


@pytest.mark.parametrize(
    ("hub", "channel", "rest", "why"),
    [
        (HUB, "telemetry", "", "unknown_topic"),
        (HUB, "", "", "unknown_topic"),
        (HUB, "readings", "more", "unknown_topic"),
        (HUB, "state", "more", "unknown_topic"),
        ("hub-that-is-deleted", "readings", "", "unknown_hub"),
    ],
)
def test_what_nobody_listens_to_has_a_reason(hub: str, channel: str, rest: str, why: str) -> None:
    out = taken(channel, reading(), hub=hub, rest=rest)
    assert [(known and known.id, reason) for known, reason in out.ignored] == [
        (HUB if hub == HUB else None, why)
    ]
    assert msgspec.structs.replace(out, ignored=[]) == Take()


CHANNELS = st.sampled_from(["readings", "gatt", "state", "commands", "else"])
IDS = st.sampled_from([str(CUFF), str(SCALE), str(GONE), str(FOREIGN), str(uuid4()), "x"])
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "device_connection_id": IDS | ANY_JSON,
        "device_address": st.sampled_from(["c0:26:df:00:00:01", "", "?"]) | ANY_JSON,
        "event_id": st.sampled_from(["e-1", "", "é"]) | ANY_JSON,
        "timestamp": st.sampled_from(["2026-05-01T08:29:00Z", "0001-01-01T00:00:00+14:00"]) | ANY_JSON,
        "received_at": st.sampled_from(["2026-05-01T08:29:00Z", "9999-12-31T23:59:60-14:00"]) | ANY_JSON,
        "readings": st.sampled_from([{"weight_kg": 78.4}, {}, {"heart_rate": 60}]) | ANY_JSON,
        "service": st.sampled_from(["1810", "0x1810"]) | ANY_JSON,
        "characteristic": st.sampled_from(["2a35", "ffff"]) | ANY_JSON,
        "value": st.sampled_from(["1e7800500060000000", "0"]) | ANY_JSON,
        "meta": ANY_JSON,
        "state": st.sampled_from(["online", "offline"]) | ANY_JSON,
        "ok": st.booleans() | ANY_JSON,
        "devices": ANY_JSON,
        "slots": ANY_JSON,
    },
)
PAYLOADS = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet='[]{}",:0eE.-\\ utrfalsn', max_size=60).map(str.encode),
    ALMOST.map(msgspec.json.encode),
    st.lists(ALMOST, max_size=6).map(msgspec.json.encode),
    st.builds(lambda valid, cut: valid[:cut], st.just(array(reading(), gatt())), st.integers(0, 400)),
    st.builds(
        lambda valid, at, byte: valid[:at] + bytes([byte]) + valid[at + 1 :],
        st.sampled_from([reading(), gatt(), reading(FOREIGN)]),
        st.integers(0, 200),
        st.integers(0, 255),
    ),
)


@given(
    st.lists(st.tuples(st.sampled_from([HUB, FOREIGN_HUB, "deleted-hub"]), CHANNELS, PAYLOADS), max_size=4),
    st.sampled_from(["", str(uuid4()), "x", "é/#"]),
)
def test_any_bytes_on_any_channel(messages: list[tuple[str, str, bytes]], rest: str) -> None:
    """Nothing raises, each message amounts to something, and no hub speaks for a device that is not behind it."""
    world = World()
    out = Take()
    for hub, channel, payload in messages:
        before = sizes(out)
        take(
            out,
            Topic(hub_id=hub, channel=channel, rest=rest if channel == "commands" else ""),
            payload,
            world,
            NOW,
        )
        assert sizes(out) > before
    for (connection_id, envelope), item in zip(out.envelopes, stored(out), strict=True):
        assert item.connection_id == connection_id
        assert item.hub_id == world.connections[connection_id].hub_id
        assert world.connections[connection_id].consent == "active"
        assert bytes(item.message) in envelope
    for hub_id, receipt in out.receipts:
        assert hub_id in world.hubs
        assert receipt == msgspec.json.decode(msgspec.json.encode(receipt), type=HubReceipt)
    for patient_id, rejection in out.rejections:
        assert rejection == msgspec.json.decode(msgspec.json.encode(rejection), type=Rejection)
        shown = world.connections.get(rejection.device_connection_id or UUID(int=0))
        assert shown is not None
        assert shown.patient_id == patient_id
    for state in out.states:
        assert state == msgspec.json.decode(msgspec.json.encode(state), type=HubStateChanged)
    for answer in out.answers:
        msgspec.json.decode(msgspec.json.encode(answer), type=HubAnswered)


def sizes(out: Take) -> int:
    parts = (out.envelopes, out.receipts, out.rejections, out.states, out.answers, out.ignored)
    return sum(len(part) for part in parts)


@pytest.mark.parametrize(
    ("vendor", "channel", "payload", "pushed", "dropped"),
    [
        ("generic", "readings", b"{}", [("generic", b"{}")], []),
        ("generic", "readings", b"\xff", [("generic", b"\xff")], []),
        ("generic", "readings", b"", [], [("generic", "malformed")]),
        ("generic", "readings", b"x" * (MAX_MESSAGE + 1), [], [("generic", "malformed")]),
        ("generic", "readings/more", b"{}", [], [("generic", "malformed")]),
        ("withings", "readings", b"{}", [], [("other", "unknown")]),
        ("nobody", "readings", b"{}", [], [("other", "unknown")]),
    ],
)
def test_what_a_vendor_pushes_is_handed_on_as_it_is(
    vendor: str, channel: str, payload: bytes, pushed: Any, dropped: Any
) -> None:
    out = Take()
    take(out, VendorTopic(vendor=vendor, channel=channel), payload, World(), NOW)
    assert (out.pushed, out.dropped) == (pushed, dropped)
    assert (out.envelopes, out.receipts, out.rejections, out.may_be_early) == ([], [], [], False)
