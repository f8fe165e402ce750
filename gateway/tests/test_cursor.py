"""Cursors: what goes in comes out, order is kept, and nothing else is taken for one."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.cursor import LAST, Cursor, decode, encode, is_lost

CURSORS = st.builds(
    Cursor,
    incarnation=st.integers(0, 2**64 - 1),
    sequence=st.integers(0, 2**64 - 1),
    part=st.integers(0, LAST),
)


@given(CURSORS)
def test_a_cursor_survives_its_text(cursor: Cursor) -> None:
    text = encode(cursor)

    assert decode(text) == cursor
    assert len(text) == 27
    assert text.replace("-", "").replace("_", "").isalnum()


@given(CURSORS, CURSORS)
def test_different_cursors_have_different_texts(one: Cursor, other: Cursor) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_nothing(text: str) -> None:
    cursor = decode(text)

    assert cursor is None or decode(encode(cursor)) == cursor


def test_a_cursor_is_lost_with_its_stream_or_when_what_followed_it_is_gone() -> None:
    whole, middle = Cursor(1, 10, LAST), Cursor(1, 10, 2)

    assert not is_lost(whole, 1, 1)
    assert not is_lost(whole, 1, 11)
    assert is_lost(whole, 1, 12)
    assert not is_lost(middle, 1, 10)
    assert is_lost(middle, 1, 11)
    assert is_lost(whole, 2, 1)
    assert not is_lost(Cursor(1, 0, LAST), 1, 1)
