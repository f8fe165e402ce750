"""`device-connect keys prune`: a key is forgotten when nothing rests under it, and never before."""

import msgspec
import pytest

from chassis.crypto import LocalKeyRing, RingFile, key_of, open_sealed
from runtime.commands.keys import with_new_key
from runtime.home import replace
from runtime.tests.conftest import PLACE, Installation

pytestmark = pytest.mark.integration
PAYLOAD = b'{"readings":{"spo2_pct":97}}'


def report(out: str) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(out)
    return found


def test_a_pruned_ring_has_its_primary_alone_and_opens_everything(installation: Installation) -> None:
    before = set(installation.ring.keys)  # other tests of this home may have rotated too
    letter = installation.give_up(PAYLOAD)
    assert installation.command("keys", "rotate")[0] == 0
    rotated = installation.ring
    late = installation.give_up(PAYLOAD)

    code, out, _ = installation.command("keys", "prune")

    assert code == 0
    assert report(out)["dropped"] == sorted(before)
    assert report(out)["left"] == {}
    assert (installation.ring.primary, set(installation.ring.keys)) == (rotated.primary, {rotated.primary})
    assert installation.ring.hmac == rotated.hmac
    ring = LocalKeyRing(installation.ring_path)
    for id in (letter, late):
        sealed = installation.sealed(id)
        assert key_of(sealed) == rotated.primary
        assert open_sealed(ring, sealed, row=str(id), patient="", **PLACE) == PAYLOAD


def test_what_was_sealed_since_the_rotation_by_a_process_that_had_not_seen_it_is_sealed_anew(
    installation: Installation,
) -> None:
    before = LocalKeyRing(installation.ring_path)
    replace(installation.ring_path, msgspec.json.encode(with_new_key(installation.ring)))
    old = RingFile(primary=before.primary, keys=installation.ring.keys, hmac=installation.ring.hmac)
    stale = installation.ring_path.with_name("stale.json")
    stale.write_bytes(msgspec.json.encode(old))
    letter = installation.give_up(PAYLOAD, ring=LocalKeyRing(stale))
    assert key_of(installation.sealed(letter)) == before.primary

    assert installation.command("keys", "prune")[0] == 0

    assert key_of(installation.sealed(letter)) == installation.ring.primary


def test_while_something_cannot_be_opened_every_key_stays(installation: Installation) -> None:
    strange = RingFile(primary="k1", keys=with_new_key(installation.ring).keys, hmac=installation.ring.hmac)
    lost = with_new_key(strange)
    path = installation.ring_path.with_name("lost.json")
    path.write_bytes(msgspec.json.encode(lost))
    letter = installation.give_up(PAYLOAD, ring=LocalKeyRing(path))
    blob = installation.sealed(letter)
    assert installation.command("keys", "rotate")[0] == 1
    keys = set(installation.ring.keys)

    code, out, _ = installation.command("keys", "prune")

    assert code == 1
    assert report(out)["left"] == {"normalizer.dead_letters.payload_sealed": 1}
    assert "dropped" not in report(out)
    assert set(installation.ring.keys) == keys
    assert installation.sealed(letter) == blob


def test_a_ring_that_cannot_be_read_is_left_alone(installation: Installation) -> None:
    installation.ring_path.write_text("{")

    code, out, err = installation.command("keys", "prune")

    assert (code, out) == (2, "")
    assert "keyring.json cannot be read" in err
    assert installation.ring_path.read_text() == "{"


def test_without_a_database_it_asks_which(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DC_DATABASE_DIRECT_URL")
    before = installation.ring_path.read_bytes()

    code, _, err = installation.command("keys", "prune")

    assert (code, err.startswith("Which database?")) == (2, True)
    assert installation.ring_path.read_bytes() == before
