"""The provider over HTTP: discovery, the choice page, token, keys, userinfo, sign-out. Protocol in, `Provider` decides."""

import base64
import binascii
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from chassis.log import Log
from simulator.identity import pages
from simulator.identity.people import person
from simulator.identity.provider import Authorization, OAuthError, Provider, Untrusted

log = Log("identity")

AnyRequest = Request[Any, Any, Any]
_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_FILES: Final = {path.name: path.read_bytes() for path in _STATIC.iterdir()}
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_MAX_FORM: Final = 16 * 1024


def _page(html: str, status: int = 200) -> Response[str]:
    return Response(html, media_type=MediaType.HTML, status_code=status, headers=pages.HEADERS)


def _checked(provider: Provider, request: AnyRequest) -> Authorization | Response[Any]:
    """The request; or the answer that ends it."""
    query = {name: values[0] for name, values in request.query_params.dict().items()}
    try:
        return provider.check(query)
    except Untrusted as error:
        return _page(pages.untrusted(str(error)), 400)
    except OAuthError as error:
        told = {"error": error.error, "error_description": error.description, "state": query.get("state", "")}
        return Redirect(f"{provider.callback}?{urlencode(told)}", headers=_NO_STORE)


@get("/.well-known/openid-configuration", sync_to_thread=False)
def discovery(provider: NamedDependency[Provider]) -> dict[str, Any]:
    return provider.metadata()


@get("/jwks.json", sync_to_thread=False)
def jwks(provider: NamedDependency[Provider]) -> dict[str, Any]:
    return provider.key.jwks()


@get("/authorize")
async def authorize(request: AnyRequest, provider: NamedDependency[Provider]) -> Response[Any]:
    """The page with the sign-ins."""
    checked = _checked(provider, request)
    return checked if isinstance(checked, Response) else _page(pages.choose(checked))


@get("/authorize/as/{name:str}")
async def authorize_as(
    request: AnyRequest, name: FromPath[str], provider: NamedDependency[Provider]
) -> Response[Any]:
    """One of its links: back to the gateway with a code."""
    checked = _checked(provider, request)
    if isinstance(checked, Response):
        return checked
    chosen = person(name)
    if chosen is None:
        return _page(pages.untrusted("There is no such demo person."), 404)
    code = provider.issue_code(checked, chosen, time.time())
    log.info("signed_in", user_id=chosen.user_id)
    return Redirect(checked.answer(code=code), headers=_NO_STORE)


async def _form_only(request: AnyRequest) -> Response[Any] | None:
    """The token endpoint takes a form (RFC 6749 §4.1.3), unlike the rest of the system."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return _error(OAuthError("invalid_request", "a form is expected"))
    return None


@post("/token", before_request=_form_only, request_max_body_size=_MAX_FORM)
async def token(request: AnyRequest, provider: NamedDependency[Provider]) -> Response[dict[str, Any]]:
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    try:
        provider.authenticate_client(*_client(request, form))
        return Response(provider.redeem(form, time.time()), status_code=200, headers=_NO_STORE)
    except OAuthError as error:
        log.info("token_refused", reason=error.error)
        return _error(error)


def _client(request: AnyRequest, form: dict[str, str]) -> tuple[str, str]:
    """From the form, or from HTTP Basic (RFC 6749 §2.3.1)."""
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        try:
            name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError("invalid_client", "unreadable credentials") from None
        return unquote(name), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _error(error: OAuthError) -> Response[dict[str, Any]]:
    status = 401 if error.error == "invalid_client" else 400
    body = {"error": error.error, "error_description": error.description}
    return Response(body, status_code=status, headers=_NO_STORE)


@get("/userinfo")
async def userinfo(request: AnyRequest, provider: NamedDependency[Provider]) -> Response[dict[str, Any]]:
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    claims = provider.userinfo(presented, time.time()) if scheme.lower() == "bearer" else None
    if claims is None:
        headers = {**_NO_STORE, "WWW-Authenticate": 'Bearer error="invalid_token"'}
        return Response({"error": "invalid_token"}, status_code=401, headers=headers)
    return Response(claims, headers=_NO_STORE)


@get("/end-session")
async def end_session(request: AnyRequest, provider: NamedDependency[Provider]) -> Response[Any]:
    """No session is kept here, so there is nothing to end: the person goes back to where they came from."""
    query = {name: values[0] for name, values in request.query_params.dict().items()}
    target = query.get("post_logout_redirect_uri", "")
    if not target or not provider.may_return_to(target):
        return _page(pages.signed_out())
    if state := query.get("state"):
        target += ("&" if "?" in target else "?") + urlencode({"state": state})
    return Redirect(target, headers=_NO_STORE)


@get("/static/{name:str}")
async def static(name: FromPath[str]) -> Response[bytes]:
    content = _FILES.get(name)
    if content is None:
        return Response(b"", status_code=404)
    headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)


ROUTES: Final = (discovery, jwks, authorize, authorize_as, token, userinfo, end_session, static)
