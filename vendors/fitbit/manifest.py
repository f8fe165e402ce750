"""Fitbit as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

SIGN_IN_HOST: Final = "www.fitbit.com"
API_HOST: Final = "api.fitbit.com"

# BAA: none was offered; results of ECG and irregular rhythm were documented for research only.
MANIFEST: Final = Manifest(
    name="fitbit",
    title="Fitbit",
    status="retired",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {
            "weight",
            "body_composition",
            "activity",
            "heart_rate",
            "sleep",
            "spo2",
            "respiratory_rate",
            "temperature",
            "cardio_fitness",
            "ecg",
            "blood_pressure",  # notifications of an irregular heartbeat are of this kind; there are no pressures
        }
    ),
    device_types=frozenset({"activity_tracker", "smart_watch", "scale", "ecg"}),
    account_type="activity_tracker",
    capabilities=Capabilities(
        pull=True,
        webhook="ping",
        signed_webhook=True,
        subscribe="account",
        revoke=True,
        max_history_days=3650,  # no limit seen
        window_days=30,
        poll_s=21_600,
    ),
    oauth=OAuth(
        authorize_url=f"https://{SIGN_IN_HOST}/oauth2/authorize",
        token_url=f"https://{API_HOST}/oauth2/token",
        revoke_url=f"https://{API_HOST}/oauth2/revoke",
        scopes={
            "weight": ("weight", "body_composition"),
            "activity": ("activity",),
            "heartrate": ("heart_rate",),
            "sleep": ("sleep",),
            "oxygen_saturation": ("spo2",),
            "respiratory_rate": ("respiratory_rate",),
            "temperature": ("temperature",),
            "cardio_fitness": ("cardio_fitness",),
            "electrocardiogram": ("ecg",),
            "irregular_rhythm_notifications": ("blood_pressure",),
            "profile": (),
            "settings": (),
        },
        pkce=True,
        client_auth="basic",
        rotation="single_use",
        access_token_s=28_800,
    ),
    credentials=("client_id", "client_secret"),
    hosts=(SIGN_IN_HOST, API_HOST),
    limits=(RateLimit(requests=150, per_s=3600, scope="account"),),
    off_by_default=True,
    successor="google_health",
    notice="Fitbit switched its Web API off on 2 November 2026; connect Google Health instead, and consent again there.",
    baa="None; the vendor has ended the service.",
    docs_url="https://dev.fitbit.com/build/reference/web-api/",
)
