"""Uploads: a signed address into quarantine, then size, type and SHA-256 are checked before the object counts."""

import time
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.clock import now, uuid7
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.log import Log
from chassis.storage import Storage
from proto import subjects
from proto.access import visible_kinds
from proto.errors import Refused
from proto.events import UploadProgressed, VerifiedUpload
from proto.resources import UploadPresign, UploadPresigned, UploadUrl, UploadVerified
from proto.state import ConnectionState
from services.ingest import store
from services.ingest.content import MAX_SIZE, NEEDS_KIND, NEEDS_METHOD, READ_ONCE, find_content, has_magic
from services.ingest.domain import Caller, Refusal, find_connection
from services.ingest.known import KnownWorld

log = Log("uploads")

READ_TTL_S = 60
PROGRESS_EVERY_S = 0.5


@post("/presign", status_code=201, summary="Ask for an upload address")
async def presign(
    request: "Request[Any, Any, Any]",
    data: JSONBody[UploadPresign],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    known: NamedDependency[KnownWorld],
    storage: NamedDependency[Storage],
    upload_ttl_s: NamedDependency[int],
) -> Response[UploadPresigned]:
    """`url` takes one PUT with `headers` for a few minutes; the object counts after `complete`."""
    connection = await _own(data.device_connection_id, principal, known)
    content = find_content(data.kind, data.content_type)
    if content is None:
        raise Refused("wrong_type", field="content_type")
    if data.size > MAX_SIZE[data.kind]:
        raise Refused("payload_too_large", field="size")
    kind = NEEDS_KIND[data.kind]
    model = known.model(connection.device_model_id)
    method = NEEDS_METHOD.get(data.kind)
    if model is not None and method is not None and method not in model.pairing_methods:
        raise Refused("kind_not_supported", field="kind")
    if kind is not None and model is not None and kind not in model.capabilities:
        raise Refused("kind_not_supported", field="kind")
    if kind is not None and kind not in connection.consent_kinds:
        raise Refused("kind_not_consented", field="kind")

    async def work(tx: Tx) -> UploadPresigned:
        id = uuid7()
        upload = store.Upload(
            id=id,
            device_connection_id=connection.id,
            patient_id=connection.patient_id,
            kind=data.kind,
            content_type=content.content_type,
            size=data.size,
            sha256=data.sha256,
            object_url=storage.url_of(f"objects/{connection.id}/{id}"),
            status="waiting",
            expires_at=now() + timedelta(seconds=upload_ttl_s),
        )
        await store.insert_upload(tx.conn, upload)
        tx.audit(_audit("upload.create", principal, upload))
        return UploadPresigned(
            upload_id=id,
            url=await storage.sign_put(_quarantine(id), upload_ttl_s),
            headers={"Content-Type": content.content_type},
            object_url=upload.object_url,
            expires_at=upload.expires_at,
        )

    return await once(db, request, principal, work)


@post("/{upload_id:uuid}/complete", status_code=200, summary="Verify an upload")
async def complete(
    upload_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    known: NamedDependency[KnownWorld],
    storage: NamedDependency[Storage],
) -> UploadVerified:
    """Checks size, first bytes and SHA-256, then moves the object out of quarantine. May be repeated. An export is read
    from then on: `GET /api/v1/device/sync/{upload_id}` says how far."""
    refusal: Refused | None = None
    async with db.transaction("upload_complete") as tx:
        upload = await store.select_upload(tx.conn, upload_id, lock=True)
        if upload is None or principal.patient_id != upload.patient_id:
            raise Refused("not_found")
        await _own(upload.device_connection_id, principal, known)
        if upload.status == "refused":
            raise Refused("conflict")
        if upload.status == "waiting":
            refusal = await _verify(tx, upload, storage)
            if refusal is None:
                await store.update_upload_status(tx.conn, upload.id, "verified")
                if upload.kind in READ_ONCE:
                    tx.emit(subjects.to(subjects.UPLOADS_VERIFIED, upload.kind), _verified(upload))
            elif refusal.code != "unknown_object":  # not uploaded yet: it may still come
                await store.update_upload_status(tx.conn, upload.id, "refused", refusal.code)
    if refusal is not None:
        raise refusal
    return UploadVerified(object_url=upload.object_url)


