"""Makes the streams, consumers and buckets of `proto.subjects` exist as declared. The only writer of their settings."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    KeyValueConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from proto.subjects import BUCKETS, CONSUMERS, STREAMS, Account, Bucket, Consumer, Stream, inbox_prefix

ADMINS: Final[Mapping[Account, str]] = {"APP": "admin", "HUBS": "hubs-admin"}
READY_S: Final = 15.0


class StreamError(Exception):
    """What is on the server cannot become what is declared. The message says which stream, and why."""


async def ensure_streams(url: str, secrets: Path) -> None:
    """Creates or updates everything in both accounts. `secrets` holds `nats/admin` and `nats/hubs-admin`."""
    await asyncio.gather(*(_ensure_account(url, secrets, account) for account in ADMINS))


async def missing(url: str, secrets: Path) -> list[str]:
    """Names of declared streams and buckets that do not exist."""
    names: list[str] = []
    for account, user in ADMINS.items():
        nc = await _connect(url, user, (secrets / "nats" / user).read_text().strip())
        try:
            found = {info.config.name for info in await nc.jetstream().streams_info()}
        finally:
            await nc.close()
        wanted = [row.name for row in STREAMS if row.account == account]
        wanted += [f"KV_{row.name}" for row in BUCKETS] if account == "APP" else []
        names += [name for name in wanted if name not in found]
    return names


async def _ensure_account(url: str, secrets: Path, account: Account) -> None:
    nc = await _connect(url, ADMINS[account], (secrets / "nats" / ADMINS[account]).read_text().strip())
    try:
        js = nc.jetstream()
        await _until_ready(js)
        await asyncio.gather(*(_ensure_stream(js, row) for row in STREAMS if row.account == account))
        if account == "APP":
            await asyncio.gather(*(_ensure_bucket(js, row) for row in BUCKETS))
        await asyncio.gather(*(_ensure_consumer(js, row) for row in CONSUMERS if row.account == account))
    finally:
        await nc.close()


async def _connect(url: str, user: str, password: str) -> Client:
    async def quiet(error: Exception) -> None:
        """Errors of the connection reach the caller as exceptions; the default would print them as well."""

    nc = Client()
    try:
        await nc.connect(
            url,
            user=user,
            password=password,
            name=user,
            inbox_prefix=inbox_prefix(user).encode(),
            error_cb=quiet,
            allow_reconnect=False,
            connect_timeout=5,
        )
    except (NatsError, OSError) as error:
        await nc.close()
        raise StreamError(
            f"NATS at {url} does not let `{user}` in ({error}). It makes the streams: give it a user of that name in "
            f"its account, with the password of the secrets file nats/{user}."
        ) from error
    return nc


async def _until_ready(js: JetStreamContext) -> None:
    """JetStream recovers its streams after the server has begun to listen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_S
    while True:
        try:
            await js.account_info()
        except (NatsError, APIError) as error:
            if loop.time() > deadline:
                raise StreamError(f"JetStream does not answer: {error}") from error
            await asyncio.sleep(0.05)
        else:
            return


async def _ensure_stream(js: JetStreamContext, row: Stream) -> None:
    config = StreamConfig(
        name=row.name,
        description=row.purpose,
        subjects=list(row.subjects),
        retention=RetentionPolicy(row.retention),
        discard=DiscardPolicy(row.discard),
        storage=StorageType.FILE,
        max_age=row.max_age_s,
        max_bytes=row.max_bytes,
        duplicate_window=row.duplicate_window_s,
        allow_direct=row.allow_direct,
        deny_delete=row.deny_delete,
        allow_atomic=row.allow_atomic,
        num_replicas=1,
    )
    try:
        found = (await js.stream_info(row.name)).config
    except NotFoundError:
        await js.add_stream(config)
        return
    if found.retention != config.retention:
        raise StreamError(
            f"stream {row.name} has retention {found.retention}, it must have {row.retention}, and that cannot be changed "
            "in place: remove the stream (what is in it is lost), then start again."
        )
    changed = [
        name
        for name in (
            "subjects",
            "discard",
            "max_age",
            "max_bytes",
            "allow_direct",
            "allow_atomic",
            "description",
        )
        if (getattr(found, name) or False) != (getattr(config, name) or False)
    ]
    if changed:
        config.num_replicas = found.num_replicas
        await js.update_stream(config)


async def _ensure_bucket(js: JetStreamContext, row: Bucket) -> None:
    try:
        found = (await js.stream_info(f"KV_{row.name}")).config
    except NotFoundError:
        await js.create_key_value(
            KeyValueConfig(
                bucket=row.name,
                history=1,
                ttl=row.ttl_s or None,
                storage=StorageType.FILE,
                direct=True,
            )
        )
        return
    if (found.max_age or 0.0) != row.ttl_s:  # keys that do not vanish make a lease that nobody can take over
        found.max_age = row.ttl_s
        if row.ttl_s:
            found.duplicate_window = min(found.duplicate_window, row.ttl_s)
        await js.update_stream(found)


async def _ensure_consumer(js: JetStreamContext, row: Consumer) -> None:
    """`add_consumer` creates, or updates what may be updated (filters, waits, limits)."""
    await js.add_consumer(
        row.stream,
        ConsumerConfig(
            durable_name=row.durable,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=row.ack_wait_s,
            max_ack_pending=row.max_ack_pending,
            max_deliver=row.max_deliver,
            filter_subjects=list(row.filters) or None,
        ),
    )
