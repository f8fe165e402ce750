"""A socket at the vendor's that we open: over TLS to a server that stands for the vendor, into the real stream."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.server import ServerConnection, serve

from chassis.bus import Bus
from chassis.config import load
from services.sync.dialling import Dialler
from services.sync.parties import Vendors
from services.sync.rates import Rate
from services.sync.settings import Settings
from services.sync.tests.conftest import Stage
from services.sync.tests.partner import PARTNER, Enrolled, somebody
from services.sync.webhooks import Mailbox
from tests.support.clouds import World
from tests.support.waiting import until

pytestmark = pytest.mark.integration
TOKEN = "token of this test"
Handler = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of 127.0.0.1 that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vendor of this test")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "vendor.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def vendor(handler: Handler, certificate: Path) -> AsyncIterator[str]:
    """Their server; the address to dial."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with serve(handler, "127.0.0.1", 0, ssl=tls) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"wss://127.0.0.1:{port}/push"


@asynccontextmanager
async def dialled(url: str, mailbox: Mailbox, folder: Path) -> AsyncIterator[None]:
    """An installation whose operator has said where the vendor is."""
    files = folder / "vendors" / PARTNER
    files.mkdir(parents=True)
    for name, text in (("webhook_secrets", "unused"), ("dial_url", url), ("dial_token", TOKEN)):
        (files / name).write_text(text)
    dialler = Dialler(Vendors(folder, frozenset()), mailbox)
    await dialler.start()
    try:
        yield
    finally:
        await dialler.stop()


@pytest.fixture
async def mailbox(service_environ: Callable[[str], dict[str, str]]) -> AsyncIterator[Mailbox]:
    bus = Bus(load(Settings, service_environ("sync")), "sync")
    await bus.start()
    yield Mailbox(bus, Rate(1000))
    await bus.stop()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between two lines are as short as they can be."""
    monkeypatch.setattr("services.sync.dialling.random.random", lambda: 0.0)


@pytest.fixture
async def person(stage: tuple[Stage, World]) -> Enrolled:
    made = await somebody(*stage)
    await made.paired()
    return made


def frame(id: str, payload: Any) -> str:
    return msgspec.json.encode({"id": id, "payload": payload}).decode()


async def test_what_comes_over_the_line_is_stored_and_then_acknowledged_also_after_it_broke(
    person: Enrolled,
    mailbox: Mailbox,
    certificate: Path,
    tmp_path: Path,
    soon: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    lines: list[str | None] = []
    acknowledged: list[Any] = []

    async def push(line: ServerConnection) -> None:
        lines.append(line.request.headers.get("authorization") if line.request else None)
        if len(lines) == 1:  # the line breaks before anything is acknowledged: it is sent again
            await line.send(frame("m-1", person.message("r-1", 78.4)))
            line.transport.abort()
            return
        await line.send("no message of ours")
        for number in (1, 2):
            await line.send(frame(f"m-{number}", person.message(f"r-{number}", 78.4)))
            acknowledged.append(msgspec.json.decode(await line.recv()))
        await line.wait_closed()

    async with vendor(push, certificate) as url, dialled(url, mailbox, tmp_path):
        await until(lambda: len(acknowledged) == 2, 20)
        await until(lambda: len(person.record_ids()) == 2, 20)

    assert acknowledged == [{"ack": "m-1"}, {"ack": "m-2"}]
    assert set(lines) == {f"Bearer {TOKEN}"}


async def test_a_vendor_that_cannot_prove_who_it_is_gets_neither_token_nor_word(
    mailbox: Mailbox, certificate: Path, tmp_path: Path, soon: None, caplog: pytest.LogCaptureFixture
) -> None:
    spoken_to: list[str] = []

    async def push(line: ServerConnection) -> None:
        spoken_to.append("somebody")

    async with vendor(push, certificate) as url, dialled(url, mailbox, tmp_path):
        await until(lambda: sum("line_lost" in record.message for record in caplog.records) >= 2, 20)

    assert spoken_to == []


async def test_a_frame_that_is_too_large_ends_the_line_and_the_next_one_is_opened(
    mailbox: Mailbox,
    certificate: Path,
    tmp_path: Path,
    soon: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ends: list[int] = []

    async def push(line: ServerConnection) -> None:
        await line.send(frame("huge", "x" * (256 * 1024)))
        await asyncio.wait_for(line.wait_closed(), 10)
        ends.append(line.close_code or 0)

    async with vendor(push, certificate) as url, dialled(url, mailbox, tmp_path):
        await until(lambda: len(ends) >= 2, 20)

    assert set(ends) == {1009}
