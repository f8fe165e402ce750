"""Garmin as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

SIGN_IN_HOST: Final = "connect.garmin.com"
EXCHANGE_HOST: Final = "diauth.garmin.com"
DATA_HOST: Final = "apis.garmin.com"
"""Also the only host that a notification's `callbackURL` may name."""

# BAA: summaries of a signed-in patient arrive from Garmin. None is offered that we know of; the partner agreement and
# what must be added to it about health data are the operator's to settle.
MANIFEST: Final = Manifest(
    name="garmin",
    title="Garmin",
    status="partner_access",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {
            "activity",
            "blood_pressure",
            "body_composition",
            "cardio_fitness",
            "heart_rate",
            "respiratory_rate",
            "sleep",
            "spo2",
            "temperature",
            "weight",
        }
    ),
    device_types=frozenset(
        {"smart_watch", "activity_tracker", "heart_rate_monitor", "scale", "blood_pressure_cuff"}
    ),
    account_type="smart_watch",
    capabilities=Capabilities(
        pull=True,
        webhook="push",
        revoke=True,
        max_history_days=730,  # (unverified)
        window_days=30,  # one client asks for 90
        poll_s=86_400,  # Garmin discourages polling
    ),
    oauth=OAuth(
        authorize_url=f"https://{SIGN_IN_HOST}/oauth2Confirm",
        token_url=f"https://{EXCHANGE_HOST}/di-oauth2-service/oauth/token",
        revoke_url=f"https://{DATA_HOST}/wellness-api/rest/user/registration",
        pkce=True,
        rotation="rotating",
        access_token_s=86_400,
    ),
    credentials=("client_id", "client_secret"),
    hosts=(SIGN_IN_HOST, EXCHANGE_HOST, DATA_HOST),
    limits=(RateLimit(requests=100, per_s=60),),  # of an evaluation key
    notice="Garmin is taking few new partners at the moment; connecting works where yours is one.",
    baa="Garmin partner agreement; none about health data was seen, so settle it with counsel.",
    docs_url="https://developer.garmin.com/gc-developer-program/health-api/",
)
