"""Consents: give, list, withdraw; and the texts that are agreed to."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from chassis.auth import Principal, own_patient_id
from chassis.clock import now
from chassis.db import Database, Tx
from chassis.idempotency import once
from chassis.mirror import Mirror
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto.errors import Refused, Unavailable
from proto.resources import Consent, ConsentCreate, ConsentText, Page
from proto.state import ModelState
from services.pairing import changes, texts
from services.pairing.consenting import check_consent, give_consent, withdraw_consent
from services.pairing.people import People
from services.pairing.store import consents


@post("/", status_code=201, summary="Give consent for a device")
async def create_consent(
    request: "Request[Any, Any, Any]",
    data: JSONBody[ConsentCreate],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    models: NamedDependency[Mirror[ModelState]],
    people: NamedDependency[People],
) -> Response[Consent]:
    """To the current text, for kinds that the device measures. Takes the place of the one before."""

    async def work(tx: Tx) -> Consent:
        row = await people.lock_own(tx.conn, data.device_connection_id, principal, "consent.give")
        model = models.get(str(row.device_model_id))
        if model is None:
            raise Unavailable("models", retry_after_s=2)
        check_consent(data.version, data.data_kinds, model)
        if row.status == "revoked":
            raise Refused("conflict")
        at = now()
        consent = await give_consent(tx, row, principal, kinds=data.data_kinds, locale=data.locale, now=at)
        await changes.publish(tx, row.id, "consent_given", at)
        return consent

    return await once(db, request, principal, work)


@get("/", summary="One's consents, withdrawn ones too")
async def list_consents(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    device_connection_id: FromQuery[UUID | None] = None,
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Consent]:
    patient_id = own_patient_id(principal)
    check_limit(limit)
    before = decode_cursor(cursor, tuple[UUID])[0] if cursor else None
    async with db.transaction("consents_list") as tx:
        rows = await consents.select_consents(
            tx.conn, patient_id, device_connection_id, before=before, limit=limit + 1
        )
    page = rows[:limit]
    return Page(items=page, next_cursor=encode_cursor(page[-1].id) if len(rows) > limit else None)


@post("/{consent_id:uuid}/revoke", status_code=200, summary="Withdraw consent")
async def revoke_consent(
    consent_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
) -> Consent:
    """Nothing more is taken from the device, and those it was shared with see nothing of it any more. May be repeated."""
    at = now()
    async with db.transaction("consent_revoke") as tx:
        found = await consents.select_consent(tx.conn, consent_id)
        if found is None:
            raise Refused("not_found")
        row = await people.lock_own(tx.conn, found[0].device_connection_id, principal, "consent.revoke")
        if row.consent_id == consent_id and await withdraw_consent(tx, row, principal, at):
            await changes.publish(tx, row.id, "consent_revoked", at)
        found = await consents.select_consent(tx.conn, consent_id)
    if found is None:
        raise Refused("not_found")
    return found[0]


@get("/current", summary="The consent text that is asked for now")
async def current_text(locale: FromQuery[str | None] = None) -> ConsentText:
    """In the language of `locale`, otherwise in English; `locale` of the answer says which."""
    return _text(texts.CURRENT, locale)


@get("/{version:str}", summary="A consent text")
async def read_text(version: FromPath[str], locale: FromQuery[str | None] = None) -> ConsentText:
    return _text(version, locale)


def _text(version: str, locale: str | None) -> ConsentText:
    text = texts.find_text(version, locale)
    if text is None:
        raise Refused("not_found")
    return text


router = Router(
    "/api/v1/consents", route_handlers=[create_consent, list_consents, revoke_consent], tags=["consents"]
)
texts_router = Router("/api/v1/consent-texts", route_handlers=[current_text, read_text], tags=["consents"])
