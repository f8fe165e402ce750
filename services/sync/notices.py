"""What sync hears: bells, notifications of vendors, what became of readings, connections that changed. None of it fetches:
an account is marked as due, and whoever is free looks at it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from chassis import telemetry
from chassis.clock import now, uuid7
from chassis.consume import DONE, Delivery, Reject, Retry, Subscription, Verdict, each
from chassis.crypto import KeyRing
from chassis.db import Database, Tx
from chassis.log import Log
from chassis.mirror import Mirror
from proto import subjects
from proto.events import ConnectionChanged, SyncSettled, VerifiedUpload, WebhookReceived
from proto.state import ConnectionState, ProfileState
from proto.vendors.client import Notification
from proto.vendors.manifest import Manifest
from proto.vendors.normalized import Context
from services.sync.domain import IMPORTS, serves
from services.sync.entering import Entrance
from services.sync.feeding import Feeder, Known
from services.sync.parties import Vendors
from services.sync.says import say_import, say_job
from services.sync.store import accounts, imports, jobs, sign_ins
from services.sync.store.accounts import Account
from services.sync.store.jobs import JobRow

log = Log("notices")
PUSHES_FOLLOW: Final = timedelta(hours=6)
"""Where the past is asked for and then pushed, pushes until so long after the question are of the import."""
AGAIN: Final = Retry(3.0)
SETTLED: Final = "settled"
"""Under this name in the table of events heard: by the number that the stream gave it."""
KEEP_EVENTS: Final = timedelta(days=8)
"""Longer than a message may rest in JOBS."""


class Listener:
    def __init__(
        self,
        *,
        db: Database,
        vendors: Vendors,
        ring: KeyRing,
        known: Known,
        feeder: Feeder,
        entrance: Entrance,
        profiles: Mirror[ProfileState],
        wake: Callable[[], None],
        wake_importer: Callable[[], None],
        history_days: int,
    ) -> None:
        self._history = timedelta(days=history_days)
        self._db = db
        self._vendors = vendors
        self._ring = ring
        self._known = known
        self._feeder = feeder
        self._entrance = entrance
        self._profiles = profiles
        self._wake = wake
        self._wake_importer = wake_importer

    def jobs(self) -> Subscription[None]:
        return each("sync", self.on_job)

    def connections(self) -> Subscription[None]:
        return each("sync-connections", self.on_connection)

    async def on_job(self, delivery: Delivery) -> Verdict:
        subject = delivery.subject.rsplit(".", 1)[0]
        try:
            if subject == subjects.SYNC_REQUESTED:
                self._wake()  # the row was marked in the transaction that rang
            elif subject == subjects.SYNC_SETTLED:
                await self.on_settled(msgspec.json.decode(delivery.data, type=SyncSettled), delivery.sequence)
            elif subject == subjects.UPLOADS_VERIFIED:
                await self.on_upload(msgspec.json.decode(delivery.data, type=VerifiedUpload))
            else:
                return await self.on_webhook(msgspec.json.decode(delivery.data, type=WebhookReceived))
        except msgspec.DecodeError:
            return Reject("unreadable")
        return DONE

    async def on_settled(self, event: SyncSettled, sequence: int) -> None:
        at = now()
        async with self._db.transaction("settled") as tx:
            if not await sign_ins.is_new_event(tx.conn, SETTLED, str(sequence), at):
                return
            known = await jobs.select_job(tx.conn, event.job_id)
            if known is None:
                await self._import_settled(tx, event, at)
                return
            # The account's row first, as everybody who writes both.
            await accounts.update_committed(tx.conn, known.account_id, at)
            job = await jobs.add_settled(
                tx.conn, event.job_id, event.stored, event.duplicates, event.rejected
            )
            if job is None:
                return
            if jobs.is_over(job):
                job = await jobs.finish(tx.conn, job.id, "done", at, job.errors) or job
            say_job(tx, job)

    async def _import_settled(self, tx: Tx, event: SyncSettled, at: datetime) -> None:
        counts = event.stored, event.duplicates, event.rejected
        if await imports.add_settled(tx.conn, event.job_id, *counts) is None:
            return
        over = await imports.finish_if_over(tx.conn, event.job_id, at)
        if over is not None:
            say_import(tx, over)

    async def on_upload(self, upload: VerifiedUpload) -> None:
        """Only a row: reading it takes long, and others wait behind this message."""
        vendor = IMPORTS.get(upload.kind)
        if vendor is None:
            return
        async with self._db.transaction("upload_heard") as tx:
            work = await imports.insert_import(tx.conn, upload, vendor, now())
            if work is not None:
                say_import(tx, work)
        self._wake_importer()

    async def on_webhook(self, event: WebhookReceived) -> Verdict:
        """A vendor's word: each person in it is found by a keyed digest; strangers are counted and dropped.

        Data that were heard already are not taken again. A hint always counts: some vendors say the same words of every
        change of a day, and one look more is cheap.
        """
        manifest, client = self._vendors.manifest(event.vendor), self._vendors.client(event.vendor)
        if manifest is None or client is None:
            telemetry.WEBHOOKS.labels(event.vendor if manifest else "other", "unknown").inc()
            return DONE
        async with self._db.acquire() as conn:
            is_known = await sign_ins.is_known_event(conn, event.vendor, event.event_id)
        is_over = True
        for notification in client.notifications(event.body, event.content_type):
            async with self._db.acquire() as conn:
                account = await accounts.select_by_user(
                    conn, event.vendor, self._ring.blind_index(f"{event.vendor}:{notification.user_id}")
                )
            if account is None:
                telemetry.WEBHOOKS.labels(event.vendor, "unknown").inc()
                continue
            if notification.payload is not None and not is_known:
                is_over &= await self._take_push(manifest, account, notification, event.received_at)
            async with self._db.transaction("notified") as tx:
                # A withdrawal is a hint too: the look finds that the grant is gone, or that it is not.
                since, until = notification.since, notification.until
                if notification.emptied and since is not None and until is not None:
                    await accounts.add_emptied(tx.conn, account.id, notification.emptied, since, until)
                await accounts.mark_due(tx.conn, account.id, now(), since, notified=True)
        self._wake()
        if not is_over:
            return AGAIN
        async with self._db.transaction("webhook_heard") as tx:
            await sign_ins.is_new_event(tx.conn, event.vendor, event.event_id, event.received_at)
        return DONE

    async def _take_push(
        self, manifest: Manifest, account: Account, notification: Notification, received_at: datetime
    ) -> bool:
        """The body is the data. It is in JOBS until it is in INGEST; hearing it twice gives the same record keys.

        False: it must come again. Somebody looks at the account, with pages that may still hold what was deleted and be
        in the stream after this.
        """
        profile = self._profiles.get(str(account.patient_id))
        timezone = profile.timezone if profile is not None else ""
        context = Context(endpoint=notification.endpoint, timezone=timezone, now=received_at)
        normalized = self._vendors.mapping(manifest.name)([notification.payload], context)
        targets = self._known.targets(account.patient_id, manifest)
        if not targets:
            return True
        async with self._db.acquire() as conn:
            job_id = await jobs.select_importing(conn, account.id, now() - PUSHES_FOLLOW)
            is_looked_at = await accounts.is_looked_at(conn, account.id, received_at, now())
        await self._feeder.feed(manifest.name, normalized, targets, read_at=received_at, job_id=job_id)
        return not (normalized.deleted and is_looked_at)

    async def on_connection(self, delivery: Delivery) -> Verdict:
        """A connection began or ended: its account is looked at for the first time, or not any more."""
        change = msgspec.json.decode(delivery.data, type=ConnectionChanged)
        async with self._db.acquire() as conn:
            of_patient = await accounts.select_of_patient(conn, change.patient_id)
        changed = self._known.connection(change.device_connection_id)
        if of_patient and (changed is None or self._known.model(changed.device_model_id) is None):
            await self._known.catch_up()  # the news may overtake the buckets that hold what it is about
        for account in of_patient:
            manifest = self._vendors.manifest(account.vendor)
            if manifest is not None:
                await self._connection_changed(manifest, account, change)
        return DONE

    async def _connection_changed(
        self, manifest: Manifest, account: Account, change: ConnectionChanged
    ) -> None:
        changed = self._known.connection(change.device_connection_id)
        if changed is None or not self._is_served(manifest, changed):
            return
        if change.status == "revoked":
            others = self._known.connections_of(account.patient_id, manifest)
            if not [state for state, _ in others if state.id != changed.id]:
                await self._entrance.end_without_connections(account)
            return
        async with self._db.transaction("account_connected") as tx:
            await self._begin_import(tx, manifest, account, change.device_connection_id)
            await accounts.mark_due(tx.conn, account.id, now(), None, notified=False)
        self._wake()

    def _is_served(self, manifest: Manifest, state: ConnectionState) -> bool:
        model = self._known.model(state.device_model_id)
        return (
            model is not None and state.pairing_method == manifest.pairing_method and serves(manifest, model)
        )

    async def _begin_import(self, tx: Tx, manifest: Manifest, account: Account, connection_id: UUID) -> None:
        """The history, once for each connection, as far back as the vendor gives it."""
        if not manifest.capabilities.pull or not manifest.capabilities.max_history_days:
            return
        at = now()
        if await jobs.select_begun(tx.conn, account.id, [connection_id]):
            return
        job = new_job(manifest, account, connection_id, "connected", at - self._history, at)
        await jobs.insert_job(tx.conn, job)
        say_job(tx, job)


def new_job(
    manifest: Manifest,
    account: Account,
    connection_id: UUID,
    reason: str,
    since: datetime,
    at: datetime,
) -> JobRow:
    """From `since`, or from where the vendor's memory begins."""
    begin = max(since, at - timedelta(days=max(1, manifest.capabilities.max_history_days)))
    return JobRow(
        id=uuid7(),
        account_id=account.id,
        patient_id=account.patient_id,
        device_connection_id=connection_id,
        reason=reason,
        state="queued",
        since=begin,
        until=at,
        position=at,
        window_days=manifest.capabilities.window_days,
        published=0,
        stored=0,
        duplicates=0,
        rejected=0,
        settled=0,
        errors=[],
        created_at=at,
        finished_at=None,
    )
