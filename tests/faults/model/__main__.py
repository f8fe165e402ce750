"""Prints how much is looked at, and the shortest way to each mistake: `.venv/bin/python -m tests.faults.model`.

`--deep` looks further; it takes half a minute.
"""

import sys

from tests.faults.model.cases import CHAIN_FINDS, CHAINS, DEEPER, LIVE_FINDS, LOST, look_at_rest, look_for
from tests.faults.model.chain import Chain
from tests.faults.model.explore import Explored, explore
from tests.faults.model.live import Live


def main(arguments: list[str]) -> None:
    for name, size in (CHAINS | DEEPER if "--deep" in arguments else CHAINS).items():
        _say(name, explore(Chain(size)))
    _say("a live client, two crashes and a redelivery", explore(Live()))
    for mutation in (*CHAIN_FINDS, *LIVE_FINDS):
        print(f"\n{mutation.name}: {mutation}\n→ {look_for(mutation).violation}")
        if mutation in LOST:
            print(f"and lost, → {look_at_rest(LOST[mutation], mutation).violation}")


def _say(name: str, found: Explored) -> None:
    print(f"{found.states:>8} states  {name}: {found.violation or 'every promise is kept'}")


main(sys.argv[1:])
