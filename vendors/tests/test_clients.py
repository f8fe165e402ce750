"""What every client keeps, whoever the vendor is: what arrives from outside is judged and read without an exception, and
no answer, however odd, is taken for tokens."""

from datetime import UTC, datetime
from importlib.util import find_spec

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proto.vendors.client import Answer, Client, Incoming, VendorFault
from vendors import NAMES, client_of

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CREDENTIALS = {name: f"the {name}" for name in ("client_id", "client_secret", "webhook_secret")}
WITH_CLIENT = [name for name in NAMES if find_spec(f"vendors.{name}.client")]
WORDS = st.sampled_from(
    ["userid", "appli", "date", "startdate", "action", "id", "timestamp", "data", "healthUserId", "intervals",
     "physicalTimeInterval", "startTime", "dailies", "deregistrations", "userId", "event", "user_id", "data_type",
     "event_type", "event_time", "sleep", "SLEEP", "type", "verification", "status", "body", "error", "details",
     "access_token", "expires_in", "scope", "id_token", "x_user_id", "46", "4", "unlink", "2026-11-17", "1794924012"]
)  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=14,
)
BODIES = (
    st.binary(max_size=60)
    | JUNK.map(msgspec.json.encode)
    | st.dictionaries(WORDS, WORDS, max_size=5).map(
        lambda form: "&".join(f"{name}={text}" for name, text in form.items()).encode()
    )
)
GRANTS = st.fixed_dictionaries(
    {"access_token": st.text(min_size=1, max_size=5)},
    optional={
        name: JUNK | st.integers() | st.floats() for name in ("expires_in", "scope", "user_id", "id_token")
    },
)
TOKENS = GRANTS.map(msgspec.json.encode) | GRANTS.map(
    lambda grant: msgspec.json.encode({"status": 0, "body": grant})
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["authorization", "x-oura-signature", "x-oura-timestamp", "polar-webhook-signature", "garmin-client-id",
         "x-healthapi-signature", "retry-after", "date", "x-ratelimit-reset", "content-type"]
    ),
    st.text(max_size=20) | WORDS | st.sampled_from(["²", "9" * 400, "1e999"]),
    max_size=4,
)  # fmt: skip


def client(name: str) -> Client:
    return client_of(name)(CREDENTIALS)


@pytest.mark.parametrize("name", WITH_CLIENT)
@settings(max_examples=150, deadline=None)
@given(body=BODIES, headers=HEADERS, method=st.sampled_from(["GET", "HEAD", "POST"]))
def test_nothing_that_arrives_makes_it_raise(
    name: str, body: bytes, headers: dict[str, str], method: str
) -> None:
    vendor = client(name)
    if vendor.manifest.capabilities.webhook == "none":
        return
    told = Incoming(method=method, body=body, headers=headers, params=headers, received_at=NOW)
    reply = vendor.receive(told, ["a secret"])
    assert 200 <= reply.status < 500
    assert not reply.accept or reply.event_id
    assert all(hint.user_id for hint in vendor.notifications(body, headers.get("content-type", "")))


@pytest.mark.parametrize("name", WITH_CLIENT)
@settings(max_examples=150, deadline=None)
@given(
    body=BODIES | TOKENS,
    headers=HEADERS,
    status=st.sampled_from([200, 204, 400, 401, 403, 404, 410, 429, 500, 503]),
)
def test_an_odd_answer_is_a_fault_or_tokens(
    name: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    vendor = client(name)
    answer = Answer(status=status, body=body, headers=headers)
    fault = vendor.fault_of(answer)
    assert fault is None or fault.fault.code
    assert fault is not None or status < 400 or name == "polar"
    try:
        assert vendor.read_tokens(answer, NOW).access_token
    except VendorFault as refused:
        assert refused.fault.code
