"""The registry with real servers, and people who ask it."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

import pytest
from litestar.testing import AsyncTestClient

from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.config import load
from chassis.mirror import Mirror
from proto.state import ModelState
from proto.words import Role
from services.registry.app import create_app
from services.registry.settings import Settings

CUFF: Final[Mapping[str, Any]] = {
    "vendor_id": "acme_health",
    "model": "Cuff 1",
    "name": "Acme Cuff 1",
    "device_type": "blood_pressure_cuff",
    "capabilities": ["blood_pressure"],
    "pairing_methods": ["hub", "manual"],
}


class Scene:
    """The app, and its bucket as another service hears it."""

    def __init__(self, client: AsyncTestClient[Any], settings: Settings, models: Mirror[ModelState]) -> None:
        self.client = client
        self.settings = settings
        self.models = models
        self._signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")

    def headers(self, role: Role = "patient", **more: str) -> dict[str, str]:
        """Somebody new with that role."""
        id = uuid4()
        who = Principal(user_id=id, roles=frozenset({role}), patient_id=id if role == "patient" else None)
        return {"authorization": f"Bearer {self._signer.sign(who, 600)}", **more}

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(path, headers=self.headers(), params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def register(
        self, change: Mapping[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """A registration by an administrator; `model` is a new one unless it is given."""
        body = {**CUFF, "model": f"Cuff {uuid4().hex[:12]}", **(change or {})}
        return await self.client.post(
            "/api/v1/devices/register", headers=headers or self.headers("admin"), json=body
        )


@pytest.fixture(scope="package")
async def scene(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Scene]:
    settings = load(Settings, service_environ("registry"))
    bus = Bus(settings, "pairing")
    models: Mirror[ModelState] = Mirror(bus, "models", ModelState)
    async with AsyncTestClient(create_app(settings)) as client:
        await bus.start()
        await models.start()
        yield Scene(client, settings, models)
        await models.stop()
        await bus.stop()
