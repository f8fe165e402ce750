"""What the chain promises, and the ways to break it: each mutation moves one acknowledgement before its write, or
takes away one guard. A mutation says how the mistake would read in a review.
"""

from enum import StrEnum


class Promise(StrEnum):
    """In every reachable state; the last two when nothing is left to do."""

    PROMISED = "what was acknowledged is stored, or on a disk on its way there"
    ONCE = "one row a record key"
    COUNTED = "the rollup counts the rows"
    FORGOTTEN = "the hub forgets only what is stored"
    NEWEST = "the newest revision stays, whatever the order"
    REAL = "what is announced is stored"
    ANNOUNCED = "what is stored is announced, or its event waits in the outbox"
    SEEN_ONCE = "a live client sees a reading once"
    MISSED = "a live client's cursor passes no reading that it has not seen"
    FINISHED = "at rest everything is stored and forgotten by its sender"
    SEEN = "at rest the live client has seen everything"


class Mutation(StrEnum):
    # the chain
    ANSWER_FIRST = "ingest answers 202 before the PubAck of INGEST"
    PUBACK_FIRST = "INGEST gives its PubAck before the fsync"
    LISTENER_FIRST = "the listener gives its PUBACK before the fsync"
    BRIDGE_FIRST = "the bridge acknowledges the listener's message before the PubAck of INGEST"
    ACK_FIRST = "the normalizer acknowledges before it commits"
    RECEIPT_FIRST = "the normalizer says the receipt before it commits"
    HUB_TRUSTS_PUBACK = "the hub forgets on the PUBACK instead of the receipt"
    HUB_IN_MEMORY = "the hub keeps its readings in memory"
    HUB_NEVER_RESENDS = "the hub waits for a lost receipt for ever"
    NO_KEY = "there is no record key"
    ROLLUP_APART = "the rollup is updated outside the transaction"
    JANITOR_EAGER = "the janitor purges up to the last acknowledged message instead of the ack floor"
    LAST_WINS = "the last to arrive wins over the newest revision"
    NO_MESSAGE_ID = "a publish into INGEST is repeated without its Nats-Msg-Id"
    # the live view
    EVENT_FIRST = "the event is published before the commit"
    OUTBOX_FIRST = "the outbox row is deleted before the PubAck of EVENTS"
    NO_OUTBOX = "the event is published after the commit, from memory"
    NO_EVENT_ID = "an event is repeated without its Nats-Msg-Id"
    REPLAY_FIRST = "a subscription joins its room after the replay"
    NO_SKIP = "a subscription does not skip what it has told"
    NO_INDEX = "the cursor has no index in the message"
    OWN_HEAD = "a gateway that is behind the cursor begins at its own head"
