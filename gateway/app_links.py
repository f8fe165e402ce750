"""What this server says of the companion app, so that its own links open the app: Android's asset links, Apple's association.

Each phone asks once, without a session, and takes no redirect. Where no app is named there is nothing to say. A browser that
is led to a link of the app is told what to do with it.
"""

import re
from typing import Any, Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from gateway.pages import page
from gateway.settings import Settings
from proto.errors import Refused

APP_ID: Final = "org.deviceconnect.companion"
"""As in `ui/capacitor.config.ts`."""
PAIR_PATH: Final = "/app/pair"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_HOME: Final = 'You can also <a href="/devices">go to your devices</a> here.'


def asset_links(fingerprints: str) -> list[dict[str, Any]]:
    """`fingerprints`: of the certificates that sign the Android app, separated by commas."""
    given = [text.strip().upper() for text in fingerprints.split(",") if text.strip()]
    target = {"namespace": "android_app", "package_name": APP_ID, "sha256_cert_fingerprints": given}
    return [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}] if given else []


def site_association(team: str) -> dict[str, Any]:
    """`team`: the ten letters of Apple's developer team."""
    details = [{"appIDs": [f"{team}.{APP_ID}"], "components": [{"/": PAIR_PATH, "?": {"token": "?*"}}]}]
    return {"applinks": {"details": details}} if team else {}


@get("/.well-known/assetlinks.json", include_in_schema=False)
async def android(settings: NamedDependency[Settings]) -> list[dict[str, Any]]:
    return asset_links(settings.app_android_sha256) or _nothing()


@get("/.well-known/apple-app-site-association", include_in_schema=False)
async def apple(settings: NamedDependency[Settings]) -> dict[str, Any]:
    return site_association(settings.app_apple_team) or _nothing()


@get(PAIR_PATH, include_in_schema=False)
async def pair(token: FromQuery[str | None] = None) -> Response[bytes]:
    """Only a browser asks here: where the app is, the phone opens it instead."""
    return Response(
        pair_page(token), media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


def pair_page(token: str | None) -> bytes:
    """The code again, for the app on this phone or on another one. What is no code is not repeated."""
    if token is None or _TOKEN.fullmatch(token) is None:
        return page(
            "A part of this link is missing",
            "Please scan the code on the other screen once more.",
            _HOME,
        )
    return page(
        "Open this on your phone, with the Device Connect app",
        "This link connects a phone, and a browser cannot do that. With the app on this phone, use the link below. On "
        "another phone, open the app there and scan the code on the screen where you add your device. "
        "The code is good for ten minutes.",
        f"In letters: <code>{token}</code>",
        _HOME,
        link=(f"deviceconnect://pair?token={token}", "Open the app"),
    )


def _nothing() -> Any:
    raise Refused("not_found")
