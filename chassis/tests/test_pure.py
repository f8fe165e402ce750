"""The parts of the chassis that need no server: settings, logs, crypto, cursors, the janitor's decision."""

import base64
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import uuid7, uuid7s
from chassis.config import Common, ConfigError, Secret, load
from chassis.crypto import LocalKeyRing, SealBroken, open_sealed, seal
from chassis.http import request_id_of
from chassis.janitor import purge_before
from chassis.log import JsonFormatter, Log, safe
from chassis.paging import decode_cursor, encode_cursor
from proto.errors import Refused
from proto.events import ObservationsLive

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_settings_name_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(Common, {"DC_HTTP_PORT": "many", "DC_ENV": "staging"})

    assert len(caught.value.problems) == 2
    assert any("DC_HTTP_PORT" in problem for problem in caught.value.problems)


def test_production_refuses_plain_text_and_development_keys(tmp_path: Path) -> None:
    (tmp_path / "DEVELOPMENT").touch()
    with pytest.raises(ConfigError) as caught:
        load(
            Common,
            {
                "DC_ENV": "production",
                "DC_SECRETS_DIR": str(tmp_path),
                "DC_NATS_URL": "nats://somewhere:4222",
                "DC_REDIS_URL": "redis://somewhere",
                "DC_DATABASE_URL": "postgresql://somewhere/db",
                "DC_OIDC_ISSUER": "http://127.0.0.1:9",
            },
        )

    for name in (
        "DC_PUBLIC_URL",
        "DC_NATS_URL",
        "DC_REDIS_URL",
        "DC_DATABASE_URL",
        "DC_OIDC_ISSUER",
        "development keys",
    ):
        assert any(name in problem for problem in caught.value.problems)


def test_a_secret_never_prints() -> None:
    assert "hunter2" not in repr(Secret("hunter2"))
    assert "hunter2" not in f"{Secret('hunter2')}"


def test_a_log_line_has_only_allowed_fields_and_no_struct(caplog: pytest.LogCaptureFixture) -> None:
    live = ObservationsLive(
        patient_id=uuid4(),
        device_connection_id=uuid4(),
        characteristic="2a36",
        fields={"cuff": 141},
        kinds=[],
    )

    kept = safe({"reason": live, "readings": {"weight_kg": 78}, "count": 3})

    assert kept == {"reason": "<ObservationsLive>", "count": 3, "dropped": ["readings"]}


def test_an_exceptions_text_is_not_logged() -> None:
    record: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, line: logging.LogRecord) -> None:
            record.append(line)

    handler = Keep()
    logger = logging.getLogger("dc.test")
    logger.addHandler(handler)
    try:
        raise ValueError("systolic 141")
    except ValueError as error:
        Log("test").failure("it_failed", error)
    finally:
        logger.removeHandler(handler)

    line = json.loads(JsonFormatter("svc").format(record[0]))

    assert line["event"] == "it_failed"
    assert line["error"] == "ValueError"
    assert "141" not in json.dumps(line)


def ring(folder: Path) -> LocalKeyRing:
    path = folder / "keyring.json"
    key = base64.b64encode(os.urandom(32)).decode()
    path.write_text(json.dumps({"primary": "k1", "keys": {"k1": key}, "hmac": key}))
    return LocalKeyRing(path)


def test_a_sealed_blob_opens_only_where_it_belongs(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    where = {"table": "t", "column": "c", "row": "1", "patient": "p"}
    blob = seal(keys, b"secret", **where)

    assert open_sealed(keys, blob, **where) == b"secret"
    for part in where:
        with pytest.raises(SealBroken):
            open_sealed(keys, blob, **{**where, part: "other"})


def test_a_changed_or_foreign_blob_does_not_open(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    where = {"table": "t", "column": "c", "row": "1", "patient": "p"}
    blob = seal(keys, b"secret", **where)

    for index in range(len(blob)):
        broken = blob[:index] + bytes([blob[index] ^ 1]) + blob[index + 1 :]
        with pytest.raises(SealBroken):
            open_sealed(keys, broken, **where)
    (tmp_path / "other").mkdir()
    with pytest.raises(SealBroken):
        open_sealed(ring(tmp_path / "other"), blob, **where)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_seal(tmp_path_factory: pytest.TempPathFactory, blob: bytes) -> None:
    keys = ring(tmp_path_factory.mktemp("ring"))
    with pytest.raises(SealBroken):
        open_sealed(keys, blob, table="t", column="c", row="1", patient="p")


def test_ids_are_time_ordered() -> None:
    ids = [uuid7() for _ in range(500)] + uuid7s(500)
    assert all(id.version == 7 and id.variant == RFC_4122 for id in ids)
    assert sorted(id.int >> 80 for id in ids) == [id.int >> 80 for id in ids]
    assert len(set(ids)) == 1000


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        decode_cursor(text, tuple[datetime, UUID])
    except Refused as refused:
        assert refused.code == "wrong_type"


def test_a_cursor_comes_back() -> None:
    id = uuid4()
    assert decode_cursor(encode_cursor(NOW, id), tuple[datetime, UUID]) == (NOW, id)


@pytest.mark.parametrize(
    ("floor", "fill", "age_h", "expected"),
    [
        (100, 0.1, 1, None),
        (100, 0.7, 1, 101),
        (100, 0.1, 25, 101),
        (4, 0.9, 48, None),
    ],
)
def test_the_janitor_purges_only_what_is_acknowledged(
    floor: int, fill: float, age_h: int, expected: int | None
) -> None:
    first_at = NOW - timedelta(hours=age_h)

    assert purge_before(ack_floor=floor, first=5, first_at=first_at, fill=fill, now=NOW) == expected


@pytest.mark.parametrize(
    ("traceparent", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("", False),
        ("nonsense", False),
        ("00-short-00f067aa0ba902b7-01", False),
    ],
)
def test_a_request_is_known_by_its_trace_or_a_new_id(traceparent: str, kept: bool) -> None:
    found = request_id_of({"traceparent": traceparent})

    assert len(found) == 32
    assert (found == "4bf92f3577b34da6a3ce929d0e0e4736") == kept
