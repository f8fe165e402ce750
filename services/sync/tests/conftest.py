"""Sync with real servers and a simulated vendor's cloud over real sockets. The test is pairing and the normalizer: it
hears of accounts, makes connections, and reads what came into the stream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec
import pytest

from chassis.auth import Principal, TokenSigner
from chassis.bus import Bus
from chassis.config import load
from chassis.crypto import LocalKeyRing
from proto import subjects
from proto.access import ALL_KINDS
from proto.events import AccountChanged, SyncJob, SyncProgressed, SyncSettled, UploadProgressed
from proto.raw import RawBatch, RawDeletion, RawEmptied, RawReading
from proto.state import ConnectionState, ModelState, ProfileState
from services.sync.app import create_app
from services.sync.settings import Settings
from tests.support.clouds import World, simulator
from tests.support.others import buses_of
from tests.support.ports import free_port
from tests.support.serving import served
from tests.support.waiting import until

VENDOR = "oura"
"""Signs its notifications, spends a refresh token once, and may be asked often: tests need not wait for its budget."""
UNSIGNED = "withings"
"""Signs nothing: its address holds a secret part."""
ZONE = "Europe/Berlin"
CONSENT = "2026-05"


class Stage:
    """The running service, the cloud, and everybody around it."""

    def __init__(
        self,
        url: str,
        http: httpx2.AsyncClient,
        buses: dict[str, Bus],
        pool: Any,
        signer: TokenSigner,
        app: Any,
    ) -> None:
        self.url = url
        self.http = http
        self.buses = buses
        self.pool = pool
        self.app = app
        self.path_token = ""
        self.cloud_of: Any = None
        """Vendor → its cloud."""
        self.partner_secret = ""
        self.ring: Any = None
        self.vendor_secrets: dict[str, str] = {}
        """File → what the platform proves itself to the vendor with."""
        self.owner: Any = None
        """The database's owner: reads what other services wrote."""
        self._signer = signer
        self.accounts: list[AccountChanged] = []
        self.progress: list[SyncProgressed] = []
        self.read: list[UploadProgressed] = []
        self.raw: list[RawReading | RawDeletion | RawEmptied] = []

    async def listen(self) -> None:
        admin = self.buses["admin"]

        async def on_account(msg: Any) -> None:
            self.accounts.append(msgspec.json.decode(msg.data, type=AccountChanged))

        async def on_progress(msg: Any) -> None:
            self.progress.append(msgspec.json.decode(msg.data, type=SyncProgressed))

        async def on_read(msg: Any) -> None:
            self.read.append(msgspec.json.decode(msg.data, type=UploadProgressed))

        async def on_raw(msg: Any) -> None:
            items = msgspec.json.decode(msg.data, type=RawBatch)
            self.raw += [one for one in items if isinstance(one, RawReading | RawDeletion | RawEmptied)]
            await self.settle([one for one in items if isinstance(one, RawReading)])

        await admin.listen(f"{subjects.ACCOUNTS_CHANGED}.*", on_account)
        await admin.listen(f"{subjects.SYNC_PROGRESSED}.*", on_progress)
        await admin.listen(f"{subjects.UPLOADS_PROGRESSED}.*", on_read)
        await admin.listen(f"{subjects.RAW}.*", on_raw)
        await admin.nc.flush()

    async def settle(self, items: list[RawReading]) -> None:
        """As the normalizer tells a job: everything was new."""
        counts: dict[UUID, int] = {}
        for item in items:
            if item.job_id is not None:
                counts[item.job_id] = counts.get(item.job_id, 0) + 1
        for job_id, count in counts.items():
            await self.buses["normalizer"].publish(
                subjects.to(subjects.SYNC_SETTLED, job_id),
                msgspec.json.encode(SyncSettled(job_id=job_id, stored=count)),
            )

    def bearer(self, user_id: UUID, role: Any = "patient") -> dict[str, str]:
        principal = Principal(
            user_id=user_id, roles=frozenset({role}), patient_id=user_id if role == "patient" else None
        )
        return {"authorization": f"Bearer {self._signer.sign(principal, 600)}"}

    async def put(self, owner: str, bucket: str, key: str, value: Any) -> None:
        await self.buses[owner].publish(subjects.kv_subject(bucket, key), msgspec.json.encode(value))


