"""A small HTTP server in the place of `sync`, which is another process: it answers as ADR 0013 says, and no more."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Literal
from uuid import uuid4

PATH = "/internal/authorizations"
ACCOUNTS = "/internal/accounts"
ACCOUNT_MOODS: dict[str, tuple[int, dict[str, Any]]] = {
    "no_credentials": (503, {"code": "unavailable"}),
    "taken": (409, {"code": "already_paired"}),
    "unusable": (
        422,
        {"code": "wrong_type", "errors": [{"field": "credentials.number", "code": "wrong_type"}]},
    ),
    "rambling": (500, {"address": 7}),
}


Mood = Literal["ready", "no_credentials", "conflict", "dying", "silent", "rambling", "taken", "unusable"]


class Sync:
    """`asked`: bodies and bearers, in order. `mood`: how it answers from now on."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, Any], str]] = []
        self.connections = 0
        self.released = Event()
        """Set: whoever is kept waiting by silence is let go."""
        self.mood: Mood = "ready"
        sync = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                sync.connections += 1

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                sync.asked.append((body, self.headers["authorization"]))
                if sync.mood == "silent":
                    sync.released.wait()
                if sync.mood == "dying" or sync.released.is_set():
                    self.close_connection = True
                    return
                status, answer = sync.answer(self.path, body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == ACCOUNTS:
            return ACCOUNT_MOODS.get(self.mood, (200, {"account_id": str(uuid4())}))
        if path != PATH:
            return 404, {"code": "not_found"}
        if self.mood == "ready":
            return 200, {"authorize_url": f"https://vendor.example/authorize?state={len(self.asked)}"}
        if self.mood == "rambling":
            return 200, {"address": body["vendor"]}
        status, code = (503, "unavailable") if self.mood == "no_credentials" else (409, "conflict")
        return status, {"code": code}

    def __enter__(self) -> "Sync":
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
