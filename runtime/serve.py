"""One process of the system, served until it is told to stop: the same when forked at home and when alone in a cluster."""

import asyncio
import os
import signal
import socket
import sys
import time
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
from runtime.handover import BACKLOG, RELIEF_S, Post
from runtime.processes import EXIT_CONFIG, Process
from runtime.wire import Http

GRACEFUL_S: Final = 20
FAREWELL_S: Final = 0.5
"""How long a kept connection may still be used when the process stops."""
RELIEVED_S: Final = 5.0
"""The same when a successor serves already: nobody waits for the end, and fewer are silent for so long."""
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
    """Tells the app that it is stopping before connections are closed, so that sockets and streams end cleanly.

    Under a supervisor SIGTERM means "be relieved": it goes on serving until its successor does. SIGINT means now.
    """

    def __init__(
        self, config: uvicorn.Config, app: Litestar, farewell: Farewell, post: Post | None = None
    ) -> None:
        super().__init__(config)
        self._app = app
        self._farewell = farewell
        self._post = post
        self._has_told = False
        self._leaves_at: float | None = None
        self._stays_until = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Clients wait for one that starts, not for one that itself waits for something."""
        self._loop = asyncio.get_running_loop()
        patience = None
        if self._post is not None and not self._post.relieves:
            patience = self._loop.call_later(self._post.patience_s, self._post.place.hang_up)
        try:
            await super().startup(sockets)  # listens, again if need be
        finally:
            if patience is not None:
                patience.cancel()

    async def on_tick(self, counter: int) -> bool:
        if self._post is not None and not self._has_told and not self._app.state.problems():
            self._has_told = True  # first: who hears it may ask us to leave before the call is back
            self._post.tell("serves")
        if self._leaves_at is not None and time.monotonic() >= self._leaves_at:
            self._leave(FAREWELL_S)
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever asks in time gets an answer and leaves with it; who is silent is let go."""
        self._leave(FAREWELL_S)
        while self._is_visited():  # noqa: ASYNC110 - uvicorn tells nobody that its last connection ended
            await asyncio.sleep(LOOK_S)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._waits_for_relief():
            return
        if self.should_exit and self._post is not None:  # told already: no more than the rest is in a hurry
            self._stays_until = min(self._stays_until, time.monotonic() + FAREWELL_S)
            return
        if not self.started:
            # Still waiting for a server that is away: nothing was accepted, nothing to finish. An exception would surface
            # wherever the loop happens to be, and be taken there for a failure.
            os._exit(0)
        is_relieved = sig == signal.SIGINT and self._leaves_at is not None
        # Not from here: a signal comes at any moment, and a listener closed while it accepts resets that connection.
        self._loop.call_soon_threadsafe(self._leave, RELIEVED_S if is_relieved else FAREWELL_S)
        super().handle_exit(sig, frame)

    def _waits_for_relief(self) -> bool:
        """Whether the supervisor knows that a successor is needed; a second request is somebody's impatience."""
        if self._post is None or not self._has_told or self._leaves_at is not None or self.should_exit:
            return False
        self._leaves_at = time.monotonic() + RELIEF_S
        if not self._post.tell("leaves"):
            self._leaves_at = None
        return self._leaves_at is not None

    def _leave(self, farewell_s: float) -> None:
        """Nobody new is let in: who is told to come back must not find us again."""
        if self._farewell.is_time:
            return
        for server in self.servers if self.started else ():
            server.close()
        self._stays_until = time.monotonic() + farewell_s
        self._app.state.draining.set()
        self._farewell.is_time = True

    def _is_visited(self) -> bool:
        return bool(self.server_state.connections) and time.monotonic() < self._stays_until


def settings_of(process: Process, environ: Mapping[str, str]) -> Common:
    """Raises `ConfigError` with everything that is wrong."""
    settings: Common = load(import_module(process.module).Settings, environ)
    return settings


def run(process: Process, environ: Mapping[str, str], post: Post | None = None) -> int:
    """Serves until SIGTERM or SIGINT; answers the exit code. Without a post the process opens its own sockets."""
    try:
        settings = settings_of(process, environ)
        log.setup(process.name, settings.log_level)
        telemetry.setup(settings, process.name, listeners=post.place.metrics if post else ())
        app = import_module(process.module).create_app(settings)
    except ConfigError as error:
        print(f"{process.name} cannot start, its settings are wrong:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return EXIT_CONFIG
    farewell = Farewell(app)
    server = Server(config(farewell, settings), app, farewell, post)
    server.run(list(post.place.http) if post else None)
    return 0 if server.started else 3


def config(app: Any, settings: Common) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.http_port,
        backlog=BACKLOG,
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
