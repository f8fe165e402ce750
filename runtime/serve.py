"""One process of the system, served until it is told to stop: the same when forked at home and when alone in a cluster."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from types import FrameType
from typing import Any, Final

import uvicorn
from litestar import Litestar

from chassis import log, telemetry
from chassis.config import Common, ConfigError, load
from runtime.processes import EXIT_CONFIG, Process

GRACEFUL_S: Final = 20


class Server(uvicorn.Server):
    """Tells the app that it is stopping before connections are closed, so that sockets and streams end cleanly."""

    def __init__(self, config: uvicorn.Config, app: Litestar) -> None:
        super().__init__(config)
        self._app = app

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
    server = Server(config(app, settings), app)
    server.run()
    return 0 if server.started else 3


def config(app: Any, settings: Common) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
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
