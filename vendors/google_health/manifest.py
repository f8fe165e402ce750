"""Google Health as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

SIGN_IN_HOST: Final = "accounts.google.com"
OAUTH_HOST: Final = "oauth2.googleapis.com"
DATA_HOST: Final = "health.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/googlehealth."

# BAA: none was found; every scope is restricted (verification, security review, limited use). Counsel must say whether
# the patient's own authorization is enough.
MANIFEST: Final = Manifest(
    name="google_health",
    title="Google Health",
    status="self_serve",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {
            "weight",
            "body_composition",
            "heart_rate",
            "spo2",
            "respiratory_rate",
            "temperature",
            "glucose",
            "activity",
            "sleep",
            "ecg",
            "blood_pressure",  # notifications of an irregular heartbeat are of this kind; there are no pressures
        }
    ),
    device_types=frozenset({"activity_tracker", "smart_watch", "scale", "ecg"}),
    account_type="smart_watch",
    makers=("fitbit", "google"),
    capabilities=Capabilities(
        pull=True,
        webhook="ping",
        signed_webhook=True,
        subscribe="application",
        revoke=True,
        max_history_days=3650,  # no limit seen
        window_days=14,  # the shortest that a daily sum allows
        poll_s=21_600,
    ),
    oauth=OAuth(
        authorize_url=f"https://{SIGN_IN_HOST}/o/oauth2/v2/auth",
        token_url=f"https://{OAUTH_HOST}/token",
        revoke_url=f"https://{OAUTH_HOST}/revoke",
        scopes={
            f"{SCOPE}activity_and_fitness.readonly": ("activity",),
            f"{SCOPE}health_metrics_and_measurements.readonly": (
                "weight",
                "body_composition",
                "heart_rate",
                "spo2",
                "respiratory_rate",
                "temperature",
                "glucose",
            ),
            f"{SCOPE}sleep.readonly": ("sleep",),
            f"{SCOPE}ecg.readonly": ("ecg",),
            f"{SCOPE}irn.readonly": ("blood_pressure",),
            f"{SCOPE}profile.readonly": (),
            f"{SCOPE}settings.readonly": (),
        },
        rotation="static",
        authorize_extra={
            "access_type": "offline",
            "prompt": "consent",
            "include_granted_scopes": "true",
        },
    ),
    credentials=("client_id", "client_secret", "webhook_secret"),
    hosts=(SIGN_IN_HOST, OAUTH_HOST, DATA_HOST),
    limits=(
        RateLimit(requests=300, per_s=60, scope="account"),
        RateLimit(requests=120_000, per_s=60),
        RateLimit(requests=86_400_000, per_s=86_400),
    ),
    baa="None found; restricted scopes need Google's verification and a security review.",
    docs_url="https://developers.google.com/health",
)
