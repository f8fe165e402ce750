"""Google Fit as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth

SIGN_IN_HOST: Final = "accounts.google.com"
OAUTH_HOST: Final = "oauth2.googleapis.com"
DATA_HOSTS: Final = ("www.googleapis.com", "fitness.googleapis.com")
SCOPE: Final = "https://www.googleapis.com/auth/fitness."

# BAA: none was found; every scope is restricted (verification, limited use).
MANIFEST: Final = Manifest(
    name="google_fit",
    title="Google Fit",
    status="legacy",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {
            "blood_pressure",
            "glucose",
            "spo2",
            "temperature",
            "heart_rate",
            "weight",
            "body_composition",
            "activity",
            "sleep",
        }
    ),
    device_types=frozenset(
        {"activity_tracker", "smart_watch", "scale", "blood_pressure_cuff", "glucose_meter"}
    ),
    account_type="activity_tracker",
    makers=("google",),
    capabilities=Capabilities(
        pull=True,
        revoke=True,
        max_history_days=3650,  # no limit seen
        window_days=90,  # of one call (unverified)
        poll_s=3600,
        overlap_s=604_800,
    ),
    oauth=OAuth(
        authorize_url=f"https://{SIGN_IN_HOST}/o/oauth2/v2/auth",
        token_url=f"https://{OAUTH_HOST}/token",
        revoke_url=f"https://{OAUTH_HOST}/revoke",
        scopes={
            "openid": (),
            f"{SCOPE}blood_pressure.read": ("blood_pressure",),
            f"{SCOPE}blood_glucose.read": ("glucose",),
            f"{SCOPE}oxygen_saturation.read": ("spo2",),
            f"{SCOPE}body_temperature.read": ("temperature",),
            f"{SCOPE}heart_rate.read": ("heart_rate",),
            f"{SCOPE}body.read": ("weight", "body_composition"),
            f"{SCOPE}activity.read": ("activity",),
            f"{SCOPE}location.read": ("activity",),
            f"{SCOPE}sleep.read": ("sleep",),
        },
        rotation="static",
        authorize_extra={"access_type": "offline", "prompt": "consent"},
    ),
    credentials=("client_id", "client_secret"),
    hosts=(SIGN_IN_HOST, OAUTH_HOST, *DATA_HOSTS),
    off_by_default=True,
    successor="google_health",
    notice="Google Fit takes no new apps and is closing; connect Google Health or Health Connect instead.",
    baa="None found; restricted scopes need Google's verification.",
    docs_url="https://developers.google.com/fit",
)
