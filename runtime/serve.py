"""One process of the system, served until it is told to stop: the same when forked at home and when alone in a cluster."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from importlib import import_module
from types import FrameType
from typing import Any, Final

import uvicorn
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from chassis import log, telemetry
from chassis.config import Common, ConfigError, load
from runtime.processes import EXIT_CONFIG, Process
from runtime.wire import Http

GRACEFUL_S: Final = 20
FAREWELL_S: Final = 0.5
"""How long a kept connection may still be used when the process stops."""
LOOK_S: Final = 0.02


class Farewell:
    """Tells those who are connected, with the answer to what they ask, that they will be answered no more here.

    A kept connection that is simply closed may just have been written to, and nobody could tell that request's fate.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_time = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def say(message: Message) -> None:
            if self.is_time and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, say)


class Server(uvicorn.Server):
    """Tells the app that it is stopping before connections are closed, so that sockets and streams end cleanly."""

    def __init__(self, config: uvicorn.Config, app: Litestar, farewell: Farewell) -> None:
        super().__init__(config)
        self._app = app
        self._farewell = farewell

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Nobody new is let in; whoever asks in time gets an answer and leaves with it; who is silent is let go."""
        for server in self.servers:
            server.close()
        self._farewell.is_time = True
        for _ in range(round(FAREWELL_S / LOOK_S)):
            if not self.server_state.connections:
                break
            await asyncio.sleep(LOOK_S)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.state.draining.set()
        super().handle_exit(sig, frame)
        if not self.started:
            # Still waiting for a server that is away: nothing was accepted, nothing to finish. An exception would surface
            # wherever the loop happens to be, and be taken there for a failure.
            os._exit(0)


def settings_of(process: Process, environ: Mapping[str, str]) -> Common:
    """Raises `ConfigError` with everything that is wrong."""
    settings: Common = load(import_module(process.module).Settings, environ)
    return settings


def run(process: Process, environ: Mapping[str, str]) -> int:
    """Serves until SIGTERM or SIGINT; answers the exit code."""
    try:
        settings = settings_of(process, environ)
        log.setup(process.name, settings.log_level)
        telemetry.setup(settings, process.name)
        app = import_module(process.module).create_app(settings)
    except ConfigError as error:
        print(f"{process.name} cannot start, its settings are wrong:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return EXIT_CONFIG
    farewell = Farewell(app)
    server = Server(config(farewell, settings), app, farewell)
    server.run()
    return 0 if server.started else 3


def config(app: Any, settings: Common) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.http_port,
        loop="uvloop",
        http=Http,  # httptools, and one system call an answer
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # it would compress every frame anew for every socket
        ws_max_size=64 * 1024,
        ws_ping_timeout=60,  # a stalled client is told `gap` and 1013 by the gateway before
        lifespan="on",
        log_config=None,
        access_log=False,  # request metrics and traces say it without paths that hold ids
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,  # longer than the gateway keeps its pooled connections
        timeout_graceful_shutdown=GRACEFUL_S,
    )
