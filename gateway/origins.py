"""Where a request may come from. Pure; the browser's own words (`Origin`, `Sec-Fetch-Site`) are what is judged."""

from typing import Final
from urllib.parse import urlsplit

APP_ORIGINS: Final = frozenset({"capacitor://localhost", "https://localhost"})
"""The companion app: bearer tokens only, and never with cookies."""
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def is_own(origin: str, host: str | None, public_origin: str, *, development: bool) -> bool:
    """Whether an `Origin` is ours: the public one, or in development the loopback name that was asked."""
    if origin == public_origin:
        return True
    return development and origin == f"http://{host}" and name_of(origin) in LOOPBACK_NAMES


def may_change(
    origin: str | None, fetch_site: str | None, host: str | None, public_origin: str, *, development: bool
) -> bool:
    """Whether a request that carries a session cookie may change something: it came from our own pages."""
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return False
    return origin is None or is_own(origin, host, public_origin, development=development)


def may_listen(
    origin: str | None,
    host: str | None,
    public_origin: str,
    *,
    development: bool,
    apps: frozenset[str] = APP_ORIGINS,
) -> bool:
    """Whether a WebSocket may be opened: our pages, the companion app, or a client that is no browser."""
    return origin is None or origin in apps or is_own(origin, host, public_origin, development=development)


def name_of(origin_or_host: str) -> str:
    """The host name without scheme and port, as it was written."""
    host = urlsplit(origin_or_host).netloc if "://" in origin_or_host else origin_or_host
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def keeps_cookies(host: str | None, public_origin: str) -> bool:
    """Whether a browser keeps `__Host-` cookies of this host: behind TLS, or on a loopback name."""
    return public_origin == f"https://{host}" or name_of(host or "") in LOOPBACK_NAMES


def safe_next(target: str | None) -> str:
    """Where to go after sign-in: a path of ours, else `/`. Another host cannot be named in any spelling."""
    if not target or not target.startswith("/") or len(target) > 500:
        return "/"
    if target.startswith(("//", "/\\", "/auth/")) or any(ord(c) < 0x21 or c in "\\\x7f" for c in target):
        return "/"
    return target if target.isascii() else "/"
