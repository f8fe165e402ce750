"""The object store (S3): presigned transfers for clients, verification and moving for us. Keys hold ids only.

PHI: objects (sounds, waveforms, exports) rest here; the bucket is private and every address is signed and short-lived.
"""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from chassis.config import Common
from chassis.log import Log
from proto.errors import Unavailable

log = Log("storage")

CHUNK: Final = 8 * 1024 * 1024
"""What is read in one request: each has the time of a request, however large the object is."""
REQUEST: Final = "10s"
COPY: Final = "15m"
"""The store copies gigabytes by itself, and says nothing before it has done so."""


class Storage:
    """One bucket. Every error but "not there" is `Unavailable`."""

    def __init__(self, settings: Common) -> None:
        self.bucket = settings.s3_bucket
        self._store = self._store_of(settings, REQUEST)
        self._copies = self._store_of(settings, COPY)

    def _store_of(self, settings: Common, timeout: str) -> S3Store:
        return S3Store(
            settings.s3_bucket,
            endpoint=settings.s3_endpoint,
            access_key_id=settings.secret("s3/access_key").reveal(),
            secret_access_key=settings.secret("s3/secret_key").reveal(),
            region=settings.s3_region,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": settings.env == "development",
                "timeout": timeout,
                "connect_timeout": "3s",
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    def problem(self) -> str | None:
        return None  # uploads refuse while it is away; readings go on

    def url_of(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def key_of(self, url: str) -> str | None:
        prefix = f"s3://{self.bucket}/"
        return url[len(prefix) :] if url.startswith(prefix) else None

    async def sign_put(self, key: str, ttl_s: int) -> str:
        return await obstore.sign_async(self._store, "PUT", key, timedelta(seconds=ttl_s))

    async def sign_get(self, key: str, ttl_s: int) -> str:
        return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=ttl_s))

    async def size(self, key: str) -> int | None:
        """Bytes, or None when it is not there."""
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except (FileNotFoundError, NotFoundError):
            return None
        except BaseError as error:
            raise self._unavailable(error) from None

    async def read(self, key: str, size: int) -> AsyncIterator[bytes]:
        """The content in chunks: constant memory at any size, and no request that lasts as long as the whole of it."""
        try:
            for start in range(0, size, CHUNK):
                length = min(CHUNK, size - start)
                yield bytes(await obstore.get_range_async(self._store, key, start=start, length=length))
        except (FileNotFoundError, NotFoundError):
            return
        except BaseError as error:
            raise self._unavailable(error) from None

    def file(self, key: str, size: int) -> "ObjectFile":
        """The content as a file for a thread: it can be sought in, and nothing of it rests on this machine's disk."""
        return ObjectFile(self, key, size)

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Waits: only for a thread. Raises `FileNotFoundError`."""
        try:
            return bytes(obstore.get_range(self._store, key, start=start, length=length))
        except (FileNotFoundError, NotFoundError):
            raise FileNotFoundError(key) from None
        except BaseError as error:
            raise self._unavailable(error) from None

    async def move(self, source: str, target: str) -> None:
        """Copies, then deletes. Repeating it after a crash in between gives the same end."""
        try:
            await obstore.copy_async(self._copies, source, target)
            await obstore.delete_async(self._store, source)
        except (FileNotFoundError, NotFoundError):
            if await self.size(target) is None:
                raise Unavailable("object store") from None
        except BaseError as error:
            raise self._unavailable(error) from None

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except (FileNotFoundError, NotFoundError):
            return
        except BaseError as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: BaseException) -> Unavailable:
        log.warning("storage_failed", error=type(error).__name__)
        return Unavailable("object store", retry_after_s=2)


class ObjectFile(io.RawIOBase):
    """An object of known size, read in ranges as they are asked for; put an `io.BufferedReader` around it."""

    def __init__(self, storage: Storage, key: str, size: int) -> None:
        self._storage = storage
        self._key = key
        self._size = size
        self._at = 0
        self.taken = 0
        """Bytes that came over the wire."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        length = min(len(buffer), self._size - self._at)
        if length <= 0:
            return 0
        data = self._storage.read_range(self._key, self._at, length)
        buffer[: len(data)] = data
        self._at += len(data)
        self.taken += len(data)
        return len(data)
