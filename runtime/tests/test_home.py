"""Folders and ports of one installation."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.embedded.server import Server, ServerError, start
from runtime.home import (
    GRPC_OFFSET,
    LOOPBACK,
    PORTS,
    S3_PORTS,
    Home,
    free_port,
    is_free,
    read_json,
    reserve,
    write_json,
)

CHOOSER = """
import sys
from runtime.home import free_port
first, end, count = map(int, sys.argv[1:])
print(*(free_port(range(first, end)) for _ in range(count)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def choosers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _chooser(stack: ExitStack, among: range, count: int) -> "subprocess.Popen[str]":
    """A process that chooses ports and lives until its input ends."""
    command = [sys.executable, "-c", CHOOSER, str(among.start), str(among.stop), str(count)]
    pipe = subprocess.PIPE
    return stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))


def _told(chooser: "subprocess.Popen[str]") -> list[int]:
    assert chooser.stdout is not None
    return [int(port) for port in chooser.stdout.readline().split()]


@pytest.fixture
def somebody() -> Iterator[socket.socket]:
    listener = socket.create_server((LOOPBACK, free_port()))
    yield listener
    listener.close()


def test_only_its_owner_may_look_into_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home").create()

    assert home.path.stat().st_mode & 0o777 == 0o700


def test_ports_are_below_the_ephemeral_range_and_kept(tmp_path: Path) -> None:
    first = Home(tmp_path).ports(["nats", "mqtt"])

    assert all(port in PORTS for port in first.values())
    assert len(set(first.values())) == 2
    assert Home(tmp_path).ports(["nats", "mqtt"]) == first


def test_a_kept_port_that_is_taken_meanwhile_is_replaced(tmp_path: Path, somebody: socket.socket) -> None:
    taken = somebody.getsockname()[1]
    write_json(tmp_path / "ports.json", {"nats": taken})

    port = Home(tmp_path).port("nats")

    assert port != taken
    assert read_json(tmp_path / "ports.json", {}) == {"nats": port}


def test_processes_that_choose_at_once_never_get_the_same_port(choosers: ExitStack) -> None:
    """Nobody listens on any of them yet; three quarters of the range are taken in the end."""
    among = range(31_000, 31_080)
    every = [_chooser(choosers, among, 10) for _ in range(6)]

    chosen = [port for one in every for port in _told(one)]

    assert len(set(chosen)) == len(chosen) == 60
    assert set(chosen) <= set(among)


def test_a_port_is_free_again_when_the_process_that_had_it_is_killed(choosers: ExitStack) -> None:
    (port,) = _told(killed := _chooser(choosers, PORTS, 1))

    assert not reserve(port)
    killed.kill()
    killed.wait()

    assert reserve(port)


def test_ports_of_the_object_store_leave_room_for_its_second_ones(tmp_path: Path) -> None:
    ports = Home(tmp_path).ports(["s3", "s3-filer"], S3_PORTS)

    assert all(port + GRPC_OFFSET < 32768 and is_free(port + GRPC_OFFSET) for port in ports.values())


def test_nobody_gets_a_second_port_of_the_object_store_not_even_from_an_older_choice(tmp_path: Path) -> None:
    home = Home(tmp_path)
    second = home.port("s3", S3_PORTS) + GRPC_OFFSET
    write_json(home.path / "ports.json", {"s3": second - GRPC_OFFSET, "pairing": second})

    others = range(second + 1, second + 100)  # not just the next one: it may be somebody's
    assert home.port("pairing", range(second, others.stop)) in others


def test_only_the_object_store_has_second_ports(tmp_path: Path) -> None:
    high = free_port(range(30_000, 32_768))
    write_json(tmp_path / "ports.json", {"postgres": high, "idp": high - GRPC_OFFSET})

    assert Home(tmp_path).port("postgres") == high


def test_a_taken_port_is_said_before_the_server_starts(tmp_path: Path, somebody: socket.socket) -> None:
    port = somebody.getsockname()[1]
    server = Server(
        name="nats",
        argv=("/bin/false",),
        url="",
        ports=(port,),
        ready=lambda pid: True,
        home=Home(tmp_path).create(),
    )

    with pytest.raises(ServerError, match=f"port {port} on 127.0.0.1 is taken"):
        start(server)


def test_a_server_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Server(
        name="nats",
        argv=("/bin/sh", "-c", "echo the disk is full; exit 3"),
        url="",
        ports=(),
        ready=lambda pid: False,
        home=Home(tmp_path).create(),
    )

    with pytest.raises(ServerError, match=r"(?s)nats ended with code 3.*the disk is full"):
        start(server).wait_ready()


def test_a_server_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    server = Server(
        name="nats",
        argv=("/bin/sleep", "60"),
        url="",
        ports=(),
        ready=lambda pid: False,
        home=Home(tmp_path).create(),
        start_s=0.2,
    )
    running = start(server)

    with pytest.raises(ServerError, match="did not answer within"):
        running.wait_ready()
    assert not running.alive


def test_a_large_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.home.LOG_LIMIT", 10)
    home = Home(tmp_path).create()
    home.log("nats").write_text("more than ten bytes\n")

    with open(home.open_log("nats"), "w") as log:
        log.write("fresh\n")

    assert home.last_lines("nats") == ["fresh"]
    assert (tmp_path / "log/nats.log.1").read_text() == "more than ten bytes\n"
