"""GATT values into a batch."""

from collections.abc import Callable
from uuid import UUID

from proto.raw import RawGatt
from services.normalizer.batch import Batch, World


def add_gatt(batch: Batch, item: RawGatt, world: World, new_id: Callable[[], UUID]) -> None:
    raise NotImplementedError
