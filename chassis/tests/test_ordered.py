"""A reader of a stream leaves everybody else their turns, however much has gathered."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import msgspec
import pytest
from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy

from chassis.bus import StreamInfo
from chassis.config import Common, load
from chassis.ordered import OrderedReader
from proto.state import ProfileState
from proto.subjects import kv_subject
from tests.support.others import buses_of
from tests.support.waiting import until

pytestmark = pytest.mark.integration
MANY = 600


async def test_a_backlog_is_handed_on_message_by_message(
    service_environ: Callable[[str], dict[str, str]],
) -> None:
    settings = load(Common, service_environ("access"))
    ids = [uuid4() for _ in range(MANY)]
    async with buses_of(settings, "access") as buses:
        bus = buses["access"]
        for start in range(0, MANY, 100):
            await asyncio.gather(
                *(
                    bus.publish(
                        kv_subject("profiles", str(id)),
                        msgspec.json.encode(ProfileState(patient_id=id, timezone="UTC", version=1)),
                    )
                    for id in ids[start : start + 100]
                )
            )
        wanted = {kv_subject("profiles", str(id)) for id in ids}
        heard: set[str] = set()
        in_a_row = most_in_a_row = 0

        def take(msg: Msg, sequence: int, pending: int) -> None:
            nonlocal in_a_row, most_in_a_row
            heard.add(msg.subject)
            in_a_row += 1
            most_in_a_row = max(most_in_a_row, in_a_row)

        async def others() -> None:
            nonlocal in_a_row
            while True:
                in_a_row = 0
                await asyncio.sleep(0)

        reader = OrderedReader(
            bus, "KV_profiles", (kv_subject("profiles", ">"),), take, start=DeliverPolicy.LAST_PER_SUBJECT
        )
        waiting = asyncio.create_task(others())
        await reader.start()
        await until(lambda: wanted <= heard, 20)
        waiting.cancel()
        await reader.stop()
    assert most_in_a_row <= 2


async def test_an_answer_that_messages_overtook_is_no_other_stream(
    service_environ: Callable[[str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server says how far the stream is, and what came since is heard first: nothing was replaced."""
    settings = load(Common, service_environ("access"))
    async with buses_of(settings, "access") as buses:
        bus = buses["access"]
        whole = bus.stream_info
        resets: list[int] = []

        async def on_reset() -> None:
            resets.append(1)

        async def overtaken(stream: str) -> StreamInfo:
            info = await whole(stream)
            profile = ProfileState(patient_id=uuid4(), timezone="UTC", version=1)
            await bus.publish(kv_subject("profiles", str(profile.patient_id)), msgspec.json.encode(profile))
            await until(lambda: reader.seen > info.last_seq, 10)
            return info

        reader = OrderedReader(
            bus,
            "KV_profiles",
            (kv_subject("profiles", ">"),),
            lambda msg, sequence, pending: None,
            start=DeliverPolicy.LAST_PER_SUBJECT,
            on_reset=on_reset,
        )
        await reader.start()
        last = (await whole("KV_profiles")).last_seq
        await until(lambda: reader.seen >= last, 20)
        monkeypatch.setattr(bus, "stream_info", overtaken)
        assert not await reader._is_another()
        await reader._renew()
        assert resets == []
        await reader.stop()
