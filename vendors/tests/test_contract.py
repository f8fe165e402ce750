"""What every mapping keeps, whoever the vendor is: recorded answers, valid messages, identity, and no exceptions."""

import copy
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proto.readings import ReadingMessage, check_relations
from proto.vendors.normalized import Normalized
from vendors import NAMES, mapping_of, reader_of
from vendors.recorded import Fixture, fixtures_of

CONNECTION = UUID(int=1)
RECORDED = [(name, stem, fixture) for name in NAMES for stem, fixture in fixtures_of(name).items()]
IDS = [f"{name}-{stem}" for name, stem, _ in RECORDED]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def answers(name: str, fixture: Fixture) -> list[Any]:
    """The payloads as the mapping takes them: text goes through the vendor's own reader first."""
    read = reader_of(name)
    return [read(item.encode()) if isinstance(item, str) else item for item in fixture.payloads]


def as_json(found: Normalized) -> Any:
    return msgspec.json.decode(msgspec.json.encode(found))


@pytest.mark.parametrize(("name", "stem", "fixture"), RECORDED, ids=IDS)
def test_a_recorded_answer_gives_what_it_says(name: str, stem: str, fixture: Fixture) -> None:
    found = as_json(mapping_of(name)(answers(name, fixture), fixture.context))
    expected = {"readings": [], "deleted": [], "unmapped": [], "errors": [], **fixture.expect}
    assert found == expected, fixture.about


@pytest.mark.parametrize(("name", "stem", "fixture"), RECORDED, ids=IDS)
def test_what_comes_out_is_a_valid_message(name: str, stem: str, fixture: Fixture) -> None:
    for reading in mapping_of(name)(answers(name, fixture), fixture.context).readings:
        body = {"device_connection_id": CONNECTION, **msgspec.to_builtins(reading)}
        message = msgspec.json.decode(msgspec.json.encode(body), type=ReadingMessage)
        assert check_relations(message.readings) is None


@pytest.mark.parametrize(("name", "stem", "fixture"), RECORDED, ids=IDS)
def test_the_same_again_gives_the_same(name: str, stem: str, fixture: Fixture) -> None:
    """Pages overlap and notifications come twice: a record has one identity."""
    once = mapping_of(name)(answers(name, fixture), fixture.context)
    twice = mapping_of(name)([*answers(name, fixture), *answers(name, fixture)], fixture.context)
    ids = [reading.meta["vendor_record_id"] for reading in twice.readings]
    assert len(ids) == len(set(ids))
    assert {str(reading) for reading in twice.readings} == {str(reading) for reading in once.readings}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_makes_it_raise(name: str, data: st.DataObject) -> None:
    """Recorded answers with one value replaced, and plain junk."""
    recorded = [fixture for vendor, _, fixture in RECORDED if vendor == name]
    payloads: list[Any] = [data.draw(JUNK)]
    if recorded:
        fixture = data.draw(st.sampled_from(recorded))
        payloads += [_spoiled(copy.deepcopy(item), data) for item in answers(name, fixture)]
    mapping_of(name)(payloads, data.draw(st.sampled_from([item.context for item in recorded])))


def _spoiled(payload: Any, data: st.DataObject) -> Any:
    places = list(_places(payload))
    if not places:
        return data.draw(JUNK)
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(JUNK)
    return payload


def _places(value: Any) -> Any:
    """Every (container, key) of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)
