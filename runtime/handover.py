"""What a process that serves has of its supervisor: sockets that outlive it, and a word to say that it serves or leaves.

The supervisor keeps the sockets open. Who connects while a process starts again waits in the queue of a socket instead
of being refused; while one process relieves another, both take from that queue.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

import msgspec

BACKLOG: Final = 2048
PATIENCE_S: Final = 5.0
"""A client waits so long for a process that starts; then it is refused, and may do something better than wait."""
RELIEF_S: Final = 15.0
"""One that was asked to leave stays so long for its successor; then it leaves all the same."""

Word = Literal["serves", "leaves"]


class Place(msgspec.Struct, frozen=True):
    """Where one process serves, as the supervisor keeps it."""

    http: tuple[socket.socket, ...]
    metrics: tuple[socket.socket, ...]

    def close(self) -> None:
        for each in (*self.http, *self.metrics):
            each.close()

    def hang_up(self) -> None:
        """Refuses those who wait and those who come, until somebody listens on the sockets again.

        For when nobody serves: it would make whoever does deaf. Where the system cannot do it, they go on waiting.
        """
        for each in self.http:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Post(msgspec.Struct, frozen=True):
    """The same as a process has it. `relieves`: another one still serves here."""

    place: Place
    tell: Callable[[Word], bool]
    """Answers whether somebody heard it."""
    relieves: bool
    patience_s: float = PATIENCE_S


class Notices:
    """A pipe by which children say a word about themselves; remembered by process id."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        self._rest = b""
        self._heard: set[tuple[int, str]] = set()

    def tell(self, word: Word) -> bool:
        """From a child. False when the supervisor is gone."""
        try:
            os.write(self._writer, f"{os.getpid()} {word}\n".encode())
        except OSError:
            return False
        return True

    def listen(self) -> None:
        """Takes what has been said, without waiting."""
        with suppress(BlockingIOError):
            *lines, self._rest = (self._rest + os.read(self.reader, 64 * 1024)).split(b"\n")
            for line in lines:
                pid, word = line.decode().split()
                self._heard.add((int(pid), word))

    def has_said(self, word: Word, pid: int) -> bool:
        return (pid, word) in self._heard

    def forget(self, pid: int) -> None:
        """A process id is reused."""
        self._heard = {each for each in self._heard if each[0] != pid}

    def leave(self, *, speaks: bool) -> None:
        """In a child: what is said there goes to the supervisor alone, and nowhere once that is gone."""
        os.close(self.reader)
        if not speaks:
            os.close(self._writer)


def place(host: str, http_port: int, metrics_port: int) -> Place:
    """Opens the sockets of one process. Raises `OSError` when a port is taken."""
    return Place(listen(host, http_port), listen(host, metrics_port))


def listen(host: str, port: int) -> tuple[socket.socket, ...]:
    """One socket for each address of the host, as a server that opens its own would have."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            opened.append(socket.create_server(address, family=family, backlog=BACKLOG))
            opened[-1].setblocking(
                False
            )  # two processes may see the same connection, and one of them take it
    except OSError:
        for each in opened:
            each.close()
        raise
    return tuple(opened)