@get("/{upload_id:uuid}/url", summary="A signed address to read an object")
async def read_url(
    upload_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    known: NamedDependency[KnownWorld],
    storage: NamedDependency[Storage],
) -> UploadUrl:
    known.require()
    async with db.transaction("upload_read") as tx:
        upload = await store.select_upload(tx.conn, upload_id)
        connection = known.connection(upload.device_connection_id) if upload else None
        if upload is None or connection is None or upload.status != "verified":
            raise Refused("not_found")
        kinds = visible_kinds(principal.user_id, connection, known.permissions(), now())
        kind = NEEDS_KIND[upload.kind]
        allowed = bool(kinds) and (kind in kinds or principal.patient_id == upload.patient_id)
        tx.audit(_audit("upload.read", principal, upload, "allowed" if allowed else "denied"))
    if not allowed:
        raise Refused("not_found")
    key = storage.key_of(upload.object_url)
    if key is None or (upload.kind in READ_ONCE and await storage.size(key) is None):
        raise Refused("unknown_object")
    return UploadUrl(url=await storage.sign_get(key, READ_TTL_S))


async def _verify(tx: Tx, upload: store.Upload, storage: Storage) -> Refused | None:
    """Reads what was uploaded once, in constant memory, and says how far it is."""
    source = _quarantine(upload.id)
    target = storage.key_of(upload.object_url)
    size = await storage.size(source)
    if size is None:
        if target is not None and await storage.size(target) == upload.size:
            return None  # moved already, the commit was lost
        return Refused("unknown_object", field="upload_id")
    content = find_content(upload.kind, upload.content_type)
    if size != upload.size:
        await storage.delete(source)
        return Refused("checksum_mismatch", field="size")
    digest, done, head, told = sha256(), 0, b"", time.monotonic()
    async for chunk in storage.read(source, size):
        if len(head) < 64:
            head = (head + chunk)[:64]
        digest.update(chunk)
        done += len(chunk)
        if time.monotonic() - told > PROGRESS_EVERY_S:
            told = time.monotonic()
            tx.emit(subjects.to(subjects.UPLOADS_PROGRESSED, upload.patient_id), _progress(upload, done))
    if digest.hexdigest() != upload.sha256:
        await storage.delete(source)
        return Refused("checksum_mismatch", field="sha256")
    if content is None or not has_magic(content, head):
        await storage.delete(source)
        return Refused("type_mismatch", field="content_type")
    await storage.move(source, target or "")
    tx.emit(subjects.to(subjects.UPLOADS_PROGRESSED, upload.patient_id), _progress(upload, upload.size))
    return None


async def forget_abandoned(db: Database, storage: Storage) -> None:
    """A job: quarantined objects that nobody completed within a day are deleted."""
    async with db.transaction("uploads_forget") as tx:
        for id in await store.select_abandoned(tx.conn, now() - timedelta(hours=24)):
            await storage.delete(_quarantine(id))
            await store.update_upload_status(tx.conn, id, "refused", "abandoned")


def _progress(upload: store.Upload, done: int) -> UploadProgressed:
    return UploadProgressed(patient_id=upload.patient_id, upload_id=upload.id, done=done, total=upload.size)


def _verified(upload: store.Upload) -> VerifiedUpload:
    return VerifiedUpload(
        upload_id=upload.id,
        device_connection_id=upload.device_connection_id,
        patient_id=upload.patient_id,
        kind=upload.kind,
        object_url=upload.object_url,
        size=upload.size,
    )


def _quarantine(id: UUID) -> str:
    return f"quarantine/{id}"


async def _own(connection_id: UUID, principal: Principal, known: KnownWorld) -> ConnectionState:
    known.require()
    caller = Caller(
        actor_id=str(principal.user_id),
        role=principal.role,
        user_id=principal.user_id,
        patient_id=principal.patient_id,
    )
    found = find_connection(known.connection(connection_id), caller, known, now())
    if isinstance(found, Refusal):
        await known.catch_up()
        found = find_connection(known.connection(connection_id), caller, known, now())
    if isinstance(found, Refusal):
        raise Refused(found.code)
    return found


def _audit(action: Any, principal: Principal, upload: store.Upload, outcome: Any = "allowed") -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type="upload",
        object_id=str(upload.id),
        patient_id=upload.patient_id,
        outcome=outcome,
        details={"kind": upload.kind},
    )


router = Router("/api/v1/uploads", route_handlers=[presign, complete, read_url], tags=["uploads"])
