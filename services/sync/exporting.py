"""What became of each record of a companion's request, pure: told by the ids that came out of the mapping."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from proto.errors import ItemFault
from proto.metrics import BY_NAME
from proto.vendors.building import PART
from proto.vendors.companion import ID_KEYS, key_of
from proto.vendors.normalized import Normalized
from proto.vendors.partner import id_text, named, part

Alone = Callable[[list[dict[str, Any]]], Normalized]
"""The mapping of some records without the others."""
HALVES: Final = ("systolic", "diastolic")
KIND_KEYS: Final = ("type", "quantityType")


class Outcome(NamedTuple):
    accepted: int
    duplicates: int
    rejected: list[ItemFault]


def outcome_of(
    vendor: str,
    records: Sequence[dict[str, Any]],
    given: frozenset[str],
    denied: frozenset[str],
    alone: Alone,
) -> Outcome:
    """`given` and `denied`: record ids that came out of all records together, with and without consent.

    Most records name what they became. Only those that do not are mapped again, without the others: so each record is
    mapped at most twice, however many there are.
    """
    accepted = duplicates = 0
    rejected: list[ItemFault] = []
    seen: set[str] = set()
    for indexes in groups_of(records):
        group = [records[index] for index in indexes]
        ids = {name for record in group for name in names_of(vendor, record)} & (given | denied)
        made = None if ids else alone(group)
        ids = ids if made is None else set(base_ids(made))
        if (ids & given) - seen:
            accepted += len(indexes)
        elif ids & denied:
            rejected += [ItemFault(index=index, code="kind_not_consented") for index in indexes]
        elif ids:
            duplicates += len(indexes)
        elif made is not None:
            rejected += [ItemFault(index=index, code=_why(made)) for index in indexes]
        seen |= ids
    return Outcome(accepted, duplicates, sorted(rejected, key=lambda fault: fault.index))


def groups_of(records: Sequence[dict[str, Any]]) -> list[list[int]]:
    """The indexes of each record by itself; of halves of a pressure, together."""
    groups: dict[Any, list[int]] = {}
    for index, record in enumerate(records):
        key = ("half", *key_of(record, _source(record))) if _is_half(record) else index
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def names_of(vendor: str, record: dict[str, Any]) -> set[str]:
    """What its reading may be called."""
    meta = part(record, "metadata")
    texts = [id_text(record.get(key)) for key in ID_KEYS] + [id_text(meta.get("id"))]
    if _is_half(record):
        texts.append(id_text(record.get("parentId")))
    return {named(vendor, text) for text in texts if text}


def base_ids(normalized: Normalized) -> frozenset[str]:
    """The ids of the records, whatever parts they came in."""
    return frozenset(
        str(reading.meta["vendor_record_id"]).partition(PART)[0] for reading in normalized.readings
    )


def _is_half(record: dict[str, Any]) -> bool:
    kind = next((text for key in KIND_KEYS if isinstance(text := record.get(key), str)), "")
    return kind.lower().endswith(HALVES)


def _source(record: dict[str, Any]) -> str:
    """Who wrote it, as far as two records must have it in common to belong together."""
    source = part(record, "source") or part(part(record, "sourceRevision"), "source")
    said = (record.get("sourceName"), source.get("bundleIdentifier"), source.get("appId"), source.get("name"))
    return next((text for item in said if (text := id_text(item))), "")


def _why(made: Normalized) -> str:
    """Why nothing came of it: a value that is impossible, a type that nobody maps, or no time."""
    if any(name.partition(".")[0] in BY_NAME for name in made.unmapped):
        return "out_of_bounds"
    return "unknown_metric" if made.unmapped else "wrong_type"
