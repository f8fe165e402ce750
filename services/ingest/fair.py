"""Who goes next when more waits than leaves, and who may wait at all. Pure: knows no time and no I/O."""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """A turn each between senders, first come first served within one. A lone sender's queue is an ordinary one."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, deque[T]] = {}
        self._turns: deque[Hashable] = deque()

    def __bool__(self) -> bool:
        return bool(self._turns)

    def put(self, sender: Hashable, item: T) -> None:
        line = self._lines.get(sender)
        if line is None:
            line = self._lines[sender] = deque()
            self._turns.append(sender)
        line.append(item)

    def first(self) -> T:
        """Whose turn it is. Raises `IndexError` when nobody waits."""
        return self._lines[self._turns[0]][0]

    def pop(self) -> T:
        """Takes it; its sender goes to the end of the row, or leaves it."""
        sender = self._turns.popleft()
        line = self._lines[sender]
        item = line.popleft()
        if line:
            self._turns.append(sender)
        else:
            del self._lines[sender]
        return item


class Room:
    """How many items wait, in all and of each sender.

    A sender may have waiting what is still free (the dynamic threshold of shared-memory switches, with factor 1): alone
    it gets half of the room, two get a third each, and one who sends little finds a place whatever the others do.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_sender: dict[Hashable, int] = {}
        self.waiting = 0

    @property
    def is_full(self) -> bool:
        return self.waiting >= self._limit

    def has_for(self, sender: Hashable) -> bool:
        return self._by_sender.get(sender, 0) < self._limit - self.waiting

    def enter(self, sender: Hashable, count: int) -> None:
        self.waiting += count
        self._by_sender[sender] = self._by_sender.get(sender, 0) + count

    def leave(self, sender: Hashable, count: int) -> None:
        self.waiting -= count
        left = self._by_sender[sender] - count
        if left:
            self._by_sender[sender] = left
        else:
            del self._by_sender[sender]
