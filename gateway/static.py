"""Serves the built UI from memory: hashed assets for ever, everything else asked again; unknown pages are the app's own."""

import gzip
import mimetypes
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from litestar.types import HTTPScope, Send

from gateway.forward import Headers
from gateway.pages import page
from gateway.proxy import refuse
from proto.errors import Refused

IMMUTABLE: Final = b"public, max-age=31536000, immutable"
ASK_AGAIN: Final = b"no-cache"
NOT_PAGES: Final = ("/api/", "/auth/", "/ws/", "/schema", "/webhooks/", "/fhir/", "/internal/", "/assets/")
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".map": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_COMPRESSED: Final = ("text/", "application/json", "application/manifest", "image/svg", "application/wasm")

NOT_BUILT: Final = page(
    "The pages are not built yet",
    "The API is up, but there is no built user interface beside it. Build it once with <code>make install</code> "
    "(it needs Node 20 or newer), or set <code>DC_UI_DIST</code> to the folder that holds its index.html, "
    "and reload this page.",
    link=("/schema/openapi.json", "The API's description"),
)


class File(msgspec.Struct, frozen=True):
    body: bytes
    zipped: bytes
    """Empty when compressing does not help."""
    headers: Headers
    etag: bytes


class Files:
    """The files of a folder by their address. Read again when its index.html is another one (a new build)."""

    def __init__(self, dist: Path) -> None:
        self._dist = dist
        self._files: dict[str, File] = {}
        self._built_at = -1.0

    def get(self, path: str) -> File | None:
        """The file of an address; the app's index for its own pages; None when there is nothing."""
        self._refresh()
        found = self._files.get(path)
        if found is not None:
            return found
        is_page = "." not in path.rsplit("/", 1)[-1] and not path.startswith(NOT_PAGES)
        return self._files.get("/index.html") if is_page else None

    @property
    def is_built(self) -> bool:
        self._refresh()
        return "/index.html" in self._files

    def _refresh(self) -> None:
        try:
            built_at = (self._dist / "index.html").stat().st_mtime
        except OSError:
            built_at = -1.0
        if built_at == self._built_at:
            return
        self._built_at = built_at
        self._files = (
            {}
            if built_at < 0
            else {
                "/" + path.relative_to(self._dist).as_posix(): load(
                    path, is_hashed=_is_hashed(self._dist, path)
                )
                for path in sorted(self._dist.rglob("*"))
                if path.is_file()
            }
        )
        if "/index.html" in self._files:
            self._files["/"] = self._files["/index.html"]


def _is_hashed(dist: Path, path: Path) -> bool:
    return path.relative_to(dist).parts[0] == "assets"


def load(path: Path, *, is_hashed: bool) -> File:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    zipped = gzip.compress(body, 6, mtime=0) if kind.startswith(_COMPRESSED) and len(body) > 1000 else b""
    return File(
        body=body,
        zipped=zipped if len(zipped) < len(body) * 0.9 else b"",
        headers=[
            (b"content-type", kind.encode()),
            (b"cache-control", IMMUTABLE if is_hashed else ASK_AGAIN),
            (b"vary", b"Accept-Encoding"),
        ],
        etag=b'"' + sha256(body).hexdigest()[:32].encode() + b'"',
    )


class Static:
    def __init__(self, dist: Path) -> None:
        self._files = Files(dist)

    async def __call__(self, scope: HTTPScope, send: Send) -> None:
        path = scope["raw_path"].decode("latin-1")
        if path.startswith(NOT_PAGES[:-1]):
            await refuse(send, Refused("not_found"))
            return
        if scope["method"] not in ("GET", "HEAD"):
            await refuse(send, Refused("method_not_allowed"))
            return
        if not self._files.is_built and "." not in path:
            await send_page(send, 200, NOT_BUILT)
            return
        file = self._files.get(path)
        if file is None:
            await refuse(send, Refused("not_found"))
            return
        asked = dict(scope["headers"])
        headers = [*file.headers, (b"etag", file.etag)]
        if asked.get(b"if-none-match") == file.etag:
            await _send(send, 304, headers, b"")
            return
        body = file.body
        if file.zipped and b"gzip" in asked.get(b"accept-encoding", b""):
            body = file.zipped
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", b"%d" % len(body)))
        await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


async def send_page(send: Send, status: int, html: bytes) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", ASK_AGAIN),
        (b"content-length", b"%d" % len(html)),
    ]
    await _send(send, status, headers, html)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
