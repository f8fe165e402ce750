"""A small working platform behind the front door: what the simulator asks of it, kept in dictionaries."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx2
import msgspec

from proto.readings import ReadingMessage
from proto.words import Kind, PairingMethod
from simulator.identity.people import person, user_id

Handler = Callable[..., tuple[int, Any]]
MODELS: dict[str, list[Kind]] = {
    "blood_pressure_cuff": ["blood_pressure"],
    "scale": ["weight", "body_composition"],
    "cgm": ["glucose"],
    "pulse_oximeter": ["spo2"],
    "spirometer": ["spirometry"],
}


class Platform:
    """`busy`: so many requests are answered 503 first. Readings are kept by connection and event id."""

    def __init__(self) -> None:
        self.hubs: dict[str, dict[str, Any]] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.readings: dict[tuple[str, str], dict[str, Any]] = {}
        self.posts: list[int] = []
        self.busy = 0
        self._pairings: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self.transport = httpx2.MockTransport(self._answer)

    def readings_of(self, connection_id: str) -> list[dict[str, Any]]:
        return [message for (owner, _), message in self.readings.items() if owner == connection_id]

    def named(self, name: str) -> dict[str, Any]:
        """A connection by its name."""
        return next(one for one in self.connections.values() if one["name"] == name)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.busy:
            self.busy -= 1
            return httpx2.Response(503, json={"code": "unavailable"}, headers={"retry-after": "0.01"})
        body = msgspec.json.decode(request.content) if request.content else {}
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        for method, pattern, handler in self._routes():
            match = re.fullmatch(pattern, request.url.path)
            if match and request.method == method:
                status, answer = handler(bearer, body, request.url.params, *match.groups())
                return httpx2.Response(status, content=msgspec.json.encode(answer))
        return httpx2.Response(404, json={"code": "not_found"})

    def _routes(self) -> list[tuple[str, str, Handler]]:
        v1 = "/api/v1"
        return [
            ("GET", "/readyz", lambda *_: (200, {})),
            ("POST", "/auth/dev/token", self._dev_token),
            ("GET", f"{v1}/me", self._me),
            ("GET", f"{v1}/devices", lambda _, __, query: (200, {"items": [model(query["device_type"])]})),
            ("GET", f"{v1}/devices/(.+)", lambda _, __, ___, wanted: (200, _model_by_id(wanted))),
            ("GET", f"{v1}/consent-texts/current", lambda *_: (200, _consent_text())),
            ("GET", f"{v1}/hubs", self._hubs),
            ("POST", f"{v1}/hubs", self._create_hub),
            ("POST", f"{v1}/hubs/(.+)/rotate", lambda *_: (200, {"secret": "rotated"})),
            ("POST", f"{v1}/device-connections/create", self._create),
            ("POST", f"{v1}/device-connections/pair/start", self._start),
            ("POST", f"{v1}/device-connections/pair/complete", self._complete),
            ("GET", f"{v1}/device-connections/(.+)", self._connection),
            ("PATCH", f"{v1}/device-connections/(.+)", self._rename),
            ("POST", f"{v1}/device-data/ingest", self._ingest),
        ]

    def _dev_token(self, _: str, body: Any, __: Any) -> tuple[int, Any]:
        return 200, {"access_token": f"dev:{body['user']}", "token_type": "Bearer", "expires_in": 43200}

    def _me(self, bearer: str, _: Any, __: Any) -> tuple[int, Any]:
        who = person(bearer.removeprefix("dev:"))
        if who is None:
            return 401, {"code": "unauthenticated"}
        is_patient = "patient" in who.roles
        return 200, {
            "user_id": who.user_id,
            "patient_id": who.user_id if is_patient else None,
            "display_name": who.display_name,
            "roles": list(who.roles),
            "env": "development",
            "timezone": who.zone,
            "units": {},
            "locale": "en",
        }

    def _hubs(self, bearer: str, _: Any, __: Any) -> tuple[int, Any]:
        return 200, {"items": [hub for hub in self.hubs.values() if hub["owner"] == bearer]}

    def _create_hub(self, bearer: str, body: Any, __: Any) -> tuple[int, Any]:
        hub_id = f"hub-{len(self.hubs):08d}"
        self.hubs[hub_id] = {
            "owner": bearer,
            "hub_id": hub_id,
            "name": body["name"],
            "state": "offline",
            "last_seen": None,
            "firmware": None,
        }
        mqtt = {"host": "127.0.0.1", "port": 1, "tls": False}
        return 201, {"hub_id": hub_id, "secret": "first", "mqtt": mqtt}

    def _create(self, bearer: str, body: Any, __: Any) -> tuple[int, Any]:
        row = connection(bearer.removeprefix("dev:"), UUID(body["device_model_id"]), body["pairing_method"])
        self.connections[row["id"]] = row
        return 201, row

    def _start(self, _: str, body: Any, __: Any) -> tuple[int, Any]:
        token = uuid4().hex
        self._pairings[token] = body["device_connection_id"]
        return 200, {"pairing_token": token}

    def _complete(self, _: str, body: Any, __: Any) -> tuple[int, Any]:
        row = self.connections[self._pairings.pop(body["pairing_token"])]
        earlier = next(
            (c for c in self.connections.values() if c.get("device_id") == body["device_id"]), None
        )
        if earlier is not None and earlier["patient_id"] != row["patient_id"]:
            return 409, {"code": "already_paired"}
        if earlier is not None:
            del self.connections[row["id"]]
            row = earlier
        kinds = body["consent"]["data_kinds"]
        row |= {
            "status": "connected",
            "device_id": body["device_id"],
            "consent": {"id": str(uuid4()), "version": "1", "data_kinds": kinds},
        }
        token = f"dci_{uuid4().hex}"
        self._tokens[token] = row["id"]
        return 200, {"connection": row, "ingest_token": token}

    def _connection(self, _: str, __: Any, ___: Any, wanted: str) -> tuple[int, Any]:
        row = self.connections.get(wanted)
        return (200, row) if row else (404, {"code": "not_found"})

    def _rename(self, _: str, body: Any, __: Any, wanted: str) -> tuple[int, Any]:
        self.connections[wanted]["name"] = body["name"]
        return 200, self.connections[wanted]

    def _ingest(self, bearer: str, body: Any, _: Any) -> tuple[int, Any]:
        self.posts.append(len(body))
        accepted = duplicates = 0
        for item in body:
            message = msgspec.convert(item, ReadingMessage)
            row = self.connections[str(message.device_connection_id)]
            if bearer.startswith("dci_") and self._tokens.get(bearer) != row["id"]:
                return 401, {"code": "unauthenticated"}
            if row["consent"] is None:
                rejected = [{"index": i, "code": "consent_revoked", "field": None} for i in range(len(body))]
                return 422, {"code": "consent_revoked", "rejected": rejected}
            key = (row["id"], str(message.event_id))
            if key in self.readings:
                duplicates += 1
            else:
                self.readings[key] = item
                accepted += 1
        return 202, {"receipt": "r", "accepted": accepted, "duplicates": duplicates, "rejected": []}


def model(device_type: str) -> dict[str, Any]:
    return {
        "id": uuid5(UUID(int=0), device_type),
        "vendor_id": "simulated",
        "vendor_name": "Simulated",
        "model": device_type,
        "name": device_type,
        "device_type": device_type,
        "capabilities": MODELS.get(device_type, ["heart_rate"]),
        "pairing_methods": ["simulated"],
        "recommended_reason": "",
        "native_required": False,
        "native_reason": None,
        "ble_services": [],
        "docs_url": None,
    }


def _model_by_id(wanted: str) -> dict[str, Any]:
    return next(one for one in map(model, MODELS) if str(one["id"]) == wanted)


def connection(
    owner: str, model_id: UUID, method: PairingMethod, hub_id: str | None = None
) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "patient_id": str(user_id(owner)),
        "device_model_id": str(model_id),
        "name": "device",
        "device_type": "blood_pressure_cuff",
        "pairing_method": method,
        "hub_id": hub_id,
        "status": "pairing",
        "status_reason": None,
        "last_sync_at": None,
        "last_reading_at": None,
        "battery_pct": None,
        "consent": None,
        "created_at": datetime.now(UTC).isoformat(),
        "revoked_at": None,
    }


def _consent_text() -> dict[str, Any]:
    return {"version": "1", "locale": "en", "text": "…", "sha256": "0" * 64}
