"""Somebody whose partner knows them by a number, and the partner who pushes about them."""

import base64
import hashlib
import hmac
import time
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

from proto.state import ModelState
from services.sync.tests.conftest import CONSENT, Patient, Stage
from tests.support.clouds import World
from tests.support.waiting import until

PARTNER = "generic"


class Enrolled(Patient):
    """Somebody whose partner knows them by a number."""

    def __init__(self, stage: Stage, cloud: World, model: ModelState) -> None:
        super().__init__(stage, cloud, model)
        self.number = str(uuid4())

    async def enrol(self, vendor: str = PARTNER, **changes: Any) -> httpx2.Response:
        body = {
            "vendor": vendor,
            "device_connection_id": str(self.connection_id),
            "credentials": {"number": self.number},
            "data_kinds": ["weight"],
            "consent_version": CONSENT,
            **changes,
        }
        return await self.call("POST", "/internal/accounts", body)

    async def paired(self) -> None:
        assert (await self.enrol()).status_code == 200
        await self.connect(pairing_method="partner_webhook")
        await until(self._is_known)

    async def _is_known(self) -> bool:
        return str(self.connection_id) in (await self.shown())["device_connection_ids"]

    async def shown(self) -> dict[str, Any]:
        items = (await self.call("GET", "/api/v1/integrations")).json()["items"]
        return next(one for one in items if one["vendor"] == PARTNER)

    def message(self, record: str, weight: float) -> dict[str, Any]:
        data = {
            "user": self.number,
            "records": [{"id": record, "timestamp": "2026-05-01T08:30:00Z", "fields": {"weight_kg": weight}}],
        }
        return {"type": "readings.created", "data": data}

    async def push(self, record: str, weight: float) -> httpx2.Response:
        """As the partner does it."""
        body = msgspec.json.encode(self.message(record, weight))
        id, timestamp = str(uuid4()), str(int(time.time()))
        signed = f"{id}.{timestamp}.".encode() + body
        digest = hmac.new(self.stage.partner_secret.encode(), signed, hashlib.sha256).digest()
        return await self.stage.http.post(
            f"{self.stage.url}/webhooks/vendor/{PARTNER}",
            content=body,
            headers={
                "content-type": "application/json",
                "webhook-id": id,
                "webhook-timestamp": timestamp,
                "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
            },
        )

    async def rows(self) -> list[Any]:
        return list(
            await self.stage.pool.fetch(
                "SELECT * FROM sync.vendor_accounts WHERE patient_id = $1 ORDER BY created_at", self.id
            )
        )


async def somebody(stage: Stage, cloud: World) -> Enrolled:
    """With a scale whose readings a partner pushes, and not enrolled yet."""
    model = ModelState(
        id=uuid4(),
        vendor_id="simulated",
        name="Scale of a partner",
        device_type="scale",
        capabilities=frozenset({"weight"}),
        pairing_methods=["partner_webhook"],
        version=1,
    )
    await stage.put("registry", "models", str(model.id), model)
    return Enrolled(stage, cloud, model)
