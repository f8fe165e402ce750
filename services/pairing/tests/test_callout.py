"""Who may sign in as a hub, and what the server is told: tokens that are really signed, checked by another library."""

import base64
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import nacl.signing
import nkeys
import pytest

from chassis.crypto import token_digest
from proto.state import HubSecret, HubState
from services.pairing.callout import (
    SignIn,
    Verdict,
    answer,
    judge,
    judge_vendor,
    permissions,
    read_question,
    vendor_of,
)

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
HUB = HubState(
    id="hub-aaaaaaaaaaaa",
    patient_id=UUID(int=1),
    secrets=[
        HubSecret(sha256=token_digest("new")),
        HubSecret(sha256=token_digest("old"), until=LATER),
    ],
    version=1,
)


def sign_in(**changes: Any) -> SignIn:
    fields = {
        "server_id": "NSERVER",
        "user_nkey": "UUSER",
        "user": HUB.id,
        "password": "new",
        "client_type": "mqtt",
        "mqtt_id": HUB.id,
    }
    return SignIn(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "hub", "verdict"),
    [
        ({}, HUB, Verdict(True)),
        ({"password": "old"}, HUB, Verdict(True, until=LATER)),
        ({"password": "wrong"}, HUB, Verdict(False, "secret")),
        ({"password": ""}, HUB, Verdict(False, "secret")),
        ({"mqtt_id": "hub-bbbbbbbbbbbb"}, HUB, Verdict(False, "client_id")),
        ({"mqtt_id": ""}, HUB, Verdict(False, "client_id")),
        ({"client_type": "nats"}, HUB, Verdict(False, "not_mqtt")),
        ({}, None, Verdict(False, "unknown")),
        ({"user": "vendor-x", "mqtt_id": "vendor-x"}, None, Verdict(False, "unknown")),
        ({"user": "hub-bbbbbbbbbbbb", "mqtt_id": "hub-bbbbbbbbbbbb"}, HUB, Verdict(False, "unknown")),
    ],
)
def test_who_may_sign_in(changes: dict[str, str], hub: HubState | None, verdict: Verdict) -> None:
    assert judge(sign_in(**changes), hub, NOW) == verdict


def test_an_older_secret_is_good_until_its_moment() -> None:
    assert judge(sign_in(password="old"), HUB, LATER) == Verdict(False, "secret")


def test_a_hub_gets_its_own_branch_and_nothing_else() -> None:
    allowed = permissions(HUB.id)

    assert allowed["pub"]["allow"] == [f"dc.v1.hubs.{HUB.id}.up.>"]
    branch = [subject for subject in allowed["sub"]["allow"] if not subject.startswith("$MQTT.")]
    assert branch == [f"dc.v1.hubs.{HUB.id}.down", f"dc.v1.hubs.{HUB.id}.down.>"]


@pytest.mark.parametrize(
    ("changes", "secrets", "verdict"),
    [
        ({}, ["older", "new"], Verdict(True)),
        ({"password": "older"}, ["older", "new"], Verdict(True)),
        ({"password": "wrong"}, ["older", "new"], Verdict(False, "secret")),
        ({"password": ""}, [], Verdict(False, "unknown")),
        ({"mqtt_id": "vendor-other"}, ["new"], Verdict(False, "client_id")),
        ({"client_type": "nats"}, ["new"], Verdict(False, "not_mqtt")),
    ],
)
def test_which_vendor_may_sign_in(changes: dict[str, str], secrets: list[str], verdict: Verdict) -> None:
    asked = {"user": "vendor-acme", "mqtt_id": "vendor-acme", **changes}
    assert judge_vendor(sign_in(**asked), secrets) == verdict


def test_a_vendor_gets_its_own_branch_and_nothing_else() -> None:
    allowed = permissions("vendor-acme")

    assert (vendor_of("vendor-acme"), vendor_of(HUB.id)) == ("acme", None)
    assert allowed["pub"]["allow"] == ["dc.v1.vendors.acme.up.>"]
    branch = [subject for subject in allowed["sub"]["allow"] if not subject.startswith("$MQTT.")]
    assert branch == ["dc.v1.vendors.acme.down", "dc.v1.vendors.acme.down.>"]


def test_the_answer_is_signed_and_holds_the_users_token() -> None:
    key = nkeys.from_seed(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT))

    said = claims_of(answer(key, sign_in(), Verdict(True, until=LATER), NOW), key)

    assert (said["iss"], said["sub"], said["aud"]) == (key.public_key.decode(), "UUSER", "NSERVER")
    assert said["nats"]["type"] == "authorization_response"
    user = claims_of(said["nats"]["jwt"].encode(), key)
    assert (user["sub"], user["aud"], user["name"]) == ("UUSER", "HUBS", HUB.id)
    assert user["exp"] == int(LATER.timestamp())
    assert user["nats"]["allowed_connection_types"] == ["MQTT"]
    assert user["nats"]["pub"] == permissions(HUB.id)["pub"]


def test_a_refusal_holds_no_token_and_no_reason() -> None:
    key = nkeys.from_seed(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT))

    said = claims_of(answer(key, sign_in(), Verdict(False, "secret"), NOW), key)

    assert said["nats"] == {"type": "authorization_response", "version": 2, "error": "refused"}


def test_a_question_is_read() -> None:
    claims = {
        "nats": {
            "server_id": {"id": "NSERVER", "name": "device-connect"},
            "user_nkey": "UUSER",
            "client_info": {"type": "mqtt", "mqtt_id": HUB.id, "host": "127.0.0.1"},
            "connect_opts": {"user": HUB.id, "pass": "new", "protocol": 1},
        }
    }

    asked = read_question(b".".join((b"e30", encoded(claims), b"sig")))

    assert asked == sign_in()
    assert "new" not in repr(asked)


@pytest.mark.parametrize("token", [b"", b"a.b", b"a.!.c", b"a.e30.c", b"a." + b"AAAA" + b".c", b"a.b.c.d"])
def test_what_is_no_question_is_a_value_error(token: bytes) -> None:
    with pytest.raises(ValueError, match="not an authorization request"):
        read_question(token)


def encoded(claims: Any) -> bytes:
    return base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")


def decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def claims_of(token: bytes, key: Any) -> Any:
    """Checks header and signature with the public key alone."""
    head, body, signature = token.split(b".")
    assert msgspec.json.decode(decoded(head)) == {"typ": "JWT", "alg": "ed25519-nkey"}
    public = base64.b32decode(key.public_key + b"=" * (-len(key.public_key) % 8))[1:33]
    nacl.signing.VerifyKey(public).verify(head + b"." + body, decoded(signature))
    return msgspec.json.decode(decoded(body))
