"""What sync tells the rest of the house, in the transaction in which it became true."""

from datetime import datetime
from typing import Literal

from chassis.db import Tx
from proto import subjects
from proto.events import AccountChanged, SyncJob, SyncProgressed, SyncRequested, UploadProgressed
from services.sync.domain import windows_left
from services.sync.store.accounts import Account
from services.sync.store.imports import ImportRow
from services.sync.store.jobs import JobRow


def say_account(
    tx: Tx, account: Account, now: datetime, *, ended_by: Literal["patient", "vendor"] | None = None
) -> None:
    tx.emit(
        subjects.to(subjects.ACCOUNTS_CHANGED, account.patient_id),
        AccountChanged(
            account_id=account.id,
            patient_id=account.patient_id,
            user_id=account.user_id,
            vendor=account.vendor,
            state=account.state,
            at=now,
            connection_id=account.connection_id,
            consent_version=account.consent_version,
            data_kinds=account.data_kinds,
            ended_by=ended_by,
        ),
    )


def ring(tx: Tx, account: Account, reason: str) -> None:
    """Wakes whoever is free: the work itself is in the account's row."""
    tx.emit(
        subjects.to(subjects.SYNC_REQUESTED, account.vendor),
        SyncRequested(account_id=account.id, reason=reason),  # type: ignore[arg-type]
    )


def say_job(tx: Tx, job: JobRow) -> None:
    tx.emit(
        subjects.to(subjects.SYNC_PROGRESSED, job.patient_id),
        SyncProgressed(
            patient_id=job.patient_id,
            device_connection_id=job.device_connection_id,
            job=shown(job),
        ),
    )


def shown(job: JobRow) -> SyncJob:
    """As the API and live frames have it: `done` of `total` windows."""
    total = windows_left(job.since, job.until, job.window_days)
    return SyncJob(
        job_id=job.id,
        device_connection_id=job.device_connection_id,
        state=job.state,
        done=total - windows_left(job.since, job.position, job.window_days),
        total=total,
        accepted=job.stored,
        duplicates=job.duplicates,
        rejected=job.rejected,
        errors=job.errors,
    )


def say_import(tx: Tx, work: ImportRow) -> None:
    """It began, or it is over."""
    tx.emit(
        subjects.to(subjects.SYNC_PROGRESSED, work.patient_id),
        SyncProgressed(
            patient_id=work.patient_id,
            device_connection_id=work.device_connection_id,
            job=shown_import(work),
        ),
    )


def say_read(tx: Tx, work: ImportRow) -> None:
    """How much of it was read."""
    tx.emit(
        subjects.to(subjects.UPLOADS_PROGRESSED, work.patient_id),
        UploadProgressed(
            patient_id=work.patient_id, upload_id=work.upload_id, done=work.done, total=work.size
        ),
    )


def shown_import(work: ImportRow) -> SyncJob:
    """A file that is read, as a sync: `done` of `total` bytes. What was sent again after a crash counts as duplicate."""
    return SyncJob(
        job_id=work.upload_id,
        device_connection_id=work.device_connection_id,
        state=work.state,
        done=work.done,
        total=work.size,
        accepted=work.stored,
        duplicates=work.duplicates,
        rejected=work.refused + work.rejected,
        errors=work.errors,
    )
