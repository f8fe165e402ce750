"""Dexcom as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

HOST: Final = "api.dexcom.com"
OTHER_REGIONS: Final = ("api.dexcom.eu", "api.dexcom.jp", "sandbox-api.dexcom.com")
"""A person's account lives in one region and cannot sign in at another."""

# BAA: part of a commercial agreement with Dexcom, if at all; tokens and secret stay on the server, never on a phone.
MANIFEST: Final = Manifest(
    name="dexcom",
    title="Dexcom",
    status="self_serve",
    pairing_method="vendor_oauth",
    kinds=frozenset({"glucose"}),
    device_types=frozenset({"cgm"}),
    capabilities=Capabilities(
        pull=True,
        max_history_days=365,  # no limit seen
        window_days=30,
        poll_s=600,
        overlap_s=86_400,
    ),
    oauth=OAuth(
        authorize_url=f"https://{HOST}/v2/oauth2/login",
        token_url=f"https://{HOST}/v2/oauth2/token",
        scopes={"offline_access": ("glucose",)},
        rotation="rotating",
        access_token_s=7200,
    ),
    credentials=("client_id", "client_secret"),
    hosts=(HOST, *OTHER_REGIONS),
    limits=(RateLimit(requests=60_000, per_s=3600),),
    notice="Readings come one to three hours after they were measured.",
    baa="By commercial agreement with Dexcom.",
    docs_url="https://developer.dexcom.com",
)
