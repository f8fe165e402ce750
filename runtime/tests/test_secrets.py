"""Secrets are made once, complete, and readable by their owner alone."""

import base64
import json
from pathlib import Path

import nkeys
from joserfc import jwt
from joserfc.jwk import OKPKey

from proto.subjects import APP_USERS
from runtime import secrets


def test_everything_is_there_and_only_for_its_owner(tmp_path: Path) -> None:
    folder = secrets.ensure(tmp_path / "secrets")

    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    of_vendors = {name for name in files if name.startswith("vendors/")}
    assert files - of_vendors == {*secrets.FILES, *secrets.DERIVED}
    assert of_vendors == {
        f"vendors/{vendor}/{name}"
        for vendor in (*secrets.simulated_vendors(), *secrets.own_partners())
        for name in secrets.vendor_files(vendor)
    }
    assert {"vendors/generic/webhook_secrets", "vendors/generic/socket_secrets"} <= of_vendors
    assert {f"nats/{user}" for user in APP_USERS} <= files
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir()} == {0o700}


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    folder = secrets.ensure(tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    secrets.ensure(folder)

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_one_key_signs_the_other_verifies(tmp_path: Path) -> None:
    keys = secrets.ensure(tmp_path) / "keys"
    private = OKPKey.import_key((keys / "token_signing.pem").read_text())
    public = OKPKey.import_key((keys / "token_verify.pem").read_text())

    token = jwt.encode({"alg": "Ed25519"}, {"sub": "x"}, private, algorithms=["Ed25519"])

    assert jwt.decode(token, public, algorithms=["Ed25519"]).claims == {"sub": "x"}


def test_the_callout_key_is_an_account_of_its_seed(tmp_path: Path) -> None:
    folder = secrets.ensure(tmp_path) / "nats"

    public = (folder / "callout.public").read_text()

    assert public.startswith("A")
    assert bytes(nkeys.from_seed((folder / "callout.seed").read_bytes()).public_key).decode() == public


def test_the_keyring_holds_keys_of_256_bits(tmp_path: Path) -> None:
    ring = json.loads((secrets.ensure(tmp_path) / "keys/keyring.json").read_text())

    assert len(base64.b64decode(ring["keys"][ring["primary"]])) == 32
    assert len(base64.b64decode(ring["hmac"])) == 32
