"""What opens a vendor's door is nowhere but in its sealed row: not in logs, spans, answers, metrics, or on the bus."""

import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest

from chassis import telemetry
from chassis.crypto import open_sealed
from chassis.log import JsonFormatter
from services.sync.entering import seal_place
from services.sync.tests.conftest import Patient, Stage, model_of, result_of
from services.sync.vault import COLUMN, TABLE
from tests.support.clouds import World
from tests.support.waiting import until

pytestmark = pytest.mark.integration


class Ear(logging.Handler):
    """Keeps every line of every library, as it is printed and as it was said."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter("sync"))

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage() if record.name.startswith("dc.") else ""
        self.lines.append(f"{self.format(record)} {said} {record.exc_text or ''}")


class Everything:
    """What left the process over the life of an account, but for what it said to the vendor."""

    def __init__(self, ear: Ear, spans: InMemorySpanExporter) -> None:
        self.ear = ear
        self.spans = spans
        self.answers: list[str] = []
        self.messages: list[str] = []
        self.secrets: dict[str, str] = {}

    def places(self) -> dict[str, str]:
        spans = [
            f"{span.name} {dict(span.attributes or {})} {span.events}"
            for span in self.spans.get_finished_spans()
        ]
        return {
            "logs": "\n".join(self.ear.lines),
            "spans": "\n".join(spans),
            "answers": "\n".join(self.answers),
            "bus": "\n".join(self.messages),
            "metrics": generate_latest(telemetry.REGISTRY).decode(),
        }


@pytest.fixture
async def everything(
    stage: tuple[Stage, World], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Everything]:
    ear, spans, root = Ear(), InMemorySpanExporter(), logging.getLogger()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(telemetry, "_exporting", True)
    found = Everything(ear, spans)

    async def on_message(msg: Any) -> None:
        found.messages.append(f"{msg.subject} {msg.headers} {msg.data.decode(errors='replace')}")

    async def on_answer(answer: httpx2.Response) -> None:
        if str(answer.request.url).startswith(stage[0].url):
            await answer.aread()
            found.answers.append(f"{answer.headers} {answer.text}")

    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    heard = await stage[0].buses["admin"].nc.subscribe(">", cb=on_message)
    stage[0].http.event_hooks["response"].append(on_answer)
    yield found
    stage[0].http.event_hooks["response"].remove(on_answer)
    await heard.unsubscribe()
    root.setLevel(level)
    root.removeHandler(ear)


async def _tokens(patient: Patient) -> dict[str, str]:
    """The pair that is stored now, opened with the platform's own key."""
    row = await patient.stage.pool.fetchrow(
        "SELECT id, oauth_tokens_encrypted FROM sync.vendor_accounts WHERE patient_id = $1", patient.id
    )
    plain = open_sealed(
        patient.stage.ring,
        bytes(row[1]),
        table=TABLE,
        column=COLUMN,
        row=str(row[0]),
        patient=str(patient.id),
    )
    found = msgspec.json.decode(plain)
    return {name: found[name] for name in ("access_token", "refresh_token")}


async def _verifier(patient: Patient) -> str:
    row = await patient.stage.pool.fetchrow(
        "SELECT state_sha256, verifier_sealed FROM sync.authorizations WHERE patient_id = $1", patient.id
    )
    return open_sealed(patient.stage.ring, bytes(row[1]), **seal_place(row[0], patient.id)).decode()


async def _signed_in(patient: Patient, everything: Everything) -> None:
    """To the vendor and back, with a look at what is carried on the way."""
    url = await patient.authorize_url()
    everything.secrets["verifier"] = await _verifier(patient)
    location = await patient.agree(url)
    everything.secrets["code"] = parse_qs(urlsplit(location).query)["code"][0]
    # The address of the way back is the browser's own: it may come in the question, never in an answer or a line.
    assert result_of(await patient.come_back(location))["result"] == "connected"


async def _lives(patient: Patient, everything: Everything) -> None:
    """Signs in, imports, refreshes, is notified, has its grant taken back, signs in again, and leaves."""
    stage, cloud, keep = patient.stage, patient.cloud, everything.secrets
    await _signed_in(patient, everything)
    await patient.imported()
    keep |= {f"first {name}": value for name, value in (await _tokens(patient)).items()}
    await cloud.control(f"/accounts/{patient.vendor_user}/tokens", {"action": "expire"})
    await cloud.control("/faults", {"way": "status", "status": 500, "endpoint": "token"})
    new = await patient.measures()
    await until(lambda: new in patient.record_ids(), 30)
    second = await _tokens(patient)
    assert second["refresh_token"] != keep["first refresh_token"]
    keep |= {f"second {name}": value for name, value in second.items()}
    await cloud.control(f"/accounts/{patient.vendor_user}/tokens", {"action": "revoke"})
    await patient.call("POST", "/api/v1/device/sync", {"device_connection_id": str(patient.connection_id)})
    await until(lambda: (account := patient.account()) and account.state == "needs_reauth", 30)
    await _signed_in(patient, everything)
    keep |= {f"third {name}": value for name, value in (await _tokens(patient)).items()}
    forged = await stage.http.post(
        f"{stage.url}/webhooks/vendor/{patient.vendor}",
        json={"event_type": "create"},
        headers={"x-oura-signature": "0" * 64},
    )
    assert forged.status_code == 401
    assert (await patient.call("DELETE", f"/api/v1/integrations/{patient.vendor}")).status_code == 204


async def test_no_secret_of_a_grant_leaves_its_row(
    stage: tuple[Stage, World], everything: Everything
) -> None:
    patient = Patient(stage[0], stage[1], await model_of(*stage))
    await patient.begin(seed=901, days=3)
    await _lives(patient, everything)
    everything.secrets |= stage[0].vendor_secrets
    places = everything.places()
    for name, place in places.items():
        assert re.search(r"\w", place), f"nothing was heard of {name}"
    found = {
        (name, place)
        for name, secret in everything.secrets.items()
        for place, said in places.items()
        if secret in said
    }
    assert found == set()
    assert len(everything.secrets) >= 9
    assert all(len(secret) >= 16 for secret in everything.secrets.values())
