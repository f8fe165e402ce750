"""Wires the gateway: sign-in, sessions, the table of services, the live hub and the pages."""

from pathlib import Path

from litestar import Litestar, asgi
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from chassis import http
from chassis.auth import TokenSigner, TokenVerifier
from chassis.bus import Bus
from chassis.cache import Cache
from chassis.db import Database
from chassis.mirror import Mirror
from chassis.resource import Resource
from gateway import app_links, auth_routes, pages
from gateway.auditor import Auditor
from gateway.credentials import Credentials
from gateway.forward import Upstream
from gateway.headers import Front
from gateway.hub import Hub
from gateway.listener import Listeners
from gateway.live import LiveFront, LiveSocket
from gateway.oidc import Provider
from gateway.openapi import openapi_json
from gateway.people import People
from gateway.proxy import Proxy, refuse
from gateway.session import Sessions
from gateway.settings import Settings
from gateway.sign_in import SignIns
from gateway.sse import EventStream
from gateway.static import Static
from gateway.tickets import Tickets
from gateway.vendor_socket import VENDOR_SOCKETS, VendorSocket
from gateway.world import World
from proto.errors import Refused
from proto.state import ConnectionsEntry, PermissionState


def create_app(settings: Settings) -> Litestar:
    keys = settings.secrets_path / "keys"
    signer = TokenSigner(keys / "token_signing.pem")
    upstreams = upstreams_of(settings)
    db = Database(settings, "gateway")
    cache = Cache(settings)
    auditor = Auditor(db)
    sessions = Sessions(settings, cache, signer)
    credentials = Credentials(settings, TokenVerifier(keys / "token_verify.pem"), sessions)
    provider = Provider(settings)
    sign_ins = SignIns(
        settings,
        cache=cache,
        provider=provider,
        people=People(settings, upstreams["access"]),
        sessions=sessions,
        signer=signer,
        auditor=auditor,
    )
    bus = Bus(settings, "gateway")
    connections: Mirror[ConnectionsEntry] = Mirror(bus, "connections", ConnectionsEntry)
    permissions: Mirror[PermissionState] = Mirror(bus, "permissions", PermissionState)
    world = World(connections, permissions)
    hub = Hub(bus, world)
    listeners = Listeners(settings, world, hub, auditor, sessions)
    tickets = Tickets(cache, settings.ticket_ttl_s)
    vendor_socket = VendorSocket(settings.upstream_sync)
    static = Static(Path(settings.ui_dist))

    @asgi("/", is_mount=True, copy_scope=False)
    async def everything_else(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["raw_path"]
        if scope["type"] == ScopeType.WEBSOCKET:
            if path.startswith(VENDOR_SOCKETS):
                await vendor_socket(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
        elif path == b"/api/v1/stream":
            await EventStream(credentials, listeners, app.state.draining)(scope, receive, send)
        elif path.startswith(b"/api/"):
            await refuse(send, Refused("not_found"))
        else:
            await static(scope, send)

    own = [auth_routes.login, auth_routes.callback, auth_routes.logout, auth_routes.live_ticket, openapi_json]
    own += [pages.style, auth_routes.app_token, app_links.pair, app_links.android, app_links.apple]
    if settings.is_development:
        own.append(auth_routes.dev_token)
    resources: list[Resource] = [
        bus,
        db,
        cache,
        connections,
        permissions,
        auditor,
        sessions,
        provider,
        hub,
        listeners,
        *upstreams.values(),
    ]
    app = http.create_app(
        settings,
        "gateway",
        routes=[*own, everything_else],
        resources=resources,
        dependencies={
            "credentials": http.value(credentials),
            "settings": http.value(settings),
            "sign_ins": http.value(sign_ins),
            "tickets": http.value(tickets),
        },
        public=True,
        schema=False,
    )
    proxy = Proxy(app.asgi_handler, settings, credentials, upstreams)
    app.asgi_handler = LiveFront(Front(proxy, settings), LiveSocket(settings, tickets, listeners))
    return app


def upstreams_of(settings: Settings) -> dict[str, Upstream]:
    addresses = {
        "registry": settings.upstream_registry,
        "pairing": settings.upstream_pairing,
        "ingest": settings.upstream_ingest,
        "normalizer": settings.upstream_normalizer,
        "health": settings.upstream_health,
        "access": settings.upstream_access,
        "sync": settings.upstream_sync,
        "simulator": settings.upstream_simulator,
    }
    return {name: Upstream(name, url, settings.upstream_deadline_s) for name, url in addresses.items() if url}
