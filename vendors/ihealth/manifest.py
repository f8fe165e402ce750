"""iHealth as data. Source of every fact: README.md."""

from typing import Final

from proto.vendors.manifest import Capabilities, Manifest, OAuth, RateLimit

HOST: Final = "api.ihealthlabs.com"
_OAUTH: Final = f"https://{HOST}:8443/OpenApiV2/OAuthv2/userauthorization/"
"""One address for signing in, for tokens and for refreshes."""

# BAA: readings of a signed-in patient come from iHealth Labs; ask them about one (unverified).
MANIFEST: Final = Manifest(
    name="ihealth",
    title="iHealth",
    status="partner_access",
    pairing_method="vendor_oauth",
    kinds=frozenset({"blood_pressure", "glucose", "weight", "body_composition", "spo2", "activity", "sleep"}),
    device_types=frozenset(
        {"blood_pressure_cuff", "glucose_meter", "scale", "pulse_oximeter", "activity_tracker"}
    ),
    capabilities=Capabilities(pull=True, max_history_days=365, window_days=90, poll_s=3600),
    oauth=OAuth(
        authorize_url=_OAUTH,
        token_url=_OAUTH,
        scopes={  # they travel as `APIName`
            "OpenApiBP": ("blood_pressure",),
            "OpenApiBG": ("glucose",),
            "OpenApiWeight": ("weight", "body_composition"),
            "OpenApiSpO2": ("spo2",),
            "OpenApiActivity": ("activity",),
            "OpenApiSleep": ("sleep",),
        },
        client_auth="query",  # keep these addresses out of access logs
        rotation="rotating",  # (unverified): whichever comes back is stored
    ),
    credentials=("client_id", "client_secret", "sc", "sv", "redirect_uri"),
    hosts=(HOST,),
    limits=(RateLimit(requests=60, per_s=60, scope="account"),),  # not published: a guess that hammers nobody
    baa="None was seen; ask iHealth Labs before health data flow.",
    docs_url="https://developer.ihealthlabs.com",
)
