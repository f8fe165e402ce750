"""Chance that can be asked for any moment: a value depends on seed, name and index, never on what was drawn before.

So a reading at 07:30 is the same whether history was made from last week or from last year.
"""

import hashlib
import math
import random


def uniform(seed: int, name: str, index: int) -> float:
    """A number in [0, 1) that belongs to this seed, name and index."""
    digest = hashlib.blake2b(f"{seed}:{name}:{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def smooth(seed: int, name: str, at: float, period: float) -> float:
    """A curve in [-1, 1] through one random point each `period`; `at` and `period` in the same unit."""
    position = at / period
    left = math.floor(position)
    share = position - left
    share = share * share * (3 - 2 * share)
    a, b = uniform(seed, name, left), uniform(seed, name, left + 1)
    return 2 * (a + (b - a) * share) - 1


def dice(seed: int, name: str, index: int) -> random.Random:
    """A generator of its own for one measurement, for draws that need more than one number."""
    return random.Random(f"{seed}:{name}:{index}")
