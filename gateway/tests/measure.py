"""Measures what the gateway costs: `python -m gateway.tests.measure`. Prints CPU µs a forwarded request and a delivery.

Each part runs in its own process on uvloop; CPU is the gateway process's own, read before and after the load.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import uvicorn
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import http
from chassis.auth import Principal, TokenSigner, TokenVerifier
from chassis.cache import Cache
from chassis.clock import now, uuid7
from gateway.credentials import Credentials
from gateway.forward import Upstream
from gateway.frames import frames_of
from gateway.headers import Front
from gateway.outlet import Item, Outlet
from gateway.proxy import Proxy
from gateway.session import Sessions
from gateway.settings import Settings
from proto.events import ObservationsRecorded, RecordedReading
from tests.support.ports import free_port

REQUESTS = 20_000
CLIENTS = 16
SOCKETS = 1000
EVENTS = 200
BODY = msgspec.json.encode(
    {
        "device_connection_id": str(uuid4()),
        "timestamp": "2026-05-01T08:30:00Z",
        "readings": {"blood_pressure": {"systolic": 120, "diastolic": 80, "hr": 72}},
    }
)


def keys(folder: Path) -> None:
    key = Ed25519PrivateKey.generate()
    (folder / "keys").mkdir()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "keys/token_signing.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    (folder / "keys/token_verify.pem").write_bytes(
        key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


async def small_service(scope: Any, receive: Any, send: Any) -> None:
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    content = b'{"receipt":"x","accepted":1,"duplicates":0,"rejected":[]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def gateway_app(secrets: str, upstream_port: int) -> Any:
    settings = Settings(secrets_dir=secrets, redis_url="redis://127.0.0.1:1")
    path = Path(secrets) / "keys"
    sessions = Sessions(settings, Cache(settings), TokenSigner(path / "token_signing.pem"))
    credentials = Credentials(settings, TokenVerifier(path / "token_verify.pem"), sessions)
    upstream = Upstream("ingest", f"http://127.0.0.1:{upstream_port}")
    app = http.create_app(settings, "gateway", public=True, schema=False)
    app.asgi_handler = Front(Proxy(app.asgi_handler, settings, credentials, {"ingest": upstream}), settings)
    return app


def serve(make: Callable[..., Any], arguments: tuple[Any, ...], port: int) -> None:
    uvicorn.run(
        make(*arguments), port=port, loop="uvloop", http="httptools", lifespan="off", log_level="critical",
        access_log=False, ws_per_message_deflate=False, proxy_headers=False, timeout_graceful_shutdown=1,
    )  # fmt: skip


def make_small_service() -> Any:
    return small_service


def fan_out_app() -> Any:
    """Sockets that all get what is said by `POST /say`, each through an outlet of its own, as the hub does."""
    outlets: set[Outlet] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            for sequence in range(EVENTS):
                patient_id, at = uuid7(), now()
                reading = RecordedReading(
                    id=uuid7(), device_connection_id=uuid7(), timestamp=at, received_at=at,
                    readings=msgspec.Raw(b'{"blood_pressure":{"systolic":120,"diastolic":80,"hr":72}}'),
                    meta=msgspec.Raw(b"{}"),
                )  # fmt: skip
                event = ObservationsRecorded(patient_id=patient_id, recorded_at=at, readings=[reading])
                payload = msgspec.json.encode(event)
                subject = f"observations.recorded.v1.{patient_id}"
                for frame in frames_of(subject, payload, incarnation=1, sequence=sequence):
                    for outlet in outlets:
                        outlet.put(frame.text, frame.cursor, outlets)
                await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        await send({"type": "websocket.accept"})
        outlet = Outlet(30)
        outlets.add(outlet)

        async def write(item: Item) -> None:
            await send({"type": "websocket.send", "text": item.text, "bytes": None})

        await outlet.run(write)

    return app


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


async def listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return


async def post(port: int, head: bytes, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        writer.write(head + BODY)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 202"), answer
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


async def forwarding(pid: int, service_pid: int, direct: int, through: int, token: str) -> None:
    head = (
        f"POST /api/v1/device-data/ingest HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\nAccept: */*\r\nUser-Agent: measure\r\n\r\n"
    ).encode()
    for port in (direct, through):
        await listening(port)
        await asyncio.gather(*(post(port, head, 50) for _ in range(CLIENTS)))
    for name, port in (("direct", direct), ("through the gateway", through)):
        before, served, began = cpu_s(pid), cpu_s(service_pid), time.perf_counter()
        await asyncio.gather(*(post(port, head, REQUESTS // CLIENTS) for _ in range(CLIENTS)))
        wall, cpu = time.perf_counter() - began, (cpu_s(pid) - before) / REQUESTS * 1e6
        service = (cpu_s(service_pid) - served) / REQUESTS * 1e6
        print(
            f"{name}: {REQUESTS / wall:,.0f}/s; µs CPU a request: gateway {cpu:.0f}, bare service {service:.0f}"
        )


async def fan_out(pid: int, port: int) -> None:
    await listening(port)
    streams = []
    for _ in range(SOCKETS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        streams.append((reader, writer))
    memory_kib = resident_kib(pid)
    frames, before, began = 0, cpu_s(pid), time.perf_counter()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

    async def drain(reader: asyncio.StreamReader) -> None:
        nonlocal frames
        for _ in range(EVENTS):
            header = await reader.readexactly(4)  # 126..65535 bytes: two length octets
            await reader.readexactly(int.from_bytes(header[2:], "big"))
            frames += 1

    await asyncio.gather(*(drain(reader) for reader, _ in streams))
    wall, cpu = time.perf_counter() - began, cpu_s(pid) - before
    print(
        f"fan-out to {SOCKETS} sockets: {frames / wall:,.0f} deliveries/s, {cpu / frames * 1e6:.1f} µs CPU each "
        f"(one core: {frames / cpu:,.0f}/s); {memory_kib // 1024} MiB resident"
    )


def main() -> None:
    context = get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        keys(Path(folder))
        user = uuid7()
        principal = Principal(user_id=user, roles=frozenset({"patient"}), patient_id=user)
        token = TokenSigner(Path(folder) / "keys/token_signing.pem").sign(principal, 3600)
        direct, through, live = free_port(), free_port(), free_port()
        parts: list[tuple[Callable[..., Any], tuple[Any, ...], int]] = [
            (make_small_service, (), direct),
            (gateway_app, (folder, direct), through),
            (fan_out_app, (), live),
        ]
        processes = [context.Process(target=serve, args=part) for part in parts]
        for process in processes:
            process.start()
        try:
            runs: list[Awaitable[None]] = [
                forwarding(processes[1].pid or 0, processes[0].pid or 0, direct, through, token),
                fan_out(processes[2].pid or 0, live),
            ]
            for run in runs:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(_awaited(run))
        finally:
            for process in processes:
                process.terminate()
                process.join()


async def _awaited(work: Awaitable[None]) -> None:
    await work


if __name__ == "__main__":
    main()
