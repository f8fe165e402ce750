"""`device-connect dlq`: what was given up is listed without its content, shown to who has the keys, and played again."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import nats
import pytest

from proto import subjects
from runtime.commands.dead_letters import ACTOR
from runtime.tests.conftest import Installation
from tests.support.servers import NatsServer, run

pytestmark = pytest.mark.integration
CONNECTION = UUID("01900000-0000-7000-8000-0000000000c1")
READING = b'{"device_connection_id":"01900000-0000-7000-8000-0000000000c1","readings":{"spo2_pct":97}}'
Asked = Callable[..., Any]


@pytest.fixture
def asked(installation: Installation) -> Asked:
    """The answer of `dlq …`, which went well."""

    def ask(*words: str, code: int = 0) -> Any:
        done, out, err = installation.command("dlq", *words)
        assert done == code, err
        return msgspec.json.decode(out)

    return ask


class Ingest:
    """The stream into which letters are played."""

    def __init__(self, server: NatsServer, installation: Installation) -> None:
        self._url = server.url
        self._password = (installation.home.secrets / "nats/admin").read_text().strip()

    async def _since(self, sequence: int) -> tuple[int, list[bytes]]:
        prefix = subjects.inbox_prefix("admin").encode()
        client = await nats.connect(self._url, user="admin", password=self._password, inbox_prefix=prefix)
        try:
            js = client.jetstream()
            last = (await js.stream_info("INGEST")).state.last_seq
            found = (
                [await js.get_msg("INGEST", seq) for seq in range(sequence + 1, last + 1)]
                if sequence >= 0
                else []
            )
            return last, [one.data or b"" for one in found]
        finally:
            await client.close()

    def stands_at(self) -> int:
        return run(self._since(-1))[0]

    def came_since(self, sequence: int) -> list[Any]:
        return [msgspec.json.decode(one) for one in run(self._since(sequence))[1]]


@pytest.fixture
def ingest(nats_server: NatsServer, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    monkeypatch.setenv("DC_NATS_URL", nats_server.url)
    return Ingest(nats_server, installation)


def test_the_list_has_ids_and_codes_newest_first_and_no_content(
    installation: Installation, asked: Asked
) -> None:
    first = installation.give_up(READING, code="consent_revoked", connection_id=CONNECTION)
    second = installation.give_up(b"\xff", code="unreadable")

    _, out, _ = installation.command("dlq", "list")

    assert "spo2" not in out
    items = msgspec.json.decode(out)["items"]
    assert [(one["id"], one["code"], one["device_connection_id"]) for one in items] == [
        (str(second), "unreadable", None),
        (str(first), "consent_revoked", str(CONNECTION)),
    ]
    assert [one["id"] for one in asked("list", "--code", "consent_revoked")["items"]] == [str(first)]
    assert asked("list", "--code", "nothing")["items"] == []


def test_one_is_shown_as_it_came_also_when_it_is_no_json(installation: Installation, asked: Asked) -> None:
    readable = installation.give_up(READING, connection_id=CONNECTION)
    unreadable = installation.give_up(b"\xff\x00")

    assert asked("show", str(readable))["payload"]["readings"] == {"spo2_pct": 97}
    told = asked("show", str(unreadable))
    assert (told["payload_base64"], told["letter"]["id"]) == ("/wA=", str(unreadable))


def test_a_reading_is_played_in_a_new_envelope_and_a_group_as_it_was(
    installation: Installation, asked: Asked, ingest: Ingest
) -> None:
    single = installation.give_up(READING, connection_id=CONNECTION)
    gatt = installation.give_up(b'{"characteristic":"2a35","value":"00"}', connection_id=CONNECTION)
    group = installation.give_up(b'[{"type":"reading"}]', code="unreadable")
    before = ingest.stands_at()

    assert asked("replay", str(single), str(gatt), str(group)) == {
        "replayed": [str(single), str(gatt), str(group)],
        "failed": [],
    }

    [first], [second], third = ingest.came_since(before)
    assert (first["type"], first["connection_id"], first["actor_id"]) == ("reading", str(CONNECTION), ACTOR)
    assert first["message"] == msgspec.json.decode(READING)
    assert (second["type"], second["message"]["characteristic"]) == ("gatt", "2a35")
    assert third == [{"type": "reading"}]


def test_all_are_those_that_were_not_played_yet(
    installation: Installation, asked: Asked, ingest: Ingest
) -> None:
    played, other = (
        installation.give_up(READING, code=code, connection_id=CONNECTION) for code in ("a", "b")
    )
    asked("replay", "all", "--code", "a")
    before = ingest.stands_at()

    assert asked("replay", "all")["replayed"] == [str(other)]
    assert asked("replay", "all") == {"replayed": [], "failed": []}

    assert len(ingest.came_since(before)) == 1
    items = {one["id"]: one["replayed_at"] for one in asked("list")["items"]}
    assert items[str(played)] is not None
    assert items[str(other)] is not None


def test_one_that_is_not_there_or_does_not_open_fails_alone(
    installation: Installation, asked: Asked, ingest: Ingest
) -> None:
    good = installation.give_up(READING, connection_id=CONNECTION)
    altered = installation.give_up(READING, connection_id=CONNECTION)
    run(_turn_last_bit(installation, altered))
    gone = uuid4()

    answer = asked("replay", str(altered), "no-id", str(gone), str(good), code=1)

    assert answer == {"replayed": [str(good)], "failed": [str(altered), "no-id", str(gone)]}
    code, out, err = installation.command("dlq", "show", str(altered))
    assert (code, out) == (1, "")
    assert str(altered) in err


def test_without_a_bus_nothing_is_marked_as_played(
    installation: Installation, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = installation.give_up(READING, connection_id=CONNECTION)
    code, _, err = installation.command("dlq", "replay", str(letter))
    assert (code, err.startswith("Which system?")) == (2, True)

    monkeypatch.setenv("DC_NATS_URL", "nats://127.0.0.1:1")
    code, _, err = installation.command("dlq", "replay", str(letter))

    assert (code, "cannot be asked" in err) == (1, True)
    assert [one["replayed_at"] for one in asked("list")["items"]] == [None]


@pytest.mark.parametrize("what", ["show", "replay"])
def test_what_to_show_or_play_must_be_said(
    installation: Installation, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DC_NATS_URL", "nats://127.0.0.1:1")

    assert installation.command("dlq", what)[0] == 2


async def _turn_last_bit(installation: Installation, id: UUID) -> None:
    conn = await asyncpg.connect(installation.url)
    try:
        await conn.execute(
            "UPDATE normalizer.dead_letters SET payload_sealed = set_bit(payload_sealed, 8 * (length(payload_sealed) - 1),"
            " 1 - get_bit(payload_sealed, 8 * (length(payload_sealed) - 1))) WHERE id = $1",
            id,
        )
    finally:
        await conn.close()
