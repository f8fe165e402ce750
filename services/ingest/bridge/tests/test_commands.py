"""A command is repeated until it is answered or expires, and sent at once to a hub that comes back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.consume import DONE, Delivery, Reject, Retry, Verdict
from chassis.resource import Background
from proto.errors import Unavailable
from proto.events import HubAnswered, HubCommand, HubStateChanged
from services.ingest.bridge.commands import NO_WAY_S, REMEMBERED, REPEAT_S, Commands

HUB, OTHER = "hub-of-one-patient", "hub-of-another-patient"
START = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)


class Recorder:
    """A way down that remembers; or none at all."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, HubCommand]] = []
        self.is_there = True

    async def send(self, hub_id: str, suffix: str, payload: bytes) -> None:
        if not self.is_there:
            raise Unavailable("hubs")
        self.sent.append((hub_id, suffix, msgspec.json.decode(payload, type=HubCommand)))


class Play:
    """The keeper of commands at a time that the test sets."""

    def __init__(self) -> None:
        self.downlink = Recorder()
        self.background = Background()
        self.now = START
        self.commands = Commands(self.downlink, self.background, lambda: self.now)

    async def deliver(self, command: HubCommand, hub: str = HUB) -> Verdict:
        return await self.commands.on_command(delivery(hub, msgspec.json.encode(command)))

    def answer(self, command_id: UUID, hub: str = HUB, *, ok: bool = True) -> None:
        self.commands.on_answer(HubAnswered(hub_id=hub, command_id=command_id, ok=ok, at=self.now))

    async def state(self, hub: str, *, online: bool) -> None:
        """Says a hub's state, and waits until what follows from it has been sent."""
        self.commands.on_state(
            HubStateChanged(hub_id=hub, state="online" if online else "offline", at=self.now)
        )
        async with asyncio.timeout(5):
            while self.background._tasks:
                await asyncio.sleep(0)


def delivery(hub: str, data: bytes) -> Delivery:
    """A message as the consumer hands it over."""
    reply = "$JS.ACK.JOBS.hub-commands.1.1.1.1777624200000000000.0"
    return Delivery(Msg(_client=Client(), subject=f"hubs.command.v1.{hub}", reply=reply, data=data))


def command(lives_s: float = 600.0) -> HubCommand:
    return HubCommand(
        id=uuid4(), command="scan", expires_at=START + timedelta(seconds=lives_s), duration_s=30
    )


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    one = Play()
    yield one
    await one.background.stop()


async def test_it_is_sent_and_comes_again_until_it_is_answered(play: Play) -> None:
    scan = command()
    for sent in (1, 2, 3):
        assert await play.deliver(scan) == Retry(REPEAT_S)
        assert play.downlink.sent == [(HUB, "commands", scan)] * sent
        play.now += timedelta(seconds=REPEAT_S)
    play.answer(scan.id)
    assert await play.deliver(scan) == DONE
    assert len(play.downlink.sent) == 3


@pytest.mark.parametrize("ok", [True, False])
async def test_a_refusal_is_an_answer_too(play: Play, ok: bool) -> None:
    scan = command()
    play.answer(scan.id, ok=ok)  # the answer may be heard before the command comes again
    assert await play.deliver(scan) == DONE
    assert play.downlink.sent == []


async def test_it_is_looked_at_again_when_it_expires(play: Play) -> None:
    scan = command(lives_s=12.0)
    verdict = await play.deliver(scan)
    assert isinstance(verdict, Retry)
    assert verdict.after_s == pytest.approx(12.1)
    play.now += timedelta(seconds=12.1)
    assert await play.deliver(scan) == DONE
    assert len(play.downlink.sent) == 1
    await play.state(HUB, online=True)
    assert len(play.downlink.sent) == 1


async def test_what_expired_while_nobody_looked_is_never_sent(play: Play) -> None:
    assert await play.deliver(command(lives_s=0.0)) == DONE
    assert play.downlink.sent == []


async def test_a_hub_that_comes_back_gets_at_once_what_waits(play: Play) -> None:
    scan, pair, late = command(), command(), command(lives_s=5.0)
    for each in (scan, pair, late):
        await play.deliver(each)
    await play.deliver(command(), hub=OTHER)
    play.answer(pair.id)
    play.downlink.sent.clear()
    play.now += timedelta(seconds=6)
    await play.state(HUB, online=False)
    assert play.downlink.sent == []
    await play.state(HUB, online=True)
    assert play.downlink.sent == [(HUB, "commands", scan)]


async def test_nobody_answers_for_another_hub(play: Play) -> None:
    scan = command()
    await play.deliver(scan)
    play.answer(scan.id, hub=OTHER)
    assert await play.deliver(scan) == Retry(REPEAT_S)
    assert len(play.downlink.sent) == 2


async def test_without_a_way_down_it_goes_back_for_another_replica(play: Play) -> None:
    scan = command()
    play.downlink.is_there = False
    assert await play.deliver(scan) == Retry(NO_WAY_S)
    play.downlink.is_there = True
    await play.state(HUB, online=True)
    assert play.downlink.sent == [(HUB, "commands", scan)]


async def test_what_cannot_be_read_is_given_up(play: Play) -> None:
    assert await play.commands.on_command(delivery(HUB, b"{")) == Reject("unreadable")


async def test_what_it_remembers_is_bounded(play: Play) -> None:
    first = command()
    play.answer(first.id)
    for _ in range(REMEMBERED):
        play.answer(uuid4())
    assert len(play.commands._answered) == REMEMBERED
    for _ in range(3):
        scan = command()
        await play.deliver(scan)
        play.answer(scan.id)
    assert play.commands._pending == {}
