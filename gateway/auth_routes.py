"""`/auth/*`: sign-in by a link, its callback, the app's token, sign-out, the development token; tickets for live."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from gateway import app_codes, cookies
from gateway.credentials import Credentials, ticket_of
from gateway.origins import LOOPBACK_NAMES, keeps_cookies, may_listen, name_of, safe_next
from gateway.pages import page
from gateway.settings import Settings
from gateway.sign_in import ForApp, SignIns
from gateway.tickets import Tickets
from proto.errors import Refused
from proto.resources import AppToken, AppTokenRequest, DevToken, DevTokenRequest, LiveTicket, SignedOut

HTML: Final = "text/html; charset=utf-8"


@get("/auth/login", include_in_schema=False)
async def login(
    request: Request[Any, Any, Any],
    sign_ins: NamedDependency[SignIns],
    settings: NamedDependency[Settings],
    next: FromQuery[str | None] = None,
    app_challenge: FromQuery[str | None] = None,
) -> Response[Any]:
    host = request.headers.get("host")
    target = safe_next(next)
    if app_challenge is not None and not app_codes.is_challenge(app_challenge):
        return _page(400, _not_begun())
    if settings.public_origin.partition("://")[2] != host:
        if settings.is_development and name_of(host or "") in LOOPBACK_NAMES:
            # One name for sessions: cookies ignore ports, and the demo provider sits on the other name.
            carried = {"next": target} | ({"app_challenge": app_challenge} if app_challenge else {})
            return _go(f"{settings.public_origin}/auth/login?{urlencode(carried, safe='/')}")
        if not keeps_cookies(host, settings.public_origin):
            return _page(400, _no_cookies_here(settings.public_origin))
    begun = await sign_ins.begin(target, _address(request), app_challenge)
    return _go(begun.address, cookies.setting(cookies.LOGIN, begun.cookie, max_age_s=600))


@get("/auth/callback", include_in_schema=False)
async def callback(
    request: Request[Any, Any, Any],
    sign_ins: NamedDependency[SignIns],
) -> Response[Any]:
    carried = request.headers.get("cookie")
    try:
        finished = await sign_ins.finish(
            cookie=cookies.read(carried, cookies.LOGIN),
            state=request.query_params.get("state", ""),
            code=request.query_params.get("code", ""),
            old_sid=cookies.read(carried, cookies.SESSION),
            address=_address(request),
        )
    except Refused as refused:
        return _page(refused.status, _not_signed_in(refused), cookies.removing(cookies.LOGIN))
    if isinstance(finished, ForApp):
        return _to_app(finished.code)
    return _go(
        finished.next,
        cookies.removing(cookies.LOGIN),
        cookies.setting(cookies.SESSION, finished.session.sid),
        cookies.setting(cookies.CSRF, finished.session.csrf, script_may_read=True),
    )


@post("/auth/logout", status_code=200)
async def logout(
    request: Request[Any, Any, Any],
    sign_ins: NamedDependency[SignIns],
    credentials: NamedDependency[Credentials],
    everywhere: FromQuery[bool] = False,
) -> Response[SignedOut]:
    """Ends the session, live connections included: the browser's, or that of the app whose bearer it is.

    `everywhere`: and every other of the same person, as after a phone was lost.
    """
    caller = await credentials.caller("POST", request.headers)
    end = sign_ins.sign_out_everywhere if everywhere else sign_ins.sign_out
    redirect = await end(caller.session) if caller.session is not None else "/"
    is_app = caller.session is not None and caller.session.session.kind == "app"
    return Response(
        SignedOut(redirect=redirect),
        headers={"Cache-Control": "no-store"},
        cookies=[] if is_app else [cookies.removing(cookies.SESSION), cookies.removing(cookies.CSRF)],
    )


@post("/auth/app/token", status_code=200)
async def app_token(
    request: Request[Any, Any, Any],
    data: JSONBody[AppTokenRequest],
    sign_ins: NamedDependency[SignIns],
    settings: NamedDependency[Settings],
) -> Response[AppToken]:
    """The app's session, for the code of a sign-in that it began."""
    if request.headers.get("origin") not in settings.app_origins:
        raise Refused("forbidden_origin")
    token = await sign_ins.app_token(data.code, data.verifier, _address(request))
    return Response(token, headers={"Cache-Control": "no-store"})


@post("/auth/dev/token", status_code=200)
async def dev_token(
    request: Request[Any, Any, Any],
    data: JSONBody[DevTokenRequest],
    sign_ins: NamedDependency[SignIns],
    settings: NamedDependency[Settings],
) -> DevToken:
    """A bearer of a demo person. Wired in development only."""
    headers = request.headers
    # A foreign page may name this machine as its own host; its origin still gives it away.
    if not may_listen(
        headers.get("origin"),
        headers.get("host"),
        settings.public_origin,
        development=settings.is_development,
        apps=settings.app_origins,
    ):
        raise Refused("forbidden_origin")
    return await sign_ins.dev_token(data.user, _address(request))


@post("/api/v1/live/ticket", status_code=201)
async def live_ticket(
    request: Request[Any, Any, Any],
    credentials: NamedDependency[Credentials],
    tickets: NamedDependency[Tickets],
) -> Response[LiveTicket]:
    """A ticket for one WebSocket."""
    caller = await credentials.caller("POST", request.headers)
    ticket = LiveTicket(ticket=await tickets.issue(ticket_of(caller)))
    return Response(ticket, headers={"Cache-Control": "no-store"})


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else "unknown"


def _go(address: str, *set_cookies: Cookie) -> Response[Any]:
    return Response(
        None,
        status_code=302,
        headers={"Location": address, "Cache-Control": "no-store"},
        cookies=list(set_cookies),
    )


def _page(status: int, html: bytes, *set_cookies: Cookie) -> Response[Any]:
    return Response(
        html,
        status_code=status,
        media_type=HTML,
        headers={"Cache-Control": "no-store"},
        cookies=list(set_cookies),
    )


def _to_app(code: str) -> Response[Any]:
    """A page, not a redirect: a browser that refuses to leave for an app by itself still shows the link."""
    address = app_codes.LINK + code
    answer = _page(200, _signed_in_for_app(address), cookies.removing(cookies.LOGIN))
    answer.headers["Refresh"] = f"0; url={address}"
    return answer


def _signed_in_for_app(address: str) -> bytes:
    return page(
        "You are signed in",
        "The Device Connect app goes on by itself. If it does not open, use the link below within a minute. "
        "You can close this page afterwards.",
        link=(address, "Open the app"),
    )


def _not_begun() -> bytes:
    return page(
        "This sign-in link is not complete",
        "Please open the Device Connect app and begin to sign in from there.",
    )


def _no_cookies_here(public_origin: str) -> bytes:
    return page(
        "Sign-in does not work at this address",
        "A browser keeps the sign-in cookie only behind TLS, or on this very machine under the name localhost. "
        "This address is neither. Use the address below on the machine itself, or put TLS in front; "
        "scripts can use a bearer token at any address.",
        link=(f"{public_origin}/", public_origin),
    )


def _not_signed_in(refused: Refused) -> bytes:
    if refused.code == "unauthenticated":
        return page(
            "You are not signed in",
            "The sign-in was cancelled, took longer than ten minutes, or was begun in another window. "
            "Nothing has changed; just begin again.",
            link=("/auth/login", "Sign in"),
        )
    wait = f" Wait {refused.retry_after_s} seconds first." if refused.retry_after_s else ""
    return page(
        "Sign-in is not possible right now",
        f"Please try again in a moment.{wait}",
        link=("/auth/login", "Sign in"),
    )
