"""Sockets that outlive those who serve on them, and the words by which a supervisor knows who does."""

import os
import socket

import pytest

from runtime.handover import Notices, listen, place
from runtime.home import free_port


def test_who_comes_while_nobody_serves_waits() -> None:
    port = free_port()
    with listen("127.0.0.1", port)[0] as listener, socket.create_connection(("127.0.0.1", port)) as early:
        early.sendall(b"early")

        with listener.accept()[0] as accepted:
            accepted.settimeout(5)
            assert accepted.recv(16) == b"early"


def test_hanging_up_refuses_until_somebody_listens_again() -> None:
    port = free_port()
    opened = place("127.0.0.1", port, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as waiting:
        opened.hang_up()
        opened.hang_up()

        with pytest.raises(ConnectionResetError):
            waiting.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    opened.http[0].listen()
    with socket.create_connection(("127.0.0.1", port)), opened.http[0].accept()[0] as accepted:
        assert accepted.getsockname()[1] == port
    opened.close()


def test_a_host_with_two_addresses_has_two_sockets() -> None:
    port = free_port()
    expected = {family for family, *_ in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}

    opened = listen("localhost", port)

    assert {each.family for each in opened} == expected
    assert {each.getsockname()[1] for each in opened} == {port}
    assert not any(os.get_inheritable(each.fileno()) for each in opened)  # not for programs that are started
    for each in opened:
        each.close()


def test_a_taken_port_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", other.getsockname()[1])


def test_a_word_of_a_child_is_heard_by_its_id_and_forgotten_with_it() -> None:
    notices = Notices()
    notices.listen()
    assert not notices.has_said("serves", os.getpid())

    assert notices.tell("serves")
    notices.listen()
    assert notices.has_said("serves", os.getpid())
    assert not notices.has_said("leaves", os.getpid())
    notices.forget(os.getpid())

    assert not notices.has_said("serves", os.getpid())
    os.close(notices.reader)
    assert not notices.tell("leaves")  # nobody is there to hear it
