"""Turns: nobody is lost, nobody overtakes within a sender, and nobody waits for more than one turn of each other."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.fair import FairQueue, Room

SENDERS = st.lists(st.sampled_from("abcd"), max_size=60)


@given(SENDERS)
def test_each_sender_is_served_in_order_and_between_senders_by_turns(senders: list[str]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    for number, sender in enumerate(senders):
        queue.put(sender, (sender, number))
    served = []
    while queue:
        first = queue.first()
        assert queue.pop() == first
        served.append(first)
    assert sorted(number for _, number in served) == list(range(len(senders)))
    for sender in set(senders):
        mine = [number for who, number in served if who == sender]
        assert mine == sorted(mine)
        places = [place for place, (who, _) in enumerate(served) if who == sender]
        gaps = [after - before for before, after in pairwise(places)]
        assert all(gap <= len(set(senders)) for gap in gaps)


@given(SENDERS)
def test_room_is_left_for_somebody_new_until_it_is_full(senders: list[str]) -> None:
    room = Room(20)
    entered = []
    for sender in senders:
        if room.has_for(sender):
            room.enter(sender, 1)
            entered.append(sender)
        assert room.has_for("somebody new") == (not room.is_full)
    for sender in entered:
        room.leave(sender, 1)
    assert room.waiting == 0
    assert all(room.has_for(sender) for sender in "abcd")
