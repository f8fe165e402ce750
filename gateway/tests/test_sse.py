"""The same frames as Server-Sent Events: cursors as ids, going on from `Last-Event-ID`, refusals as problems."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest

from chassis.auth import Principal
from chassis.clock import uuid7
from gateway.outlet import Item
from gateway.sse import event_of
from gateway.tests.conftest import Live, Outside, person


class Events:
    """An open stream, event by event."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def take(self) -> tuple[str | None, Any]:
        """`(id, frame)` of the next event."""
        id_, data = None, None
        async with asyncio.timeout(5):
            async for line in self._lines:
                name, _, text = line.partition(": ")
                if name == "id":
                    id_ = text
                elif name == "data":
                    data = msgspec.json.decode(text.encode())
                elif line == "" and data is not None:
                    return id_, data
        raise AssertionError("the stream ended")


def headers_of(live: Live, principal: Principal, lifetime_s: int = 60) -> dict[str, str]:
    return {"Authorization": f"Bearer {live.signer.sign(principal, lifetime_s)}"}


@asynccontextmanager
async def streamed(live: Live, principal: Principal, query: str, **headers: str) -> AsyncIterator[Events]:
    async with (
        httpx2.AsyncClient(trust_env=False) as client,
        client.stream(
            "GET",
            f"http://127.0.0.1:{live.port}/api/v1/stream?{query}",
            headers={**headers_of(live, principal), **headers},
        ) as answer,
    ):
        yield Events(answer)


async def test_frames_come_as_events_and_go_on_from_the_last_id(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    query = f"patient_id={patient.user_id}"
    async with streamed(live, patient, query) as events:
        begun, subscribed = await events.take()
        ids = await world.record(patient.user_id, connection_id, *({"weight_kg": 70.0 + n} for n in range(3)))
        first, reading = await events.take()
    (later,) = await world.record(patient.user_id, connection_id, {"weight_kg": 80.0})

    async with streamed(live, patient, query, **{"Last-Event-ID": first or ""}) as events:
        resumed, _ = await events.take()
        missed = [await events.take() for _ in range(3)]

    assert events.answer.headers["content-type"].startswith("text/event-stream")
    assert subscribed["cursor"] == begun
    assert reading["cursor"] == first
    assert resumed == first
    assert [frame["reading"]["id"] for _, frame in missed] == [str(id_) for id_ in (*ids[1:], later)]
    assert all(frame["cursor"] == id_ for id_, frame in missed)


async def test_one_connection_can_be_followed(live: Live, world: Outside) -> None:
    patient = person()
    connection_id = await world.put_connection(patient.user_id)
    async with streamed(live, patient, f"device_connection_id={connection_id}") as events:
        _, subscribed = await events.take()

    assert subscribed["device_connection_id"] == str(connection_id)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("patient_id={stranger}", 404, "not_found"),
        ("device_connection_id={stranger}", 404, "not_found"),
        ("patient_id=nonsense", 404, "not_found"),
        ("", 422, "missing_field"),
        ("patient_id={stranger}&device_connection_id={stranger}", 422, "unknown_field"),
    ],
)
async def test_refusals_are_problems(live: Live, query: str, status: int, code: str) -> None:
    async with streamed(live, person(), query.format(stranger=uuid7())) as events:
        content = await events.answer.aread()

    assert events.answer.status_code == status
    assert msgspec.json.decode(content)["code"] == code


async def test_nobody_is_401(live: Live) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{live.port}/api/v1/stream?patient_id={uuid7()}")

    assert answer.status_code == 401


async def test_the_stream_ends_cleanly_when_the_process_stops(live: Live, world: Outside) -> None:
    patient = person()
    async with streamed(live, patient, f"patient_id={patient.user_id}") as events:
        await events.take()

        live.draining.set()

        with pytest.raises(AssertionError, match="the stream ended"):
            await events.take()


async def test_the_stream_ends_with_its_token(live: Live) -> None:
    patient = person()
    async with httpx2.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{live.port}/api/v1/stream?patient_id={patient.user_id}"
        async with client.stream("GET", url, headers=headers_of(live, patient, 1)) as answer:
            async with asyncio.timeout(5):
                content = await answer.aread()

    assert content.startswith(b"id: ")


def test_an_event_is_its_cursor_and_one_line_of_data() -> None:
    assert event_of(Item('{"type":"reading"}', "abc", None)) == b'id: abc\ndata: {"type":"reading"}\n\n'
    assert event_of(Item('{"type":"pong"}', None, None)) == b'data: {"type":"pong"}\n\n'
    # A page hears this; a comment it would not.
    assert event_of(Item("", None, None)) == b'data: {"type":"pong"}\n\n'
