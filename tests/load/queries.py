"""What people ask, through the gateway, one question at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.load.fill import PROBE_ROWS, fill
from tests.load.http import Connection
from tests.load.world import World


async def at_size(world: World, rows: int, times: int) -> dict[str, Any]:
    """Fills the record to that many rows and asks each question so often: milliseconds."""
    report: dict[str, Any] = {"rows": await fill(world, rows)}
    connection = Connection(world.gateway, "/", f"Bearer {world.probe.user_token}")
    for name, path in questions(world).items():
        await _ask(connection, path)  # warm
        took = sorted([(await _ask(connection, path))[0] for _ in range(times)])
        report[name] = {
            "p50_ms": round(took[len(took) // 2] * 1000, 1),
            "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1),
        }
    report["export"] = await _export(world, connection)
    connection.close()
    return report


def questions(world: World) -> dict[str, str]:
    device = f"/api/v1/device-data/{world.probe.connection_id}"
    chart = f"{device}?metric=blood_pressure.systolic&from="
    return {
        "latest": f"{device}/latest",
        "24 h raw": f"{device}?from={_ago(1)}",
        "30 d chart": f"{chart}{_ago(30)}",
        "90 d chart": f"{chart}{_ago(90)}",
        "summary": f"/api/v1/patients/{world.probe.patient_id}/summary",
    }


def _ago(days: int) -> str:
    return quote((datetime.now(UTC) - timedelta(days=days) + timedelta(minutes=1)).isoformat())


async def _ask(connection: Connection, path: str) -> tuple[float, bytes]:
    answer = await connection.get(path)
    if answer.status != 200:
        raise AssertionError(f"the API answered {answer.status} to {path.partition('?')[0]}")
    return answer.took_s, answer.content


async def _export(world: World, connection: Connection) -> dict[str, Any]:
    """The probe's 90 days as a file."""
    path = f"/api/v1/device-data/{world.probe.connection_id}/export?format=csv&from={_ago(91)}"
    answer = await connection.get(path)
    lines = answer.content.count(b"\n") - 1
    if answer.status != 200 or lines < PROBE_ROWS:
        raise AssertionError(f"the export has {lines} of {PROBE_ROWS} readings ({answer.status})")
    return {"first_ms": round(answer.first_s * 1000, 1), "rows_per_s": round(lines / answer.took_s)}
