"""Withings as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

ACCOUNT_HOST: Final = "account.withings.com"
API_HOST: Final = "wbsapi.withings.net"

# BAA: the self-serve plan has none; health data of patients need a contract with Withings (its US medical cloud has
# hosts of its own) or counsel's word that the patient's own authorization is enough.
MANIFEST: Final = Manifest(
    name="withings",
    title="Withings",
    status="self_serve",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {
            "blood_pressure",
            "weight",
            "body_composition",
            "temperature",
            "spo2",
            "heart_rate",
            "activity",
            "sleep",
            "ecg",
            "cardio_fitness",
            "respiratory_rate",
        }
    ),
    device_types=frozenset(
        {
            "scale",
            "blood_pressure_cuff",
            "thermometer",
            "activity_tracker",
            "smart_watch",
            "ecg",
            "pulse_oximeter",
        }
    ),
    account_type="scale",
    capabilities=Capabilities(
        pull=True,
        webhook="ping",
        subscribe="account",
        revoke=True,
        max_history_days=3650,  # no limit seen
        window_days=180,
        poll_s=21_600,
    ),
    oauth=OAuth(
        authorize_url=f"https://{ACCOUNT_HOST}/oauth2_user/authorize2",
        token_url=f"https://{API_HOST}/v2/oauth2",
        revoke_url=f"https://{API_HOST}/v2/oauth2",
        scopes={
            "user.info": (),
            "user.metrics": (
                "blood_pressure",
                "weight",
                "body_composition",
                "temperature",
                "spo2",
                "heart_rate",
                "ecg",
                "cardio_fitness",
            ),
            "user.activity": ("activity", "sleep", "heart_rate", "respiratory_rate"),
        },
        scope_separator=",",
        rotation="rotating",
        access_token_s=10_800,
    ),
    credentials=("client_id", "client_secret"),
    hosts=(ACCOUNT_HOST, API_HOST),
    limits=(RateLimit(requests=120, per_s=60),),
    baa="None with the self-serve plan; by contract with Withings.",
    docs_url="https://developer.withings.com",
)
