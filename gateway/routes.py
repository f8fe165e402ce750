"""Which service answers which address: a table, read from the top. Says nothing about methods: that is the service's."""

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

Upstream = Literal["registry", "pairing", "ingest", "normalizer", "health", "access", "sync", "simulator"]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """`path` holds below `/api/v1/`; `*` is one segment; what follows it belongs to the same service."""

    path: str
    upstream: Upstream
    is_edge: bool = False
    """Takes what devices present besides users' tokens: a connection's ingest token, a hub's Basic credentials."""
    development_only: bool = False
    is_public: bool = False
    """Whoever asks proves to the service itself who they are: what they present is handed on untouched."""


ROUTES: Final = (
    Route(path="devices", upstream="registry"),
    Route(path="vendors", upstream="registry"),
    Route(path="device-connections/*/events", upstream="health"),
    Route(path="device-connections", upstream="pairing"),
    Route(path="hubs", upstream="pairing"),
    Route(path="consents", upstream="pairing"),
    Route(path="consent-texts", upstream="pairing"),
    Route(path="device-data/ingest", upstream="ingest", is_edge=True),
    Route(path="device-data/gatt", upstream="ingest", is_edge=True),
    Route(path="uploads", upstream="ingest"),
    Route(path="device-data", upstream="normalizer"),
    Route(path="patients", upstream="normalizer"),
    Route(path="device-health", upstream="health"),
    Route(path="me", upstream="access"),
    Route(path="permissions", upstream="access"),
    Route(path="audit", upstream="access"),
    Route(path="integrations", upstream="sync"),
    Route(path="device/sync", upstream="sync"),
    Route(path="healthkit/export", upstream="sync"),
    Route(path="health-connect/export", upstream="sync"),
    Route(path="device/simulate", upstream="simulator", development_only=True),
)

PREFIX: Final = "/api/v1/"
WEBHOOKS: Final = "/webhooks/vendor/"
WEBHOOK: Final = Route(path="webhooks/vendor", upstream="sync", is_public=True)
"""The one address outside the API: vendors are told it, and it must never change."""
_FORBIDDEN: Final = re.compile(r"//|/\.\.?(?:/|$)|\\|%(?:2[fe]|5c|00)", re.IGNORECASE)
"""A path that could mean another one to a service than it does here is nobody's path."""
_BY_FIRST: Final = {
    first: tuple(
        (tuple(route.path.split("/")), route) for route in ROUTES if route.path.split("/")[0] == first
    )
    for first in dict.fromkeys(route.path.split("/")[0] for route in ROUTES)
}


@lru_cache(maxsize=1024)  # the few paths that devices ask for all day stay
def route_of(raw_path: str, *, development: bool) -> Route | None:
    """The row of a request's undecoded path, or None: then there is nothing."""
    if _FORBIDDEN.search(raw_path):
        return None
    if raw_path.startswith(WEBHOOKS):
        return WEBHOOK
    if not raw_path.startswith(PREFIX):
        return None
    segments = raw_path[len(PREFIX) :].split("/")
    for parts, route in _BY_FIRST.get(segments[0], ()):
        if _matches(parts, segments):
            return route if development or not route.development_only else None
    return None


def _matches(parts: tuple[str, ...], segments: list[str]) -> bool:
    if len(parts) == 1:  # the first segment was the key
        return True
    return len(segments) >= len(parts) and all(
        part in ("*", segment) for part, segment in zip(parts, segments, strict=False)
    )
