"""From the past to the present without a seam, also when more waited than the way out holds."""

from typing import cast
from uuid import uuid4

from gateway.cursor import Position
from gateway.frames import Frame
from gateway.outlet import MAX_FRAMES, Outlet
from gateway.subscription import Subscription
from gateway.tests.test_outlet import Client, written
from gateway.world import World

WAITED = 3 * MAX_FRAMES


async def test_what_waited_behind_a_replay_goes_as_there_is_room() -> None:
    outlet, client, patient_id = Outlet(30), Client(), uuid4()
    # An owner's rights are asked of nobody.
    subscription = Subscription(cast(World, object()), outlet, reader=patient_id, patient_id=patient_id)
    subscription.begin_at(Position(0, 0), replaying=True)
    async with written(outlet, client):
        for n in range(1, WAITED + 1):
            subscription.offer(Frame(str(n), audience="owner", position=Position(n, 0)))
        await subscription.go_live()
        subscription.offer(Frame("now", audience="owner", position=Position(WAITED + 1, 0)))
        await client.has(WAITED + 1)

    assert [item.text for item in client.taken] == [*(str(n) for n in range(1, WAITED + 1)), "now"]
