"""What this server says of the companion app, so that its own links open the app: Android's asset links, Apple's association.

Each phone asks once, without a session, and takes no redirect. Where no app is named there is nothing to say.
"""

from typing import Any, Final

from litestar import get
from litestar.di import NamedDependency

from gateway.settings import Settings
from proto.errors import Refused

APP_ID: Final = "org.deviceconnect.companion"
"""As in `ui/capacitor.config.ts`."""
PAIR_PATH: Final = "/app/pair"


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


def _nothing() -> Any:
    raise Refused("not_found")
