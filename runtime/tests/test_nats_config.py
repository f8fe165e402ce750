"""The configuration of nats-server follows the tables, and the server takes it."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from proto.subjects import APP_USERS, STREAMS
from runtime import secrets
from runtime.embedded import nats
from runtime.embedded.server import ServerError
from runtime.home import Home


@pytest.fixture
def rendered() -> dict[str, Any]:
    known: dict[str, str] = defaultdict(lambda: "secret")
    return nats.render(4222, 1883, "/somewhere", known)


def users(rendered: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {user["user"]: user for account in rendered["accounts"].values() for user in account["users"]}


def test_an_acknowledgement_waits_for_the_disk(rendered: dict[str, Any]) -> None:
    assert rendered["jetstream"]["sync_interval"] == "always"


def test_streams_fit_into_what_the_server_reserves(rendered: dict[str, Any]) -> None:
    assert rendered["jetstream"]["max_file_store"] > sum(max(row.max_bytes, 0) for row in STREAMS)


def test_there_is_room_for_the_consumers_of_many_hubs(rendered: dict[str, Any]) -> None:
    """Each hub has two in one stream; the server's own limit, 1,000, ends at hub 499."""
    assert rendered["jetstream"]["limits"]["default_max_consumers"] == 100_000


@pytest.mark.parametrize("user", [*APP_USERS, "hubs-bridge"])
def test_a_service_has_an_allow_list_and_an_inbox_of_its_own(rendered: dict[str, Any], user: str) -> None:
    permissions = users(rendered)[user]["permissions"]

    assert permissions["subscribe"]["allow"][0] == f"_INBOX_{user}.>"
    assert ">" not in permissions["publish"]["allow"] + permissions["subscribe"]["allow"]


def test_static_users_bypass_the_callout_and_cannot_use_mqtt(rendered: dict[str, Any]) -> None:
    assert set(rendered["authorization"]["auth_callout"]["auth_users"]) == set(users(rendered))
    assert {tuple(user["allowed_connection_types"]) for user in users(rendered).values()} == {("STANDARD",)}


def test_the_server_takes_it(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    secrets.ensure(home.secrets)

    server = nats.prepare(home, 4222, 1883, 8222)

    config = Path(server.argv[-1])
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_wrong_configuration_is_refused_with_the_reason(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text('{"jetstream": {"no_such_field": 1}}')

    with pytest.raises(ServerError, match="no_such_field"):
        nats.check(config)


@contextmanager
def monitor(status: int, body: bytes) -> Iterator[int]:
    """The port of something that answers like the monitor of nats-server."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_cannot_write_says_why() -> None:
    with monitor(
        503, b'{"status":"unavailable","error":"JetStream stream write error: no space left on device"}'
    ) as port:
        assert nats.ailment(port) == "JetStream stream write error: no space left on device"


def test_a_server_that_is_well_or_says_nothing_is_not_judged() -> None:
    with monitor(200, b'{"status":"ok"}') as port:
        assert nats.ailment(port) is None
    assert nats.ailment(port) is None


def test_hubs_outside_their_branch_are_counted_by_name(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    assert nats.out_of_branch(home) == {}
    home.log("nats").write_text(
        '[7] 2026/05/01 08:30:00.1 [ERR] 127.0.0.1:59055 - mid:104 - "hub-a" - Publish Violation - Subject "dc.v1.hubs.hub-b.up.readings"\n'
        '[7] 2026/05/01 08:30:00.2 [ERR] 127.0.0.1:59055 - mid:104 - "hub-a" - Subscription Violation - Subject ">", SID >\n'
        "[7] 2026/05/01 08:30:00.3 [INF] Server is ready\n"
    )

    assert nats.out_of_branch(home) == {"hub-a": 2}
