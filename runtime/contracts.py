"""Writes the contracts that others read: JSON Schema, OpenAPI, AsyncAPI, and the UI's tables. From code, never by hand."""

import inspect
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from chassis.config import load
from gateway.openapi import merge
from proto import events, raw, readings, state, subjects
from proto.errors import STATUS_OF
from proto.metrics import METRICS
from proto.vendors.normalized import FaultClass
from runtime import secrets
from runtime.processes import existing
from services.health.texts import EVENTS, NOTES, REJECTIONS
from services.pairing.domain import REASONS

ROOT: Final = Path(__file__).resolve().parent.parent
_UNDOCUMENTED: Final = ("gateway", "idp", "ingest-bridge")


def generate(root: Path = ROOT) -> list[Path]:
    """Writes every contract; answers the paths."""
    schema, ui = root / "proto/schema", root / "ui/src/generated"
    messages = message_schemas()
    written = {
        schema / "messages.json": messages,
        schema / "asyncapi.json": asyncapi(messages),
        schema / "openapi.json": openapi(),
        ui / "metrics.json": metrics(),
        ui / "causes.json": causes(),
    }
    if gatt := gatt_tables():
        written[ui / "gatt.json"] = gatt
    for path, document in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    return list(written)


def message_schemas() -> dict[str, Any]:
    """JSON Schema of every struct that travels: `{name: schema}` with shared `$defs`."""
    structs = [readings.ReadingMessage, readings.GattMessage, raw.RawReading, raw.RawGatt]
    for module in (events, state):
        structs += [
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, msgspec.Struct) and member.__module__ == module.__name__
        ]
    _, components = msgspec.json.schema_components(
        structs, ref_template="#/components/schemas/{name}", schema_hook=_opaque
    )
    return dict(sorted(components.items()))


def _opaque(kind: type) -> dict[str, Any]:
    if kind is msgspec.Raw:
        return {"description": "JSON in its original octets"}
    raise NotImplementedError(kind)


def asyncapi(messages: dict[str, Any]) -> dict[str, Any]:
    """AsyncAPI 3.0: one channel a subject, with who says and who hears it."""
    channels, operations = {}, {}
    for row in subjects.SUBJECTS:
        name = row.pattern.removesuffix(".*").replace(".", "_")
        message = "RawReading" if row.message == "RawBatch" else row.message
        payload: dict[str, Any] = {"$ref": f"#/components/schemas/{message}"}
        if row.message == "RawBatch":
            payload = {
                "type": "array",
                "items": {
                    "oneOf": [{"$ref": f"#/components/schemas/{each}"} for each in ("RawReading", "RawGatt")]
                },
            }
        channels[name] = {
            "address": row.pattern.replace("*", "{token}"),
            "description": row.purpose,
            "parameters": {"token": {"description": "The id of the patient, hub, vendor or shard."}},
            "messages": {row.message: {"payload": payload, "contentType": "application/json"}},
            "x-stream": row.stream,
            "x-says": list(row.says),
            "x-hears": list(row.hears),
        }
        for service, action in [*((s, "send") for s in row.says), *((h, "receive") for h in row.hears)]:
            operations[f"{service}_{action}_{name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
            }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Device Connect on NATS",
            "version": "1",
            "description": "observations.recorded.v1.* is also the feed for outside alert engines: make a durable "
            "consumer of your own on the stream EVENTS. Readers ignore fields that they do not know.",
        },
        "channels": dict(sorted(channels.items())),
        "operations": dict(sorted(operations.items())),
        "components": {"schemas": messages},
    }


def openapi() -> dict[str, Any]:
    """What each service says of itself, merged with what only the gateway answers."""
    documents = []
    with tempfile.TemporaryDirectory() as folder:
        made = secrets.ensure(Path(folder))
        environ = {
            "DC_HOME": folder,
            "DC_SECRETS_DIR": str(made),
            "DC_DATABASE_URL": "postgresql://127.0.0.1/none",
            "DC_NATS_URL": "nats://127.0.0.1:1",
            "DC_REDIS_URL": "redis://127.0.0.1:1",
            "DC_S3_ENDPOINT": "http://127.0.0.1:1",
            "DC_OIDC_ISSUER": "http://127.0.0.1:1",
            "DC_MQTT_PUBLIC_URL": "mqtt://127.0.0.1:1",
        }
        for process in existing():
            if process.name in _UNDOCUMENTED:
                continue
            module = import_module(process.module)
            app = module.create_app(load(module.Settings, environ))
            documents.append(app.openapi_schema.to_schema())
    documents.append(import_module("services.ingest.routes").documented())
    return merge(documents)


def metrics() -> list[dict[str, Any]]:
    """The vocabulary as the UI needs it: labels, units, precision, codes and bounds."""
    return [
        {
            "name": metric.name,
            "kind": metric.kind,
            "label": metric.label,
            "type": metric.type,
            "unit": metric.unit,
            "ucum": metric.ucum,
            "loinc": metric.loinc,
            "precision": metric.precision,
            "low": metric.low,
            "high": metric.high,
            "rollup": metric.rollup,
            "choices": list(metric.choices),
        }
        for metric in METRICS
    ]


def causes() -> dict[str, list[str]]:
    """Every code that says what is the matter, by where it is said: the UI has words or advice for each."""
    return {
        "notes": sorted(NOTES),
        "reasons": sorted(REASONS),
        "events": sorted(EVENTS),
        "problems": sorted(STATUS_OF),
        "faults": sorted(get_args(FaultClass)),
        "refusals": sorted({*REJECTIONS, *(code for code, status in STATUS_OF.items() if status == 422)}),
    }


def gatt_tables() -> dict[str, Any] | None:
    try:
        module = import_module("services.normalizer.gatt.export")
    except ModuleNotFoundError:
        return None
    exported: dict[str, Any] = module.export()
    return exported
