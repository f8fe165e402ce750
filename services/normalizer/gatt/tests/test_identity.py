"""Two values are the same measurement, or they are not: whoever brought them, whatever time they were given."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from services.normalizer.gatt import DecodeError, decode
from services.normalizer.gatt.identity import Identity, identity, record_identity
from services.normalizer.gatt.tests.test_rules import EVERY

AT = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
CUFF = "1e7a004e005d00ea070b120714054600010000"


def of(uuid: str, octets: str, received_at: datetime = AT) -> Identity:
    value = bytes.fromhex(octets)
    return identity(uuid, decode(uuid, value), value, received_at)


def records(octets: str, received_at: datetime = AT, session: datetime | None = None) -> list[Identity]:
    value = bytes.fromhex(octets)
    found = decode("2aa7", value).records
    assert isinstance(found, list)
    return [record_identity(r, n, value, received_at, session) for n, r in enumerate(found)]


def test_a_cuffs_value_is_one_at_any_hour_of_receipt() -> None:
    first, later = of("2a35", CUFF), of("2a35", CUFF, AT + timedelta(hours=3))

    assert first == later
    assert first.kind == "device_time"


def test_another_user_or_another_value_is_another_measurement() -> None:
    other_user, other_value = CUFF[:-6] + "020000", "1e7b" + CUFF[4:]

    assert len({of("2a35", octets).key for octets in (CUFF, other_user, other_value)}) == 3


def test_the_exponent_that_a_device_writes_in_does_not_make_it_another() -> None:
    whole, tenths = "0278005000ff07ea070b12071405", "02b0f420f3ff07ea070b12071405"

    assert of("2a35", whole).key == of("2a35", tenths).key


def test_a_meters_record_is_its_number_and_base_time_whatever_time_it_shows() -> None:
    plain, moved = of("2a18", "020300ea07030e08051e61b012"), of("2a18", "030300ea07030e08051ea6ff61b012")
    reset = of("2a18", "020300ea07040e08051e61b012")

    assert plain.key == moved.key
    assert plain.kind == "sequence"
    assert reset.key != plain.key


def test_without_a_clock_an_indicated_value_has_a_window_and_a_stream_none() -> None:
    for uuid, octets, kind in (
        ("2a1c", "006c0100ff", "window"),
        ("2a35", "02780050005d000000030e08051e", "window"),
        ("2a37", "0048", "stream"),
        ("2a5f", "0062004700", "stream"),
    ):
        first, again = of(uuid, octets), of(uuid, octets, AT + timedelta(seconds=9))

        assert first.kind == kind
        assert first.content == again.content
        assert first.key != again.key
        assert first.key == of(uuid, octets, AT.astimezone(timezone(timedelta(hours=5)))).key


def test_every_record_of_a_notification_is_its_own() -> None:
    three = "06006500000006006700050006006a000a00"
    session = AT - timedelta(hours=1)

    for found in (records(three), records(three, session=session)):
        assert len({one.key for one in found}) == 3


def test_two_equal_records_of_one_notification_without_a_session_are_both_kept() -> None:
    assert len({one.key for one in records("060065000000" * 2)}) == 2


def test_a_record_is_its_minute_of_the_session_in_whatever_notification_it_comes() -> None:
    session = AT - timedelta(hours=1)

    alone = records("060067000500", AT + timedelta(hours=5), session)
    among = records("060065000000" + "060067000500", AT, session)

    assert alone[0].key == among[1].key
    assert alone[0].kind == "sequence"
    assert records("060067000500", AT, session - timedelta(days=1))[0].key != alone[0].key


@given(
    st.sampled_from(EVERY),
    st.binary(max_size=40),
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))])
    ),
)
def test_whatever_decodes_has_an_identity(uuid: str, data: bytes, received_at: datetime) -> None:
    try:
        decoded = decode(uuid, data)
    except DecodeError:
        return

    assert identity(uuid, decoded, data, received_at) == identity(uuid, decoded, data, received_at)
