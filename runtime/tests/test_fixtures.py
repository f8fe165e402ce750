"""The fixtures of the root conftest keep what they promise."""

import asyncio
from collections.abc import Callable

import asyncpg
import nats
import obstore
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from obstore.store import S3Store
from redis.asyncio import Redis

from proto.subjects import BUCKETS, STREAMS, inbox_prefix
from tests.support.servers import NatsServer, ObjectStore


async def connect(server: NatsServer, user: str) -> Client:
    return await nats.connect(server.url_for(user), inbox_prefix=inbox_prefix(user).encode())


async def test_a_service_role_enters_its_database_and_may_not_create_a_schema(
    database_urls: dict[str, str],
) -> None:
    conn = await asyncpg.connect(database_urls["registry"])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("CREATE SCHEMA mine")
    finally:
        await conn.close()


async def test_every_declared_stream_and_bucket_exists(nats_server: NatsServer) -> None:
    app, hubs = await connect(nats_server, "admin"), await connect(nats_server, "hubs-admin")

    in_app = {info.config.name for info in await app.jetstream().streams_info()}
    in_hubs = {info.config.name for info in await hubs.jetstream().streams_info()}
    await app.close()
    await hubs.close()

    assert in_app == {row.name for row in STREAMS if row.account == "APP"} | {
        f"KV_{row.name}" for row in BUCKETS
    }
    assert "$MQTT_msgs" in in_hubs


async def test_acknowledged_messages_survive_a_kill_of_the_server(nats_server: NatsServer) -> None:
    admin = await connect(nats_server, "admin")
    ack = await admin.jetstream().publish("dlq.v1.fixture", b"kept")

    nats_server.kill()
    nats_server.start()
    again = await connect(nats_server, "admin")
    kept = await again.jetstream().get_msg("DLQ", ack.seq)
    await admin.close()
    await again.close()

    assert kept.data == b"kept"


async def test_a_service_may_not_publish_what_it_does_not_say(nats_server: NatsServer) -> None:
    refused = asyncio.get_running_loop().create_future()

    async def on_error(error: Exception) -> None:
        if not refused.done():
            refused.set_result(str(error))

    registry = await nats.connect(
        nats_server.url_for("registry"), inbox_prefix=b"_INBOX_registry", error_cb=on_error
    )
    await registry.publish("hubs.command.v1.somebody", b"{}")
    await registry.flush()
    told = await asyncio.wait_for(refused, 5)
    await registry.close()

    assert "permissions violation" in told.lower()


async def test_a_stranger_is_not_let_in(nats_server: NatsServer) -> None:
    stranger = Client()

    with pytest.raises((NatsError, OSError)):
        await stranger.connect(
            nats_server.url, user="hub-00000001", password="x", allow_reconnect=False, error_cb=quiet
        )
    await stranger.close()


async def quiet(error: Exception) -> None:
    """The exception is what the test looks at."""


async def test_valkey_answers(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.ping()


async def test_an_object_comes_back(s3: ObjectStore) -> None:
    store = S3Store(
        s3.bucket,
        endpoint=s3.endpoint,
        access_key_id=s3.access_key,
        secret_access_key=s3.secret_key,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    await obstore.put_async(store, "fixture/one", b"bytes")

    assert bytes(await (await obstore.get_async(store, "fixture/one")).bytes_async()) == b"bytes"


def test_a_process_is_given_a_complete_environment(service_environ: Callable[[str], dict[str, str]]) -> None:
    environ = service_environ("pairing")

    assert environ["DC_DATABASE_URL"].endswith("/device_connect")
    assert "@" not in environ["DC_DATABASE_URL"]
    assert environ["DC_UPSTREAM_INGEST"].startswith("http://127.0.0.1:")
