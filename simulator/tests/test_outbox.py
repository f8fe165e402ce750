"""The hub's queue: nothing is forgotten without a receipt, and nothing is sent for ever in step with others."""

import random
from pathlib import Path

import pytest

from simulator.journal import FileJournal
from simulator.outbox import Kept, Outbox


def kept(number: int, topic: str = "up/gatt") -> Kept:
    return Kept(event_id=f"e{number}", topic=topic, message={"event_id": f"e{number}"})


def outbox(resend_s: float = 100) -> Outbox:
    return Outbox(resend_s, random.Random(1))


def ids(messages: list[Kept]) -> list[str]:
    return [one.event_id for one in messages]


def test_a_new_reading_is_due_at_once_and_in_order() -> None:
    box = outbox()
    for number in range(3):
        box.add(kept(number), now=10)

    assert ids(box.due(10)) == ["e0", "e1", "e2"]
    assert ids(box.due(10, limit=2)) == ["e0", "e1"]


def test_one_publication_holds_one_branch() -> None:
    box = outbox()
    box.add(kept(1), now=0)
    box.add(kept(2, "up/readings"), now=0)
    box.add(kept(3), now=0)

    assert ids(box.due(0)) == ["e1", "e3"]
    box.sent(["e1", "e3"], now=0)
    assert ids(box.due(0)) == ["e2"]


def test_a_sent_reading_waits_for_its_receipt_and_goes_again_later_with_jitter() -> None:
    box = outbox(resend_s=100)
    box.add(kept(1), now=0)
    box.add(kept(2), now=0)
    box.sent(["e1", "e2"], now=0)

    assert box.due(99.9) == []
    assert ids(box.due(121)) == ["e1", "e2"]
    box.sent(["e1", "e2"], now=121)
    due = box.next_due()
    assert due is not None
    assert 221 <= due <= 241
    assert (box.counters.sent, box.counters.resent) == (2, 2)


def test_only_a_receipt_lets_it_forget() -> None:
    box = outbox()
    box.add(kept(1), now=0)
    box.add(kept(2), now=0)
    box.sent(["e1", "e2"], now=0)

    assert box.receipt(["e1", "unknown"], "stored") == ["e1"]
    assert len(box) == 1
    assert box.receipt(["e2"], "rejected") == ["e2"]
    assert box.next_due() is None
    assert (box.counters.receipts, box.counters.rejected) == (1, 1)


def test_what_is_settled_is_not_taken_up_again() -> None:
    box = outbox()
    box.add(kept(1), now=0)
    box.receipt(["e1"], "stored")

    box.sent(["e1"], now=0)

    assert len(box) == 0


def test_after_a_reconnect_everything_unsettled_goes_again_soon() -> None:
    box = outbox(resend_s=300)
    box.add(kept(1), now=0)
    box.sent(["e1"], now=0)
    box.add(kept(2), now=1)

    box.reconnected(now=2)

    assert ids(box.due(2)) == ["e2"]
    assert ids(box.due(7)) == ["e1", "e2"]


def test_the_same_event_is_kept_once() -> None:
    box = outbox()
    box.add(kept(1), now=0)
    box.sent(["e1"], now=0)
    box.add(kept(1), now=1)

    assert box.due(1) == []


def test_a_journal_brings_back_what_had_no_receipt(tmp_path: Path) -> None:
    path = tmp_path / "hub" / "outbox.ndjson"
    journal = FileJournal(path)
    box = Outbox(100, random.Random(1), journal)
    for number in range(3):
        box.add(kept(number), now=0)
    box.receipt(["e1"], "stored")
    journal.close()

    again = FileJournal(path)
    second = Outbox(100, random.Random(1), again)
    second.restore(again.kept, now=50)
    again.close()

    assert ids(second.due(50)) == ["e0", "e2"]
    assert path.stat().st_mode & 0o777 == 0o600
    second.sent(["e0", "e2"], now=50)
    assert second.counters.resent == 2


@pytest.mark.parametrize("cut", [1, 7, 20])
def test_a_torn_last_line_loses_only_itself(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "outbox.ndjson"
    journal = FileJournal(path)
    journal.added(kept(1))
    journal.added(kept(2))
    journal.close()
    path.write_bytes(path.read_bytes()[:-cut])

    again = FileJournal(path)
    again.close()

    assert "e1" in ids(again.kept)
    assert len(again.kept) == (2 if cut == 1 else 1)
