"""The HTTP API's requests and answers about vendors' accounts, syncs and imports."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from proto.errors import ItemFault
from proto.events import SyncJob
from proto.resources import Request
from proto.words import AccountStatus, Kind, PairingMethod


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as one person sees it. `state` null: not connected."""

    vendor: str
    name: str
    state: AccountStatus | None
    state_reason: str | None
    """Why it does not work, as a code that the page has words for; null where it works."""
    needs_credentials: bool
    missing_credentials: list[str] = []
    """The names of the files that are missing, never their content; told to administrators alone."""
    status: str
    """`self_serve`, `partner_access`, `legacy`, `retired` or `on_device`."""
    notice: str | None
    successor: str | None
    pairing_method: PairingMethod
    data_kinds: list[Kind]
    """What it can bring."""
    consented_kinds: list[Kind]
    missing_kinds: list[Kind]
    """Consented, and not supplied: the vendor was not allowed to give it."""
    last_sync_at: datetime | None
    """The newest committed reading that came this way."""
    device_connection_ids: list[UUID]
    job: SyncJob | None
    """The sync that runs now, or the last one."""


class AuthorizeRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    data_kinds: Annotated[list[Kind], Meta(min_length=1, max_length=32)]
    consent_version: Annotated[str, Meta(min_length=1, max_length=40)]
    return_to: Annotated[str, Meta(max_length=200, pattern=r"^/[A-Za-z0-9/_?=&.-]*$")] | UnsetType = UNSET


class SyncRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    device_connection_id: UUID
    since: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


class SyncQueued(msgspec.Struct, frozen=True, kw_only=True):
    job_id: UUID


class ExportRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """What the companion read from the phone's health store since `anchor`: at most 1,000 records and 1,000 deletions."""

    device_connection_id: UUID
    records: list[dict[str, Any]] = []
    deletions: list[Annotated[str, Meta(min_length=1, max_length=200)]] = []
    anchor: Annotated[str, Meta(max_length=4096)] | UnsetType = UNSET


class ExportTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each record: accepted, told twice in this request, or rejected (by its index). `anchor`: what is
    durably here up to; the companion may forget what is before it."""

    accepted: int
    duplicates: int
    """A pressure in halves is two records, and both are accepted. Records that an earlier request brought count as
    accepted; they change nothing."""
    rejected: list[ItemFault]
    anchor: str | None
