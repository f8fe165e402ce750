"""What every answer carries, errors and files too: the security headers, and CORS for the companion app's origins alone."""

from collections.abc import Iterable
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.forward import Headers
from gateway.origins import UNSAFE
from gateway.settings import Settings

_CORS_METHODS: Final = b", ".join(name.encode() for name in ("GET", *sorted(UNSAFE)))
_CORS_HEADERS: Final = b"Authorization, Content-Type, Idempotency-Key, Prefer, Last-Event-ID"
_CORS_SHOWN: Final = b"Idempotency-Replayed, Retry-After, X-Request-Id"


def content_security_policy(public_origin: str, store_origin: str) -> str:
    """Nothing but our own files; the object store for uploads and recordings; no inline script or style.

    The WebSocket of our own host is named because not every browser counts it as 'self'.
    """
    socket = public_origin.replace("http", "ws", 1)
    store = f" {store_origin}" if store_origin else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob:{store}",
            "font-src 'self'",
            f"connect-src 'self' {socket}{store}",
            f"media-src 'self' blob:{store}",
            "manifest-src 'self'",
            "worker-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def security_headers(settings: Settings) -> Headers:
    policy = content_security_policy(settings.public_origin, settings.store_origin)
    texts = {
        "strict-transport-security": "max-age=63072000; includeSubDomains",
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "bluetooth=(self), camera=(), microphone=(), geolocation=()",
    }
    return [(name.encode(), text.encode()) for name, text in texts.items()]


class Front:
    """The outermost layer, so that not even a refusal of the framework leaves without its headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._always = security_headers(settings)
        self._names = frozenset(name for name, _ in self._always)
        self._apps = frozenset(origin.encode() for origin in settings.app_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        origin = _origin_among(self._apps, headers)
        always = self._always if origin is None else [*self._always, *_cors(origin)]
        if (
            origin is not None
            and scope["method"] == "OPTIONS"
            and _has(headers, b"access-control-request-method")
        ):
            await _preflight(send, always)
            return
        is_api = scope["path"].startswith(("/api/", "/auth/"))

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message["headers"] if header[0].lower() not in self._names]
                if is_api and not _has(kept, b"cache-control"):
                    kept.append((b"cache-control", b"no-store"))
                message["headers"] = [*kept, *always]
            await send(message)

        await self._app(scope, receive, sealed)


def _origin_among(apps: frozenset[bytes], headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    for name, text in headers:
        if name == b"origin":
            return text if text in apps else None
    return None


def _has(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bool:
    return any(name.lower() == wanted for name, _ in headers)


def _cors(origin: bytes) -> Headers:
    """Never with credentials: the companion app sends a bearer, and a cookie is of no use there."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _CORS_SHOWN),
        (b"vary", b"Origin"),
    ]


async def _preflight(send: Send, always: Headers) -> None:
    headers = [
        *always,
        (b"access-control-allow-methods", _CORS_METHODS),
        (b"access-control-allow-headers", _CORS_HEADERS),
        (b"access-control-max-age", b"600"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
