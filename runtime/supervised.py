"""One process under supervision: started, known to be ready or not, started again with growing patience when it dies."""

import http.client
import signal
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import msgspec

from runtime.handover import Notices
from runtime.home import LOOPBACK

FIRST_S: Final = 0.1
LONGEST_S: Final = 5.0
"""Even one that dies again and again is tried this often: readings wait for it."""
HEALTHY_S: Final = 2.0
"""One that was ready for this long has recovered: its next death counts as the first."""
RETIRED_S: Final = 45.0
"""Longer than any process takes to finish what it has in hand (`runtime.serve`, the consumers)."""


class Handle(Protocol):
    """What a started program and a forked child have in common."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...
    def send_signal(self, number: int) -> None: ...


def backoff_s(deaths: int) -> float:
    """How long to wait before the next start, after so many deaths in a row (the first: 1)."""
    return float(min(LONGEST_S, FIRST_S * 2 ** min(deaths - 1, 10)))


class Supervised:
    """The state of one process. Decisions take `now` (monotonic seconds); the caller has the clock and the loop."""

    def __init__(
        self, name: str, start: Callable[[], Handle], probe: Callable[[int], bool], *, needed: bool = True
    ) -> None:
        self.name = name
        self.needed = needed
        """Whether the system is ready only when this is."""
        self.handle: Handle | None = None
        self.ready = False
        self.restarts = 0
        self.deaths = 0
        """In a row."""
        self.last_code: int | None = None
        self._start = start
        self._probe = probe
        self._ready_at = 0.0
        self._due_at: float | None = None

    @property
    def pid(self) -> int | None:
        return self.handle.pid if self.handle is not None else None

    @property
    def state(self) -> str:
        if self.handle is None:
            return "waiting"
        return "ready" if self.ready else "starting"

    @property
    def settled(self) -> bool:
        """Whether nothing is expected of it."""
        return self.ready

    @property
    def handles(self) -> list[Handle]:
        """Every program that runs for it."""
        return [] if self.handle is None else [self.handle]

    @property
    def pids(self) -> dict[str, int]:
        return {
            f"{self.name}-{number}" if number else self.name: handle.pid
            for number, handle in enumerate(self.handles)
        }

    def hands_over(self, now: float) -> bool:
        """One step of a relief, if one is due; answers whether there was one."""
        return False

    def start(self) -> None:
        self.handle = self._start()

    def has_died(self, now: float) -> bool:
        """Notices a death, once, and decides when to start again."""
        if self.handle is None or self.handle.poll() is None:
            return False
        self.last_code = self.handle.returncode
        self.failed_to_start(now, recovered=self.ready and now - self._ready_at >= HEALTHY_S)
        return True

    def failed_to_start(self, now: float, *, recovered: bool = False) -> None:
        self.deaths = 1 if recovered else self.deaths + 1
        self._due_at = now + backoff_s(self.deaths)
        self.handle, self.ready = None, False

    def is_due(self, now: float) -> bool:
        return self._due_at is not None and now >= self._due_at

    def restart(self) -> None:
        self._due_at = None
        self.restarts += 1
        self.start()

    def becomes_ready(self, now: float) -> bool:
        """Asks a started one whether it answers; True the one time that it turns ready."""
        if self.ready or self.handle is None or not self._probe(self.handle.pid):
            return False
        self.ready, self._ready_at = True, now
        return True


class Served(Supervised):
    """A process on sockets that stay open. One that is told to leave stays until its successor serves, so that there is
    always somebody who takes what comes; a successor that dies is started again meanwhile.
    """

    def __init__(self, name: str, start: Callable[[], Handle], notices: Notices) -> None:
        super().__init__(name, start, partial(notices.has_said, "serves"))
        self.successor: Handle | None = None
        self.retired: list[tuple[Handle, float]] = []
        """Relieved, and when; they finish what they have in hand."""
        self._notices = notices
        self._successor_due_at = 0.0

    @property
    def settled(self) -> bool:
        return self.ready and not self.leaves

    @property
    def handles(self) -> list[Handle]:
        everyone = (self.handle, self.successor, *(each for each, _ in self.retired))
        return [each for each in everyone if each is not None]

    @property
    def leaves(self) -> bool:
        return self.handle is not None and self.ready and self._notices.has_said("leaves", self.handle.pid)

    def has_died(self, now: float) -> bool:
        self.retired = [(each, since) for each, since in self.retired if each.poll() is None]
        for each, since in self.retired:
            if now - since >= RETIRED_S:
                each.send_signal(signal.SIGKILL)
        if not super().has_died(now):
            return False
        if self.successor is not None:  # it is on its way already
            self.handle, self.successor, self._due_at = self.successor, None, None
            self.restarts += 1
        return True

    def hands_over(self, now: float) -> bool:
        if not self.leaves or self.handle is None:
            return False
        if self.successor is None:
            if now < self._successor_due_at:
                return False
            self.successor = self._start()
        elif self.successor.poll() is not None:
            self.last_code = self.successor.returncode
            self.deaths += 1
            self.successor, self._successor_due_at = None, now + backoff_s(self.deaths)
        elif self._probe(self.successor.pid):
            self.handle.send_signal(signal.SIGINT)
            self.retired.append((self.handle, now))
            self.handle, self.successor, self._ready_at = self.successor, None, now
            self.restarts += 1
        else:
            return False
        return True


class Readiness(msgspec.Struct):
    """What a process answers on /readyz."""

    ready: bool = False
    problems: list[str] = []


def ask_ready(port: int, timeout_s: float = 1.0) -> Readiness:
    """Asks `/readyz`; a process that does not answer is not ready, and that is its problem."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", "/readyz")
        return msgspec.json.decode(connection.getresponse().read(), type=Readiness)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return Readiness(problems=["does not answer"])
    finally:
        connection.close()
