"""The walk along a chain, on chains made here: whatever is done to one, the walk names the place."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.access.chain import GENESIS, NAMED_MAX, Link, Mark, Walk, link_hash

AT = datetime(2026, 5, 1, tzinfo=UTC)
BLANK = Link(
    shard=3,
    seq=0,
    prev_hash=GENESIS,
    hash=GENESIS,
    id=UUID(int=1),
    actor_id="a",
    actor_role="patient",
    action="data.read",
    object_type="t",
    object_id="o",
    patient_id=None,
    purpose="care",
    outcome="allowed",
    details="{}",
    ts=AT,
)


def chain(length: int) -> list[Link]:
    links: list[Link] = []
    for seq in range(1, length + 1):
        before = links[-1].hash if links else GENESIS
        link = replace(BLANK, seq=seq, id=UUID(int=seq), prev_hash=before, ts=AT + timedelta(seconds=seq))
        links.append(replace(link, hash=link_hash(link)))
    return links


def mark_of(link: Link, **more: object) -> Mark:
    mark = Mark(shard=link.shard, seq=link.seq, hash=link.hash, at=AT, signature=b"signed")
    return replace(mark, **more)


def walked(
    links: list[Link],
    head: Link | None,
    marks: list[Mark] | None = None,
    last: Mark | None = None,
) -> list[tuple[int, str]]:
    walk = Walk(3, lambda mark: mark.signature == b"signed")
    by_seq = {mark.seq: mark for mark in marks or []}
    for link in links:
        walk.step(link, by_seq.get(link.seq))
    walk.finish(
        head.seq if head else 0, head.hash if head else GENESIS, last or next(iter(marks or []), None)
    )
    return [(place.seq, place.fault) for place in walk.breaks]


@given(st.integers(0, 20))
def test_a_whole_chain_is_whole(length: int) -> None:
    links = chain(length)

    assert walked(links, links[-1] if links else None, [mark_of(link) for link in links[::3]]) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", UUID(int=99)),
        ("actor_id", "b"),
        ("actor_role", "admin"),
        ("action", "data.export"),
        ("object_type", "u"),
        ("object_id", "p"),
        ("patient_id", UUID(int=5)),
        ("purpose", "self"),
        ("outcome", "denied"),
        ("details", '{"a": 1}'),
        ("ts", AT),
        ("prev_hash", b"x"),
        ("shard", 4),
    ],
)
def test_a_changed_column_is_named(field: str, value: object) -> None:
    links = chain(5)
    head = links[-1]
    links[2] = replace(links[2], **{field: value})

    assert walked(links, head) == [(3, "changed")]


def test_text_cannot_slide_from_one_column_into_the_next() -> None:
    one, other = (
        replace(BLANK, actor_id="a|1:b", actor_role="c"),
        replace(BLANK, actor_id="a", actor_role="b|1:c"),
    )

    assert link_hash(one) != link_hash(other)


@given(st.integers(2, 12), st.data())
def test_missing_rows_are_named_by_the_first(length: int, data: st.DataObject) -> None:
    links = chain(length)
    first = data.draw(st.integers(1, length))
    last = data.draw(st.integers(first, length))

    found = walked(links[: first - 1] + links[last:], links[-1])

    assert found == [(first, "cut" if last == length else "gap")]


def test_a_tail_that_was_cut_with_its_head_is_known_from_the_checkpoint() -> None:
    links = chain(6)

    assert walked(links[:4], links[3], last=mark_of(links[5])) == [(5, "cut")]
    assert walked(links[:4], links[3]) == []  # nothing witnessed it: why checkpoints exist


def test_a_chain_that_was_written_anew_is_another_than_the_checkpoint_saw() -> None:
    links = chain(6)
    forged = chain(3)
    for link in links[3:]:
        link = replace(link, actor_id="somebody", prev_hash=forged[-1].hash)
        forged.append(replace(link, hash=link_hash(link)))

    assert walked(forged, forged[-1]) == []
    assert walked(forged, forged[-1], [mark_of(links[1]), mark_of(links[4])]) == [(5, "checkpoint")]


def test_a_checkpoint_that_we_did_not_sign_is_named() -> None:
    links = chain(4)
    forged = mark_of(links[2], signature=b"else")

    assert walked(links, links[-1], [forged]) == [(3, "checkpoint")]
    assert walked(links[:2], links[1], last=forged) == [(3, "cut"), (3, "checkpoint")]


def test_a_head_of_another_chain_is_named() -> None:
    links = chain(4)

    assert walked(links, replace(links[-1], hash=b"x")) == [(4, "head")]
    assert walked(links, links[2]) == [(4, "head")]


def test_a_log_that_is_ruined_does_not_ruin_the_report() -> None:
    links = [replace(link, outcome="error") for link in chain(NAMED_MAX * 3)]

    assert len(walked(links, links[-1])) == NAMED_MAX
