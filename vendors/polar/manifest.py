"""Polar as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

SIGN_IN_HOST: Final = "flow.polar.com"
EXCHANGE_HOST: Final = "polarremote.com"
DATA_HOST: Final = "www.polaraccesslink.com"

# BAA: nights, days and tests of a signed-in patient come from Polar. No agreement was seen; ask before patients are
# invited. `x_user_id` of the token answer is what notifications carry.
MANIFEST: Final = Manifest(
    name="polar",
    title="Polar",
    status="self_serve",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {"activity", "ecg", "heart_rate", "respiratory_rate", "sleep", "spo2", "temperature", "weight"}
    ),
    device_types=frozenset({"smart_watch", "activity_tracker", "heart_rate_monitor", "ecg"}),
    account_type="smart_watch",
    capabilities=Capabilities(
        pull=True,
        webhook="ping",
        signed_webhook=True,
        subscribe="application",
        revoke=True,
        max_history_days=28,  # what the lists of nights reach; and nothing that was uploaded before the registration
        window_days=28,
        poll_s=21_600,
    ),
    oauth=OAuth(
        authorize_url=f"https://{SIGN_IN_HOST}/oauth2/authorization",
        token_url=f"https://{EXCHANGE_HOST}/v2/oauth2/token",
        revoke_url=f"https://{DATA_HOST}/v3/users",
        scopes={"accesslink.read_all": ()},
        client_auth="basic",
        rotation="none",
        access_token_s=315_360_000,  # until it is revoked (unverified)
    ),
    credentials=("client_id", "client_secret"),
    hosts=(SIGN_IN_HOST, EXCHANGE_HOST, DATA_HOST),
    limits=(
        RateLimit(requests=500, per_s=900),
        RateLimit(requests=5000, per_s=86_400),
    ),  # both grow with the number of people (unverified)
    notice="Only what is uploaded after connecting can be read.",
    baa="None was seen; ask Polar before health data flow.",
    docs_url="https://www.polar.com/accesslink-api/",
)
