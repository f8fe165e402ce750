"""What every client keeps, whoever the vendor is: whatever is answered or posted, it names a fault or goes on, and ends."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proto.vendors.client import Answer, Ask, Client, Incoming, Request, Tokens, VendorFault
from vendors import NAMES, client_of, manifest_of
from vendors.recorded import ROOT, fixtures_of

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
SPOKEN_TO = [name for name in NAMES if (ROOT / name / "client.py").exists()]
ASKED = [name for name in SPOKEN_TO if manifest_of(name).capabilities.pull]
HEARD = [name for name in SPOKEN_TO if manifest_of(name).capabilities.webhook != "none"]
CALLS_MAX = 40
CREDENTIAL = "bp=secret"
"""Also a line of those that hold one a call."""
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
often = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def client(name: str) -> Client:
    manifest = manifest_of(name)
    return client_of(name)(dict.fromkeys(manifest.credentials, CREDENTIAL))


def bodies(name: str) -> st.SearchStrategy[bytes]:
    """Recorded payloads, and junk."""
    recorded = [payload for fixture in fixtures_of(name).values() for payload in fixture.payloads]
    known = [one.encode() if isinstance(one, str) else msgspec.json.encode(one) for one in recorded]
    return st.sampled_from([*known, b""]) | JUNK.map(msgspec.json.encode) | st.binary(max_size=40)


@pytest.mark.parametrize("name", SPOKEN_TO)
def test_it_speaks_for_its_own_manifest(name: str) -> None:
    assert client_of(name).manifest is manifest_of(name)


@pytest.mark.parametrize("name", ASKED)
@often
@given(data=st.data())
async def test_a_look_ends_whatever_is_answered(name: str, data: st.DataObject) -> None:
    """The same answer to every question; only a fault may come out, and no question leaves the vendor's hosts."""
    kinds = manifest_of(name).kinds
    answer = Answer(status=data.draw(st.sampled_from([200, 200, 200, 204, 404, 429, 500])), body=data.draw(bodies(name)))  # fmt: skip
    speaker, hosts, calls = client(name), manifest_of(name).hosts, 0
    tokens = Tokens(access_token="at", user_id="u")

    async def send(request: Request) -> Answer:
        nonlocal calls
        calls += 1
        if calls > CALLS_MAX:
            raise VendorFault("rate_limited", "budget")
        url = speaker.authorized(request, tokens).url
        assert url.startswith(tuple(f"https://{host}{end}" for host in hosts for end in (":", "/")))
        assert "{" not in url
        return answer

    ask = Ask(since=datetime(2026, 11, 16, tzinfo=UTC), until=NOW, kinds=kinds, timezone="Europe/Berlin")
    try:
        pages = [page async for page in speaker.pages(send, ask)]
    except VendorFault:
        return
    assert all(page.payload is not None for page in pages)


@pytest.mark.parametrize("name", HEARD)
@often
@given(data=st.data())
def test_whatever_is_posted_is_answered_and_read(name: str, data: st.DataObject) -> None:
    body = data.draw(bodies(name))
    headers = data.draw(st.dictionaries(st.sampled_from(["content-type", "authorization", "webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=20)))  # fmt: skip
    method: Any = data.draw(st.sampled_from(["POST", "GET", "HEAD"]))
    reply = client(name).receive(
        Incoming(method=method, body=body, headers=headers, received_at=NOW), ["secret"]
    )
    assert 200 <= reply.status < 500
    assert reply.accept <= (reply.status < 300)
    assert all(note.user_id for note in client(name).notifications(body, headers.get("content-type", "")))


@pytest.mark.parametrize("name", [name for name in HEARD if manifest_of(name).capabilities.signed_webhook])
def test_what_is_not_signed_is_not_kept(name: str) -> None:
    """Whoever says that a vendor signs, checks it."""
    for fixture in fixtures_of(name).values():
        for payload in fixture.payloads:
            body = payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)
            incoming = Incoming(method="POST", body=body, headers={"content-type": "application/json"}, received_at=NOW)  # fmt: skip
            assert not client(name).receive(incoming, ["secret"]).accept
