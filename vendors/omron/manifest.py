"""Omron as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

AUTHORIZE_HOST: Final = "prd-oauth-website.ohiomron.com"
DATA_HOST: Final = "prd-oauth.ohiomron.com"
"""Signing in and data live on different hosts."""

# BAA: blood pressure of a signed-in patient comes from Omron Healthcare; the partner contract and an agreement about
# health data are the operator's to make.
MANIFEST: Final = Manifest(
    name="omron",
    title="Omron",
    status="partner_access",
    pairing_method="vendor_oauth",
    kinds=frozenset({"blood_pressure", "activity", "weight"}),
    device_types=frozenset({"blood_pressure_cuff", "scale"}),
    capabilities=Capabilities(pull=True, webhook="ping", max_history_days=365, window_days=366, poll_s=3600),
    oauth=OAuth(
        authorize_url=f"https://{AUTHORIZE_HOST}/connect/authorize",
        token_url=f"https://{DATA_HOST}/prd/connect/token",
        scopes={
            "bloodpressure": ("blood_pressure",),
            "activity": ("activity",),
            "weight": ("weight",),
            "openid": (),
            "offline_access": (),
        },
        rotation="rotating",
    ),
    credentials=("client_id", "client_secret"),
    hosts=(AUTHORIZE_HOST, DATA_HOST),
    limits=(RateLimit(requests=60, per_s=60, scope="account"),),  # not published: a guess that hammers nobody
    baa="Partner registration with Omron Healthcare; agreement about health data by contract.",
    docs_url="https://omronhealthcare.com/api",
)
