"""A vendor as data: who it is, what it brings, how one signs in, how often one may ask, and what its lawyers want.

Services ask the flags of a manifest; none of them names a vendor.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from proto.words import DeviceType, Kind, PairingMethod

Status = Literal["self_serve", "partner_access", "legacy", "retired", "on_device"]
"""`self_serve`: credentials can be had by signing up. `partner_access`: only by a contract. `legacy`: closing, off by
default. `retired`: switched off by the vendor. `on_device`: the data rest in a person's phone, not in a cloud."""

ClientAuth = Literal["body", "basic", "query"]
Rotation = Literal["static", "rotating", "single_use", "none"]
"""What a refresh does to the refresh token. `static`: it stays. `rotating`: the answer may bring another, the old one
dies later. `single_use`: using it kills it. `none`: there is no refresh; access tokens live for years."""

WebhookStyle = Literal["none", "ping", "push"]
"""`ping`: says that something is there, the data are fetched with our own token. `push`: the body is the data."""


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """The authorization code flow of one vendor (RFC 6749). Hosts are settings of the client, not of this."""

    authorize_url: str
    token_url: str
    revoke_url: str = ""
    scopes: dict[str, tuple[Kind, ...]] = {}
    """Scope → the kinds that it opens. A scope without kinds is always asked for."""
    scope_separator: str = " "
    pkce: bool = False
    """RFC 7636, S256."""
    client_auth: ClientAuth = "body"
    rotation: Rotation = "rotating"
    authorize_extra: dict[str, str] = {}
    access_token_s: int = 3600
    """Assumed where an answer does not say `expires_in`."""


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `requests` in `per_s` seconds, counted for the whole application or for one account."""

    requests: int
    per_s: int
    scope: Literal["application", "account"] = "application"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector can do. Times in days and seconds."""

    pull: bool = False
    webhook: WebhookStyle = "none"
    signed_webhook: bool = False
    subscribe: Literal["none", "account", "application"] = "none"
    """Whether notifications must be asked for, and for whom."""
    socket: bool = False
    """Takes a socket that the vendor opens at ours."""
    dial: bool = False
    """Opens a socket at the vendor's, where its options say where that is."""
    mqtt: bool = False
    revoke: bool = False
    max_history_days: int = 0
    window_days: int = 30
    """The longest time that one question of the backfill covers."""
    poll_s: int = 3600
    """How often an account is looked at although nothing was announced: notifications get lost."""
    overlap_s: int = 86_400
    """How far each look goes back behind what was seen: late uploads and edits have old times."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One outside party."""

    name: str
    """The folder, `[a-z0-9_]{2,40}`; also the name on the wire, in the CLI and in addresses."""
    title: str
    status: Status
    pairing_method: PairingMethod
    kinds: frozenset[Kind]
    device_types: frozenset[DeviceType]
    account_type: DeviceType | None = None
    """What the account as a whole is shown as in the catalogue; not said: the first of its types in the vocabulary."""
    makers: tuple[str, ...] = ()
    """Whose devices it serves beside those of the maker that is called as it is: `vendor_id`s of the catalogue."""
    capabilities: Capabilities = Capabilities()
    oauth: OAuth | None = None
    credentials: tuple[str, ...] = ()
    """Names of the secrets without which it cannot work: files in `$DC_SECRETS_DIR/vendors/<name>/`."""
    options: tuple[str, ...] = ()
    """Files beside the credentials without which it works, too."""
    hosts: tuple[str, ...] = ()
    """The only hosts that a client of it may speak to."""
    limits: tuple[RateLimit, ...] = ()
    off_by_default: bool = False
    successor: str = ""
    """The vendor to go to instead, where this one is closing."""
    notice: str = ""
    """What a patient is told about its state, in one sentence; empty where there is nothing to say."""
    baa: str
    """The agreement that is needed before health data flow, in one sentence."""
    docs_url: str

    def __post_init__(self) -> None:
        for wrong, when in _IMPOSSIBLE:
            if when(self):
                raise ValueError(f"vendor {self.name}: {wrong}")


_IMPOSSIBLE: Final[tuple[tuple[str, Callable[["Manifest"], bool]], ...]] = (
    ("a vendor brings at least one kind", lambda m: not m.kinds),
    ("its account is shown as one of its types", lambda m: m.account_type not in (None, *m.device_types)),
    ("its own devices need no mention", lambda m: m.name in m.makers),
    ("a cloud that is asked needs hosts", lambda m: m.capabilities.pull and not m.hosts),
    ("sign-in needs an OAuth description", lambda m: m.pairing_method == "vendor_oauth" and m.oauth is None),
    ("a sign-in needs credentials", lambda m: m.oauth is not None and not m.credentials),
    ("what is pinged must be asked", lambda m: m.capabilities.webhook == "ping" and not m.capabilities.pull),
    ("what is closing names where to go", lambda m: m.status in ("legacy", "retired") and not m.notice),
    ("what is closing is off by default", lambda m: m.status == "retired" and not m.off_by_default),
    ("scopes open kinds that it has", lambda m: m.oauth is not None and not _scoped(m) <= m.kinds),
    ("an agreement is named", lambda m: not m.baa),
)


def _scoped(manifest: Manifest) -> frozenset[Kind]:
    if manifest.oauth is None:
        return frozenset()
    return frozenset(kind for kinds in manifest.oauth.scopes.values() for kind in kinds)


def scopes_for(oauth: OAuth, kinds: frozenset[Kind]) -> list[str]:
    """The fewest scopes that open these kinds, in the manifest's order."""
    return [scope for scope, opens in oauth.scopes.items() if not opens or kinds.intersection(opens)]
