"""Omron's client against recorded answers: who signed in, pages that overlap and end, pings."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from proto.vendors.client import Answer, Ask, Incoming, Page, Request, VendorFault
from vendors.omron.client import OmronClient

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CLIENT = OmronClient({"client_id": "an-id", "client_secret": "a-secret"})
ASK = Ask(
    since=datetime(2026, 11, 16, tzinfo=UTC),
    until=NOW,
    kinds=frozenset({"blood_pressure"}),
    timezone="America/Denver",
)


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body))


def page(*rows: tuple[int, str], truncated: bool = False) -> Answer:
    items = [{"id": number, "dateTimeLocal": f"{day}T07:00:00"} for number, day in rows]
    return answer({"status": 0, "result": {"truncated": truncated, "bloodPressure": items}})


class Script:
    """Answers in order, and keeps what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def said(self, name: str) -> list[str]:
        return [str((request.form or {})[name]) for request in self.asked]


async def pages(script: Script) -> list[Page]:
    return [one async for one in CLIENT.pages(script, ASK)]


@pytest.mark.parametrize(
    ("claims", "expected"), [({"sub": "a7c4"}, "a7c4"), ({}, None), ([], None), ({"sub": 5}, None)]
)
def test_the_person_is_the_subject_of_the_id_token(claims: Any, expected: str | None) -> None:
    middle = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=").decode()
    body = {"access_token": "at", "refresh_token": "rt", "expires_in": 3600, "id_token": f"e30.{middle}.x"}
    assert CLIENT.read_tokens(answer(body), NOW).user_id == expected


@pytest.mark.parametrize("token", [None, 7, "", "a.b", "a.é.c", "a.!!!.c"])
def test_an_unreadable_id_token_names_nobody(token: Any) -> None:
    assert CLIENT.read_tokens(answer({"access_token": "at", "id_token": token}), NOW).user_id is None


async def test_a_truncated_page_goes_on_at_its_last_day() -> None:
    script = Script(
        [
            page((1, "2026-11-15"), (2, "2026-11-16"), truncated=True),
            page((2, "2026-11-16"), (3, "2026-11-17")),
        ]
    )
    assert len(await pages(script)) == 2
    assert script.said("since") == ["2026-11-14", "2026-11-16"]


async def test_a_day_that_is_longer_than_a_page_is_given_more_room() -> None:
    full = page((1, "2026-11-16"), truncated=True)
    script = Script([full, full, page((1, "2026-11-16"), (2, "2026-11-16"))])
    assert len(await pages(script)) == 2
    assert script.said("limit") == ["200", "200", "400"]


async def test_pages_that_never_end_are_a_fault() -> None:
    with pytest.raises(VendorFault) as fault:
        await pages(Script([page((1, "2026-11-16"), truncated=True)]))
    assert fault.value.fault.code == "endless_pages"


async def test_nothing_is_no_page() -> None:
    assert await pages(Script([page()])) == []
    assert await pages(Script([page(truncated=True)])) == []


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"status": 7}, 200, "vendor_error"),
        ([], 200, "vendor_error"),
        ({}, 401, "auth"),
        ({}, 500, "vendor_error"),
    ],
)
def test_a_status_other_than_0_is_a_fault(body: Any, status: int, expected: str) -> None:
    fault = CLIENT.fault_of(answer(body, status))
    assert fault is not None
    assert fault.fault.fault_class == expected


def test_a_ping_is_a_hint_and_its_facts_are_its_identity() -> None:
    body = b'{"id":"a7c41d22","timestamp":"2026-11-18T14:22:31Z"}'
    first, again = (CLIENT.receive(Incoming(method="POST", body=body, received_at=NOW), []) for _ in "12")
    assert first.accept
    assert first.event_id == again.event_id
    (hint,) = CLIENT.notifications(body, "application/json")
    assert (hint.user_id, hint.since) == ("a7c41d22", datetime(2026, 11, 17, 14, 22, 31, tzinfo=UTC))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":5}', b"\xff", b'{"id":""}', b"[" * 100_000])
def test_nothing_makes_it_raise(body: bytes) -> None:
    reply = CLIENT.receive(Incoming(method="POST", body=body, received_at=NOW), [])
    assert (reply.status, reply.outcome) == (400, "malformed")
    assert CLIENT.notifications(body, "") == []
