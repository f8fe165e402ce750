"""Partners who publish nothing speak our contract, each with their own fields."""

from datetime import UTC, datetime

import msgspec
import pytest

from proto.vendors.client import Incoming
from proto.vendors.normalized import Context
from proto.vendors.standard_webhooks import sign
from vendors import client_of, manifest_of, mapping_of
from vendors.recorded import fixtures_of

PARTNERS = ("abbott_libre", "eko", "generic", "inhaler", "kinsa", "spirometer")
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def bodies(name: str) -> list[dict[str, object]]:
    """Recorded bodies of the contract."""
    return [
        payload
        for fixture in fixtures_of(name).values()
        for payload in fixture.payloads
        if isinstance(payload, dict)
        and isinstance(payload.get("data"), dict)
        and "records" in payload["data"]
    ]


@pytest.mark.parametrize("name", PARTNERS)
def test_a_recorded_body_goes_from_the_webhook_to_the_mapping(name: str) -> None:
    client, stamp = client_of(name)({"webhook_secrets": "s"}), str(int(NOW.timestamp()))
    read = 0
    for payload in bodies(name):
        body = msgspec.json.encode(payload)
        headers = {
            "content-type": "application/json",
            "webhook-id": "m",
            "webhook-timestamp": stamp,
            "webhook-signature": sign("s", "m", stamp, body),
        }
        reply = client.receive(Incoming(method="POST", body=body, headers=headers, received_at=NOW), ["s"])
        (note,) = client.notifications(body, "application/json")
        found = mapping_of(name)([note.payload], Context(endpoint=note.endpoint, timezone="UTC", now=NOW))
        assert (reply.status, reply.accept) == (204, True)
        read += len(found.readings) + len(found.deleted)
    assert read


@pytest.mark.parametrize("name", PARTNERS)
def test_their_manifests_say_how_they_push(name: str) -> None:
    can = manifest_of(name).capabilities
    assert (can.webhook, can.signed_webhook, can.socket, can.mqtt) == ("push", True, True, True)
    assert can.dial is (name == "generic")
    assert manifest_of(name).credentials == ("webhook_secrets",)


def test_eko_names_the_person_in_its_events() -> None:
    (note,) = client_of("eko")({}).notifications(
        b'{"event": "recording.created", "data": {"recording_id": "r", "patient_ref": "ext-204"}}', ""
    )
    assert note.user_id == "ext-204"
