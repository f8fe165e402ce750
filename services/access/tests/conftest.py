"""Access with real servers: the app, people who sign in, and records for the audit log."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from chassis.audit import AuditRecord
from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.config import load
from chassis.mirror import Mirror
from services.access.app import create_app
from services.access.domain import demo_id
from services.access.settings import Settings


class Scene:
    """The running service, and ways to be somebody."""

    def __init__(self, client: AsyncTestClient[Any], settings: Settings, pool: "asyncpg.Pool[Any]") -> None:
        self.client = client
        self.settings = settings
        self.pool = pool
        """As the owner of the database."""
        self._signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")

    def headers(self, user: str | UUID, role: Any = "patient") -> dict[str, str]:
        """A token of a demo sign-in, or of an id."""
        id = demo_id(user) if isinstance(user, str) else user
        principal = Principal(
            user_id=id, roles=frozenset({role}), patient_id=id if role == "patient" else None
        )
        return {"authorization": f"Bearer {self._signer.sign(principal, 600)}"}

    async def sign_in(self, **person: Any) -> Any:
        secret = self.settings.secret("keys/internal_token").reveal()
        return await self.client.post("/internal/sign-in", headers={"x-internal-token": secret}, json=person)

    async def person(self, role: str = "patient", **more: Any) -> tuple[UUID, str]:
        """Signs somebody new in; answers id and sign-in name."""
        name = f"p-{uuid4().hex[:10]}"
        given = {"issuer": "https://id.example", "subject": name, "sign_in_name": name, "roles": [role]}
        answer = await self.sign_in(**{"display_name": f"The {role} {name}", **given, **more})
        assert answer.status_code == 200, answer.text
        return UUID(answer.json()["user_id"]), name

    async def grant(self, patient: UUID, grantee: str, *kinds: str, **more: Any) -> Any:
        body = {"grantee": grantee, "data_kinds": list(kinds), **more}
        answer = await self.client.post("/api/v1/permissions", headers=self.headers(patient), json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def revoke(self, permission: Any, headers: dict[str, str]) -> int:
        path = f"/api/v1/permissions/{permission['id']}"
        return int((await self.client.delete(path, headers=headers)).status_code)

    async def log_of(self, patient: UUID) -> list[Any]:
        answer = await self.client.get("/api/v1/audit", headers=self.headers(patient))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    @asynccontextmanager
    async def mirror(self, user: str, bucket: str, type_: Any) -> AsyncIterator[Mirror[Any]]:
        """What another process knows of a bucket."""
        bus = Bus(self.settings, user)
        mirror: Mirror[Any] = Mirror(bus, bucket, type_)
        await bus.start()
        await mirror.start()
        try:
            yield mirror
        finally:
            await mirror.stop()
            await bus.stop()


@pytest.fixture(scope="package")
async def scene(service_environ: Callable[[str], dict[str, str]], postgres_url: str) -> AsyncIterator[Scene]:
    settings = load(Settings, service_environ("access"))
    async with (
        asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool,
        AsyncTestClient(create_app(settings)) as client,
    ):
        yield Scene(client, settings, pool)


def record(patient: UUID | None = None, **more: Any) -> AuditRecord:
    given: dict[str, Any] = {
        "action": "data.read",
        "actor_id": str(uuid4()),
        "actor_role": "clinician",
        "object_type": "device_connection",
        "object_id": str(uuid4()),
        "patient_id": patient or uuid4(),
        "details": {"count": 12, "text": "ünï|3:x"},
    }
    return AuditRecord(**{**given, **more})


async def append(conn: Any, *records: AuditRecord) -> None:
    await conn.execute("SELECT access.audit_append($1::jsonb)", msgspec.json.encode(records).decode())
