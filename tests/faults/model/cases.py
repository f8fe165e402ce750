"""How far the exploration looks, and what it must find."""

from typing import Final

from tests.faults.model.chain import Bounds, Chain, bounds
from tests.faults.model.explore import Explored, explore
from tests.faults.model.live import Live
from tests.faults.model.promises import Mutation, Promise

HUB: Final = bounds("h", "")
PHONE: Final = bounds("", "p")
BOTH: Final = bounds("h", "p", again=0)
AMENDED: Final = bounds("a1", "a2", crashes=1, again=0)
"""The phone amends what the hub sends."""
CHAINS: Final = {
    "a hub, two crashes and a redelivery": HUB,
    "a phone with two readings, two crashes and a redelivery": bounds("", "pq"),
    "a hub and a phone, two crashes": BOTH,
    "a hub and a phone that amends it, a crash": AMENDED,
}
DEEPER: Final = {
    "a hub with two readings, a crash": bounds("hi", "", crashes=1, again=0),
    "a hub and a phone that amends it, a crash and a redelivery": bounds("a1", "a2", crashes=1),
    "a hub and a phone, two crashes and a redelivery": bounds("h", "p"),
}
"""Too long for every day."""

CHAIN_FINDS: Final = {
    Mutation.ANSWER_FIRST: Promise.PROMISED,
    Mutation.PUBACK_FIRST: Promise.PROMISED,
    Mutation.LISTENER_FIRST: Promise.PROMISED,
    Mutation.BRIDGE_FIRST: Promise.PROMISED,
    Mutation.ACK_FIRST: Promise.PROMISED,
    Mutation.JANITOR_EAGER: Promise.PROMISED,
    Mutation.RECEIPT_FIRST: Promise.FORGOTTEN,
    Mutation.HUB_TRUSTS_PUBACK: Promise.FORGOTTEN,
    Mutation.HUB_IN_MEMORY: Promise.FORGOTTEN,
    Mutation.HUB_NEVER_RESENDS: Promise.FINISHED,
    Mutation.NO_KEY: Promise.ONCE,
    Mutation.ROLLUP_APART: Promise.COUNTED,
    Mutation.LAST_WINS: Promise.NEWEST,
}
LIVE_FINDS: Final = {
    Mutation.EVENT_FIRST: Promise.REAL,
    Mutation.OUTBOX_FIRST: Promise.ANNOUNCED,
    Mutation.NO_OUTBOX: Promise.ANNOUNCED,
    Mutation.NO_EVENT_ID: Promise.SEEN_ONCE,
    Mutation.NO_SKIP: Promise.SEEN_ONCE,
    Mutation.OWN_HEAD: Promise.SEEN_ONCE,
    Mutation.REPLAY_FIRST: Promise.MISSED,
    Mutation.NO_INDEX: Promise.MISSED,
}

LOST: Final = {
    Mutation.ANSWER_FIRST: PHONE,
    Mutation.PUBACK_FIRST: PHONE,
    Mutation.ACK_FIRST: PHONE,
    Mutation.JANITOR_EAGER: BOTH,
    Mutation.HUB_IN_MEMORY: HUB,
}
"""Mistakes after which, at rest, a reading is nowhere."""
CURED: Final = (
    Mutation.LISTENER_FIRST,
    Mutation.BRIDGE_FIRST,
    Mutation.PUBACK_FIRST,
    Mutation.ACK_FIRST,
)
"""Mistakes that lose nothing of a hub, because it keeps its reading until the receipt. A phone has only its 202."""


def look_for(mutation: Mutation) -> Explored:
    """In the smallest model that can show it."""
    if mutation in LIVE_FINDS:
        return explore(Live(mutation=mutation))
    sizes = {Mutation.LAST_WINS: AMENDED, Mutation.HUB_NEVER_RESENDS: HUB}
    return explore(Chain(sizes.get(mutation, BOTH), mutation))


def look_at_rest(size: Bounds, mutation: Mutation) -> Explored:
    """Asks only for the end: is everything stored and forgotten?"""
    return explore(Chain(size, mutation, [Promise.FINISHED]))
