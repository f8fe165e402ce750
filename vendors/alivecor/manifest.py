"""AliveCor as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, RateLimit

HOSTS: Final = ("api.kardia.com", "eu-api.kardia.com")
"""United States, Europe: an account lives on one of them."""

# BAA: recordings of patients come from AliveCor. One key opens every patient of a team, so only mapped patients are
# asked for; the agreement is part of the KardiaPro contract (unverified).
MANIFEST: Final = Manifest(
    name="alivecor",
    title="AliveCor Kardia",
    status="partner_access",
    pairing_method="partner_webhook",
    kinds=frozenset({"ecg", "blood_pressure"}),  # `irregular_heartbeat` is of the latter
    device_types=frozenset({"ecg"}),
    capabilities=Capabilities(
        pull=True,
        webhook="ping",
        subscribe="application",
        max_history_days=3650,
        window_days=3650,  # a list cannot be asked for a time: one window has it all
        poll_s=3600,
    ),
    credentials=("api_key",),
    options=("host",),
    hosts=HOSTS,
    limits=(RateLimit(requests=60, per_s=60),),  # not published: a guess that hammers nobody
    baa="By the KardiaPro contract with AliveCor.",
    docs_url="https://developers.kardia.com",
)
