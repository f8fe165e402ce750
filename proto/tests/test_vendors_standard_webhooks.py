"""Whether a notification is genuine: the published example, and every way in which one is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.vendors.standard_webhooks import judge, key_of, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The example of the specification's own libraries."""
AT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {"webhook-id": ID, "webhook-timestamp": "1614265330", "webhook-signature": SIGNATURE}


def test_the_published_example_is_signed_so_and_is_genuine() -> None:
    assert sign(SECRET, ID, "1614265330", BODY) == SIGNATURE
    assert judge(HEADERS, BODY, [SECRET], AT) == "genuine"


def test_a_secret_without_the_prefix_is_the_key_itself() -> None:
    # printf 'a.1614265330.{}' | openssl dgst -sha256 -hmac 'plain secret' -binary | base64
    assert sign("plain secret", "a", "1614265330", b"{}") == "v1,473/c/7FL7FIn67h55K2Z6YwcXr6QB/V82nI0qk26UI="


def test_while_secrets_change_both_are_good() -> None:
    for secrets in (["whsec_bmV3", SECRET], [SECRET, "another"]):
        assert judge(HEADERS, BODY, secrets, AT) == "genuine"
    two = {**HEADERS, "webhook-signature": f"v1a,xx {sign('whsec_bmV3', ID, '1614265330', BODY)} {SIGNATURE}"}
    assert judge(two, BODY, [SECRET], AT) == "genuine"
    assert judge(two, BODY, ["whsec_bmV3"], AT) == "genuine"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HEADERS, BODY + b" "),
        (HEADERS, b""),
        ({**HEADERS, "webhook-id": "msg_other"}, BODY),
        ({**HEADERS, "webhook-timestamp": "1614265331"}, BODY),
        ({**HEADERS, "webhook-signature": SIGNATURE.replace("v1,", "v2,")}, BODY),
        ({**HEADERS, "webhook-signature": "v1,"}, BODY),
        ({**HEADERS, "webhook-signature": "ä \ud800"}, BODY),
    ],
)
def test_what_was_altered_is_forged(headers: dict[str, str], body: bytes) -> None:
    assert judge(headers, body, [SECRET], AT) == "forged"


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_?!"], ["whsec_b3RoZXI="]])
def test_without_the_secret_nothing_is_genuine(secrets: list[str]) -> None:
    empty = {**HEADERS, "webhook-signature": sign("", ID, "1614265330", BODY)}
    assert judge(HEADERS, BODY, secrets, AT) == "forged"
    assert judge(empty, BODY, secrets, AT) == "forged"


@pytest.mark.parametrize("missing", list(HEADERS))
def test_each_header_is_needed(missing: str) -> None:
    rest = {name: text for name, text in HEADERS.items() if name != missing}
    assert judge(rest, BODY, [SECRET], AT) == "unsigned"


@pytest.mark.parametrize(
    ("late_s", "expected"),
    [(300, "genuine"), (-300, "genuine"), (301, "stale"), (-301, "stale"), (86_400 * 365, "stale")],
)
def test_it_is_good_for_five_minutes(late_s: int, expected: str) -> None:
    assert judge(HEADERS, BODY, [SECRET], AT + timedelta(seconds=late_s)) == expected


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1" * 13, "1614265330.5", "²"])
def test_a_timestamp_that_is_none_is_stale(timestamp: str) -> None:
    headers = {
        **HEADERS,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(SECRET, ID, timestamp, BODY),
    }
    assert judge(headers, BODY, [SECRET], AT) == "stale"


@given(
    headers=st.dictionaries(st.sampled_from(list(HEADERS)), st.text(max_size=60)),
    body=st.binary(max_size=60),
    secrets=st.lists(st.text(max_size=30), max_size=3),
)
def test_nothing_makes_it_raise(headers: dict[str, str], body: bytes, secrets: list[str]) -> None:
    assert judge(headers, body, secrets, AT) in ("unsigned", "forged")
    assert all(isinstance(key_of(secret), bytes) for secret in secrets)