class Patient:
    """One person: here, and at the vendor."""

    def __init__(self, stage: Stage, cloud: World, model: ModelState) -> None:
        self.stage = stage
        self.cloud = cloud
        self.vendor = cloud.vendor
        self.model = model
        self.id = uuid4()
        self.connection_id = uuid4()
        self.vendor_user = ""
        self.tells_late: Callable[[], Awaitable[None]] | None = None
        """What happens between the bucket that has a new connection and the event that tells of it."""
        self._version = 0

    async def call(self, method: str, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        headers = {**self.stage.bearer(self.id), **options.pop("headers", {})}
        return await self.stage.http.request(
            method, f"{self.stage.url}{path}", headers=headers, json=json, **options
        )

    async def begin(self, seed: int, **more: Any) -> None:
        """At the vendor for some time already."""
        self.vendor_user = await self.cloud.create(seed=seed, **more)
        await self.stage.put(
            "access", "profiles", str(self.id), ProfileState(patient_id=self.id, timezone=ZONE, version=1)
        )

    async def authorize(self, **choice: str) -> httpx2.Response:
        """To the vendor and back: the answer of our callback."""
        return await self.come_back(await self.agree(await self.authorize_url(), **choice))

    async def authorize_url(self) -> str:
        """Where the vendor asks the person."""
        asked = await self.call(
            "POST",
            f"/api/v1/integrations/{self.vendor}/authorize",
            {"data_kinds": sorted(self.model.capabilities), "consent_version": CONSENT},
        )
        assert asked.status_code == 200, asked.text
        return str(asked.json()["authorize_url"])

    async def agree(self, url: str, **choice: str) -> str:
        """Says yes there, or what `choice` says: the address of the way back."""
        decided = {"decide": "approve", "user": self.vendor_user, **choice}
        parts = urlsplit(url)
        back = await self.stage.http.get(
            f"{parts.scheme}://{parts.netloc}{parts.path}", params={**dict(parse_qsl(parts.query)), **decided}
        )
        return back.headers["location"]

    async def come_back(self, location: str) -> httpx2.Response:
        pairing = asyncio.create_task(self._pair_when_heard())
        answer = await self.stage.http.get(
            location, headers=self.stage.bearer(self.id), follow_redirects=False
        )
        if self.account() is None:
            pairing.cancel()  # nobody connects who said no; who said yes is told of, also after the answer
        ended = await asyncio.gather(pairing, return_exceptions=True)
        assert self.account() is None or not ended[0], ended
        return answer

    async def _pair_when_heard(self) -> None:
        """Pairing's part: an active account gets its connection."""
        await until(lambda: self.account() is not None, 20)
        await self.connect()

    def account(self) -> AccountChanged | None:
        mine = [one for one in self.stage.accounts if one.patient_id == self.id]
        return mine[-1] if mine else None

    async def connect(self, **changes: Any) -> None:
        self._version += 1
        fields: dict[str, Any] = {
            "id": self.connection_id,
            "patient_id": self.id,
            "device_model_id": self.model.id,
            "name": "Account",
            "device_type": self.model.device_type,
            "pairing_method": "vendor_oauth",
            "status": "connected",
            "consent": "active",
            "consent_kinds": ALL_KINDS,
            "version": self._version,
        }
        state = ConnectionState(**{**fields, **changes})
        await self.stage.put("pairing", "connections", str(self.connection_id), state)
        if self.tells_late is not None:
            await self.tells_late()
        await self.stage.buses["pairing"].publish(
            subjects.to(subjects.CONNECTIONS_CHANGED, self.id),
            msgspec.json.encode(
                {
                    "device_connection_id": self.connection_id,
                    "patient_id": self.id,
                    "code": "status",
                    "status": state.status,
                    "status_reason": None,
                    "at": datetime.now(UTC),
                }
            ),
        )

    def readings(self) -> list[RawReading]:
        return [
            one
            for one in self.stage.raw
            if isinstance(one, RawReading) and one.connection_id == self.connection_id
        ]

    def deletions(self) -> list[RawDeletion]:
        return [
            one
            for one in self.stage.raw
            if isinstance(one, RawDeletion) and one.connection_id == self.connection_id
        ]

    async def measures(self) -> str:
        """At the vendor, which announces it: the id of a record that was not there. A night would be the last one again,
        which a history holds already.
        """
        [new] = await self.cloud.add(self.vendor_user, kind="cardio_fitness")
        record_id = f"{self.vendor}:{new['id']}"
        assert record_id not in self.record_ids()
        return record_id

    def record_ids(self) -> set[str]:
        found = set()
        for one in self.readings():
            meta = msgspec.json.decode(one.message)["meta"]
            found.add(str(meta["vendor_record_id"]))
        return found

    def job(self) -> SyncJob | None:
        mine = [one.job for one in self.stage.progress if one.patient_id == self.id]
        return mine[-1] if mine else None

    async def integration(self) -> dict[str, Any]:
        items = (await self.call("GET", "/api/v1/integrations")).json()["items"]
        return next(one for one in items if one["vendor"] == self.vendor)

    async def imported(self, within_s: float = 60) -> SyncJob:
        try:
            await until(lambda: (job := self.job()) is not None and job.state == "done", within_s)
        except TimeoutError:
            why = await self.stage.pool.fetch(
                "SELECT vendor, state, failures, last_fault FROM sync.vendor_accounts"
            )
            raise AssertionError(f"not imported: {self.job()}; {[tuple(row) for row in why]}") from None
        job = self.job()
        assert job is not None
        return job


def result_of(answer: httpx2.Response) -> dict[str, str]:
    """What the page is told by the way back."""
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    return {"path": parts.path, **{name: values[0] for name, values in parse_qs(parts.query).items()}}


@pytest.fixture(scope="module")
async def stage(
    service_environ: Callable[[str], dict[str, str]],
    database_urls: dict[str, str],
    postgres_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Stage, World]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    simulator_home: Path = tmp_path_factory.mktemp("clouds")
    async with served(simulator(simulator_home, public_url=url), timeout_graceful_shutdown=2) as cloud_port:
        settings = load(
            Settings,
            {
                **service_environ("sync"),
                "DC_PUBLIC_URL": url,
                "DC_VENDOR_GATE": f"http://127.0.0.1:{cloud_port}/clouds",
                "DC_LIMIT_SYNC_PER_MIN": "1000",
                "DC_LIMIT_WEBHOOKS_PER_MIN": "60000",
                "DC_SYNC_LEASE_S": "3",
                "DC_SYNC_HISTORY_DAYS": "150",
            },
        )
        app = create_app(settings)
        signer = TokenSigner(settings.secrets_path / "keys/token_signing.pem")
        async with (
            buses_of(settings, "pairing", "registry", "access", "normalizer", "ingest", "admin") as buses,
            asyncpg.create_pool(database_urls["sync"], min_size=1, max_size=2) as pool,
            asyncpg.create_pool(postgres_url, min_size=1, max_size=1) as owner,
            httpx2.AsyncClient(timeout=30, trust_env=False) as http,
            served(app, port=port, timeout_graceful_shutdown=2),
        ):
            made = Stage(url, http, buses, pool, signer, app)
            made.path_token = (settings.secrets_path / f"vendors/{UNSIGNED}/path_token").read_text()
            made.partner_secret = (settings.secrets_path / "vendors/generic/webhook_secrets").read_text()
            made.owner = owner
            made.ring = LocalKeyRing(settings.secrets_path / "keys/keyring.json")
            made.vendor_secrets = {
                name: (settings.secrets_path / f"vendors/{name}").read_text().strip()
                for name in (f"{VENDOR}/client_secret", f"{VENDOR}/webhook_secrets", f"{UNSIGNED}/path_token")
            }
            await made.listen()
            made.cloud_of = lambda vendor: World(vendor, cloud_port, http)
            yield made, made.cloud_of(VENDOR)


async def model_of(stage: Stage, cloud: World) -> ModelState:
    made = ModelState(
        id=uuid4(),
        vendor_id=cloud.vendor,
        name="Account",
        device_type="scale",
        capabilities=cloud.client.manifest.kinds,
        pairing_methods=["vendor_oauth"],
        version=1,
    )
    await stage.put("registry", "models", str(made.id), made)
    return made


@pytest.fixture(scope="module")
async def model(stage: tuple[Stage, World]) -> ModelState:
    return await model_of(*stage)


@pytest.fixture
async def subscriber(stage: tuple[Stage, World]) -> Patient:
    """At a vendor that is asked for notifications account by account."""
    cloud = stage[0].cloud_of(UNSIGNED)
    return Patient(stage[0], cloud, await model_of(stage[0], cloud))


@pytest.fixture
async def patient(stage: tuple[Stage, World], model: ModelState) -> Patient:
    return Patient(stage[0], stage[1], model)
