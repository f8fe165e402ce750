"""What phones ask before a link of this server opens the app instead of the browser."""

import re
from pathlib import Path
from typing import Final

import httpx2
import msgspec
import pytest

from gateway.app_links import APP_ID, PAIR_PATH, asset_links, site_association
from gateway.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
PRINT: Final = ":".join(["AB"] * 32)


def test_the_app_is_named_as_its_projects_name_it() -> None:
    assert f'appId: "{APP_ID}"' in (ROOT / "ui/capacitor.config.ts").read_text()
    assert f'android:path="{PAIR_PATH}"' in (ROOT / "ui/android/app/src/main/AndroidManifest.xml").read_text()
    assert f'APP_PATH = "{PAIR_PATH}"' in (ROOT / "ui/src/lib/companion/pair-link.ts").read_text()


def test_android_is_told_each_certificate() -> None:
    other = PRINT.replace("AB", "CD").lower()
    [said] = asset_links(f"{PRINT}, {other}")
    assert said["target"]["sha256_cert_fingerprints"] == [PRINT, other.upper()]
    assert asset_links("") == []


def test_apple_is_told_the_one_path() -> None:
    [said] = site_association("AB12CD34EF")["applinks"]["details"]
    assert said == {
        "appIDs": [f"AB12CD34EF.{APP_ID}"],
        "components": [{"/": "/app/pair", "?": {"token": "?*"}}],
    }
    assert site_association("") == {}


@pytest.mark.parametrize(
    "change",
    [{"app_android_sha256": "AB:CD"}, {"app_android_sha256": f"{PRINT},"}, {"app_apple_team": "me"}],
)
def test_what_is_no_fingerprint_or_team_is_no_setting(change: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(change, Settings)


def test_two_certificates_are_a_setting() -> None:
    assert msgspec.convert({"app_android_sha256": f"{PRINT}, {PRINT}"}, Settings).app_android_sha256


async def test_a_phone_asks_without_a_session_and_gets_json_or_nothing(client: httpx2.AsyncClient) -> None:
    apple = await client.get("/.well-known/apple-app-site-association")
    android = await client.get("/.well-known/assetlinks.json")
    assert apple.headers["content-type"].startswith("application/json")
    assert apple.json() == site_association("AB12CD34EF")
    assert android.status_code == 404


async def test_a_browser_that_is_led_to_the_apps_link_is_told_what_to_do(client: httpx2.AsyncClient) -> None:
    token = "Ab3_x-Zq9LmN0pQrStUvWw"
    whole = await client.get(f"/app/pair?token={token}")
    broken = [
        await client.get("/app/pair", params=query)
        for query in ({}, {"token": "<b>short</b>"}, {"token": "x" * 65})
    ]

    assert whole.status_code == 200
    assert f'href="deviceconnect://pair?token={token}"' in whole.text
    assert f"<code>{token}</code>" in whole.text
    assert whole.headers["cache-control"] == "no-store"
    for answer in broken:
        assert answer.status_code == 200
        assert "scan the code on the other screen once more" in answer.text
        assert "deviceconnect:" not in answer.text
        assert "<b>" not in answer.text
    assert all('href="/devices"' in answer.text for answer in (whole, *broken))
    [style] = re.findall(r'rel="stylesheet" href="([^"]+)"', whole.text)
    assert (await client.get(style)).headers["content-type"].startswith("text/css")
