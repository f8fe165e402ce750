"""The platform as outsiders reach it: its public HTTP API, with a person's or a device's bearer. No other way in."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx2
import msgspec

from chassis import clock
from chassis.log import Log
from proto.errors import STATUS_OF, FieldFault, ItemFault, Refused, Unavailable
from proto.resources import (
    Connection,
    ConsentText,
    DeviceModel,
    DevToken,
    Hub,
    HubCreated,
    Me,
    Page,
    PairCompleted,
)
from simulator.physiology import Sample
from simulator.physiology.samples import rfc3339

log = Log("front_door")

T = TypeVar("T")
BATCH_ITEMS: Final = 500
BATCH_BYTES: Final = 700 * 1024
"""Below the limits of one request (1,000 messages, 1 MiB)."""
PATIENCE: Final = 6
"""How often a request that met a busy or restarting platform is tried again."""


class Answer(msgspec.Struct, frozen=True):
    """What ingest says of a batch."""

    accepted: int
    duplicates: int = 0
    rejected: list[ItemFault] = []


class _Problem(msgspec.Struct, frozen=True):
    code: str = "unavailable"
    errors: list[dict[str, str]] = []
    rejected: list[ItemFault] = []


class FrontDoor:
    """Calls of one or many callers to one platform; each names its bearer. Raises `Refused` as the platform refuses."""

    def __init__(self, url: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        # The system is on this machine or named by the person: a proxy of the environment is not for it.
        self._http = httpx2.AsyncClient(
            base_url=url,
            timeout=30,
            trust_env=False,
            transport=transport,
            limits=httpx2.Limits(max_connections=20),
        )

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._http.aclose()

    def problem(self) -> str | None:
        return None  # the platform may come up after this process

    async def ready(self) -> bool:
        try:
            return (await self._http.get("/readyz")).status_code == 200
        except httpx2.HTTPError:
            return False

    async def wait_ready(self) -> None:
        """Returns when the platform is ready; waits as long as that takes."""
        delay = 0.2
        while not await self.ready():
            await asyncio.sleep(delay)
            delay = min(5.0, delay * 1.5)

    async def dev_token(self, user: str) -> str:
        return (await self._call(DevToken, "POST", "/auth/dev/token", None, {"user": user})).access_token

    async def connection(self, token: str, connection_id: UUID | str) -> Connection:
        return await self._call(Connection, "GET", f"/api/v1/device-connections/{connection_id}", token)

    async def model(self, token: str, model_id: UUID) -> DeviceModel:
        return await self._call(DeviceModel, "GET", f"/api/v1/devices/{model_id}", token)

    async def models(self, token: str, **query: str) -> list[DeviceModel]:
        """The first page of the catalogue's matches."""
        page = await self._call(Page[DeviceModel], "GET", "/api/v1/devices", token, query=query)
        return page.items

    async def me(self, token: str) -> Me:
        return await self._call(Me, "GET", "/api/v1/me", token)

    async def consent_text(self, token: str) -> ConsentText:
        return await self._call(
            ConsentText, "GET", "/api/v1/consent-texts/current", token, query={"locale": "en"}
        )

    async def connect_simulated(
        self, token: str, model: DeviceModel, *, device_id: str, name: str, consent: ConsentText
    ) -> PairCompleted:
        """A connected simulated device with consent to everything that the model measures."""
        created = await self._call(
            Connection,
            "POST",
            "/api/v1/device-connections/create",
            token,
            {"device_model_id": str(model.id), "pairing_method": "simulated"},
        )
        started = await self._call(
            dict[str, Any],
            "POST",
            "/api/v1/device-connections/pair/start",
            token,
            {"device_connection_id": str(created.id)},
        )
        completed = await self._call(
            PairCompleted,
            "POST",
            "/api/v1/device-connections/pair/complete",
            token,
            {
                "pairing_token": started["pairing_token"],
                "device_id": device_id,
                "consent": {
                    "version": consent.version,
                    "data_kinds": model.capabilities,
                    "locale": consent.locale,
                },
            },
        )
        path = f"/api/v1/device-connections/{completed.connection.id}"
        await self._call(dict[str, Any], "PATCH", path, token, {"name": name})
        return completed

    async def hubs(self, token: str) -> list[Hub]:
        return (await self._call(Page[Hub], "GET", "/api/v1/hubs", token)).items

    async def create_hub(self, token: str, name: str) -> HubCreated:
        return await self._call(HubCreated, "POST", "/api/v1/hubs", token, {"name": name})

    async def rotate_hub(self, token: str, hub_id: str) -> str:
        answer = await self._call(dict[str, Any], "POST", f"/api/v1/hubs/{hub_id}/rotate", token)
        return str(answer["secret"])

    async def ingest(self, token: str, batch: list[dict[str, Any]]) -> Answer:
        """One POST. A batch of which nothing was good is an answer like others, not an exception."""
        try:
            return await self._call(Answer, "POST", "/api/v1/device-data/ingest", token, batch)
        except Refused as refused:
            if not refused.rejected:
                raise
            return Answer(accepted=0, rejected=list(refused.rejected))

    async def send(self, token: str, messages: Iterable[dict[str, Any]]) -> AsyncIterator[Answer]:
        """Messages in batches, in order; an answer for each batch."""
        for batch in batches(messages):
            yield await self.ingest(token, batch)

    async def _call(
        self,
        kind: type[T],
        method: str,
        path: str,
        token: str | None,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
    ) -> T:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["idempotency-key"] = (
                clock.uuid7().hex
            )  # the same over all attempts: nothing is made twice
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["content-type"] = "application/json"
        for attempt in range(PATIENCE):
            try:
                answer = await self._http.request(
                    method, path, headers=headers, content=content, params=query
                )
            except httpx2.HTTPError as error:
                log.info("platform_not_reached", error=type(error).__name__, attempt=attempt)
                wait = 0.5 * 2**attempt
            else:
                if answer.status_code < 400:
                    return msgspec.json.decode(answer.content, type=kind)
                if answer.status_code not in (429, 503):
                    raise refusal(answer.status_code, answer.content)
                wait = _retry_after(answer)
            await asyncio.sleep(min(10.0, wait))
        raise Unavailable("platform")


