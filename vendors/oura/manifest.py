"""Oura as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

SIGN_IN_HOST: Final = "cloud.ouraring.com"
DATA_HOST: Final = "api.ouraring.com"

# BAA: nights and days of a signed-in patient come from Oura. No agreement was seen; ask before patients are invited.
MANIFEST: Final = Manifest(
    name="oura",
    title="Oura",
    status="self_serve",
    pairing_method="vendor_oauth",
    kinds=frozenset(
        {"activity", "cardio_fitness", "heart_rate", "respiratory_rate", "sleep", "spo2", "temperature"}
    ),
    device_types=frozenset({"activity_tracker"}),
    capabilities=Capabilities(
        pull=True,
        webhook="ping",
        signed_webhook=True,
        subscribe="application",
        revoke=True,
        max_history_days=365,  # (unverified)
        window_days=30,
        poll_s=21_600,
    ),
    oauth=OAuth(
        authorize_url=f"https://{SIGN_IN_HOST}/oauth/authorize",
        token_url=f"https://{DATA_HOST}/oauth/token",
        revoke_url=f"https://{DATA_HOST}/oauth/revoke",
        scopes={
            "personal": (),  # its id is what notifications carry
            "daily": ("activity", "cardio_fitness", "respiratory_rate", "sleep", "temperature"),
            "heartrate": ("heart_rate",),
            "spo2Daily": ("spo2",),
        },
        rotation="single_use",
        access_token_s=86_400,  # (unverified)
    ),
    credentials=("client_id", "client_secret"),
    hosts=(SIGN_IN_HOST, DATA_HOST),
    limits=(RateLimit(requests=5000, per_s=300),),  # (unverified)
    notice="A ring without an active Oura membership shares nothing.",
    baa="None was seen; ask Oura before health data flow.",
    docs_url="https://cloud.ouraring.com/docs",
)
