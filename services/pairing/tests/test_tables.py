"""The tables say something for every method, and what a page or a phone is handed is usable as it is."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.config import ConfigError, load
from chassis.crypto import LocalKeyRing, SealBroken, token_digest
from proto.events import FoundDevice
from proto.state import ModelState
from proto.words import PAIRING_METHODS, PairingMethod
from services.pairing import tokens
from services.pairing.app import mqtt_address
from services.pairing.bluetooth import CHARACTERISTICS_OF, long_uuid, web_bluetooth
from services.pairing.consumers import plain, tidy
from services.pairing.kept import Kept
from services.pairing.settings import Settings
from services.pairing.starting import qr_code
from services.pairing.steps import STEPS
from services.pairing.texts import CURRENT, FOLDER, find_text


@pytest.mark.parametrize("method", PAIRING_METHODS)
def test_every_method_has_steps_with_words(method: PairingMethod) -> None:
    steps = STEPS[method]

    assert steps
    assert len({step.id for step in steps}) == len(steps)
    assert all(re.fullmatch(r"[a-z_]{3,20}", step.id) and step.text.endswith(".") for step in steps)


def test_filters_name_whole_uuids_once() -> None:
    model = ModelState(
        id=uuid4(),
        vendor_id="makers",
        name="Scale",
        device_type="scale",
        capabilities=frozenset({"weight"}),
        pairing_methods=["web_bluetooth"],
        ble_services=["181D", "181b", "00001530-1212-efde-1523-785feabcd123"],
        quirks={"name_prefixes": "MI , SCALE"},
        version=1,
    )

    asked = web_bluetooth(model)

    assert asked.filters == [
        {"services": ["0000181d-0000-1000-8000-00805f9b34fb"]},
        {"services": ["0000181b-0000-1000-8000-00805f9b34fb"]},
        {"services": ["00001530-1212-efde-1523-785feabcd123"]},
        {"namePrefix": "MI"},
        {"namePrefix": "SCALE"},
    ]
    for service in ("180f", "180a", "1805"):
        assert long_uuid(service) in asked.optional_services
    assert len(set(asked.optional_services)) == len(asked.optional_services) == 6
    assert asked.characteristics == [long_uuid(c) for c in ("2a9d", "2a9c", "2a19")]


def test_every_service_with_measurements_has_its_characteristics() -> None:
    assert set(CHARACTERISTICS_OF) == {
        *("1808", "1809", "180d", "180f", "1810", "181b", "181d", "181f", "1822"),
    }


def test_the_code_is_a_drawing_of_the_link() -> None:
    code = qr_code("abc_-1")

    assert code.payload == "deviceconnect://pair?token=abc_-1"
    drawing = ET.fromstring(code.svg)
    assert drawing.tag.endswith("svg")
    assert drawing.get("viewBox")
    assert drawing.get("width") is None
    assert "style=" not in code.svg  # the page's policy forbids it


def test_tokens_are_random_and_only_their_digest_is_kept() -> None:
    id = uuid4()
    made = tokens.ingest_token(id)

    assert made.plain.startswith(f"dci_{id.hex}_")
    assert made.sha256 == token_digest(made.plain)
    assert len(made.plain) == 4 + 32 + 1 + 32
    assert len(tokens.pairing_token().plain) == 22
    assert len(tokens.hub_secret().plain) == 43
    assert len({tokens.pairing_token().plain for _ in range(100)}) == 100
    assert re.fullmatch(r"hub-[a-z0-9]{12}", tokens.hub_id())


def test_a_consent_text_is_found_in_the_readers_language() -> None:
    english, german = find_text(CURRENT), find_text(CURRENT, "de-AT")

    assert english is not None
    assert german is not None
    assert (english.locale, german.locale) == ("en", "de")
    assert english.sha256 != german.sha256
    assert find_text(CURRENT, "fr-FR") == english
    assert find_text("1999-01") is None


@pytest.mark.parametrize("language", ["es", "ar"])
def test_whoever_reads_another_language_agrees_to_the_same_points(language: str) -> None:
    english, theirs = find_text(CURRENT), find_text(CURRENT, language)

    assert english is not None
    assert theirs is not None
    assert theirs.locale == language
    assert theirs.sha256 != english.sha256
    for mark in (r"^# ", r"^## ", r"^- "):
        found = [len(re.findall(mark, text.text, re.MULTILINE)) for text in (english, theirs)]
        assert found[0] == found[1], mark
    assert "!" not in theirs.text


def test_every_version_of_the_text_is_there_in_english_and_says_what_it_must() -> None:
    for version in FOLDER.iterdir():
        text = find_text(version.name)
        assert text is not None
        headings = re.findall(r"^## (.+)$", text.text, re.MULTILINE)
        for words in ("collect", "Who", "Why", "long", "stop", "happens"):
            assert any(words in heading for heading in headings), words
        sentences = re.split(r"(?<=[.?!:])\s", text.text)
        assert max(len(sentence.split()) for sentence in sentences) <= 30  # a ten-year-old reads this


def test_hubs_are_told_where_to_sign_in() -> None:
    plain_text, secure = mqtt_address("mqtt://127.0.0.1:1884"), mqtt_address("mqtts://hubs.example.org")

    assert (plain_text.host, plain_text.port, plain_text.tls) == ("127.0.0.1", 1884, False)
    assert (secure.port, secure.tls) == (8883, True)
    with pytest.raises(ConfigError, match="DC_MQTT_PUBLIC_URL"):
        mqtt_address("https://hubs.example.org")


def test_production_wants_hubs_on_tls(home: Path) -> None:
    environ = {
        "DC_ENV": "production",
        "DC_SECRETS_DIR": str(home / "secrets"),
        "DC_DATABASE_URL": "postgresql://db/x",
        "DC_NATS_URL": "tls://nats",
        "DC_MQTT_PUBLIC_URL": "mqtt://hubs:1883",
    }

    with pytest.raises(ConfigError, match="DC_MQTT_PUBLIC_URL must be mqtts"):
        load(Settings, environ)


def test_what_a_hub_calls_a_device_is_made_fit_to_show() -> None:
    found = tidy(
        FoundDevice(address="AA\0:BB", name="Cu\u202eff" + "x" * 100, services=["1810"] * 40, rssi=-50)
    )

    assert found.address == "AA:BB"
    assert found.name is not None
    assert found.name.startswith("Cuffx")
    assert len(found.name) == 64
    assert len(found.services) == 16
    assert plain(None) is None


def test_a_kept_answer_opens_for_its_own_path_only(home: Path) -> None:
    kept = Kept(LocalKeyRing(home / "secrets/keys/keyring.json"))

    sealed = kept.seal(b'{"secret":"s3cret"}', "/api/v1/hubs")

    assert b"s3cret" not in sealed
    assert kept.open(sealed, "/api/v1/hubs") == b'{"secret":"s3cret"}'
    with pytest.raises(SealBroken):
        kept.open(sealed, "/api/v1/hubs/other/rotate")