def refusal(status: int, content: bytes) -> Refused:
    """The platform's problem document as the exception that it was there."""
    try:
        problem = msgspec.json.decode(content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    code = problem.code if problem.code in STATUS_OF else "unavailable"
    faults = tuple(
        FieldFault(code=e["code"], field=e.get("field") or None) for e in problem.errors if "code" in e
    )
    return Refused(code, faults=faults, rejected=tuple(problem.rejected))


def message_of(connection_id: UUID | str, sample: Sample, event_id: str) -> dict[str, Any]:
    """A sample as an ingest message."""
    return {
        "device_connection_id": str(connection_id),
        "timestamp": rfc3339(sample.timestamp),
        "event_id": event_id,
        "readings": sample.readings,
        "meta": sample.meta,
    }


def event_id_of(sample: Sample) -> str:
    """A name that the same sample always gets, so that history sent twice is stored once."""
    text = f"{rfc3339(sample.timestamp)}:{','.join(sorted(sample.readings))}"
    return f"gen-{hashlib.blake2b(text.encode(), digest_size=10).hexdigest()}"


def batches(
    messages: Iterable[dict[str, Any]], items: int = BATCH_ITEMS, size: int = BATCH_BYTES
) -> Iterator[list[dict[str, Any]]]:
    """Lists that fit into one request."""
    batch: list[dict[str, Any]] = []
    used = 0
    for message in messages:
        length = len(msgspec.json.encode(message)) + 1
        if batch and (len(batch) == items or used + length > size):
            yield batch
            batch, used = [], 0
        batch.append(message)
        used += length
    if batch:
        yield batch


def _retry_after(answer: httpx2.Response) -> float:
    try:
        return max(0.1, float(answer.headers.get("retry-after", "1")))
    except ValueError:
        return 1.0
