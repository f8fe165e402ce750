"""How bytes become what a mapping takes, where a vendor does not speak JSON everywhere."""

import pytest

from vendors import reader_of


def test_withings_answers_in_json_and_announces_in_a_form() -> None:
    read = reader_of("withings")
    assert read(b'{"status": 0, "body": {}}') == {"status": 0, "body": {}}
    assert read(b"userid=41207733&appli=4&startdate=1794924012&enddate=1794924013\n") == {
        "userid": "41207733",
        "appli": "4",
        "startdate": "1794924012",
        "enddate": "1794924013",
    }


@pytest.mark.parametrize("junk", [b"", b"neither", b"a=b&c=d", b"\xff\xfe", b'{"status": 0'])
def test_what_is_neither_cannot_be_read(junk: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        reader_of("withings")(junk)


def test_others_speak_json() -> None:
    assert reader_of("dexcom")(b'{"records": []}') == {"records": []}
    with pytest.raises(ValueError, match="malformed"):
        reader_of("dexcom")(b"userid=1&appli=4")
