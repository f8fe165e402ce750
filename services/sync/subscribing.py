"""Notifications that a vendor must be asked for: compared with what should be, again and again, and mended.

Webhooks die silently. What is missing is asked for, what is ours and nobody wants any more is taken back; subscriptions
of other addresses are not touched. Some vendors do not say the address: theirs are the application's own.
"""

from datetime import timedelta

from chassis.clock import now
from chassis.db import Database
from chassis.log import Log
from proto.vendors.client import Client, VendorFault
from proto.words import Kind
from services.sync.domain import REPAIR_S
from services.sync.outbound import Line
from services.sync.parties import Vendors
from services.sync.store import accounts, sign_ins
from services.sync.store.accounts import Account

log = Log("subscribing")


class Subscriber:
    def __init__(self, db: Database, vendors: Vendors, public_url: str) -> None:
        self._db = db
        self._vendors = vendors
        self._public_url = public_url.rstrip("/")

    def address(self, vendor: str) -> str:
        """Where the vendor shall send to; with the unguessable part where it signs nothing."""
        token = self._vendors.path_token(vendor)
        return f"{self._public_url}/webhooks/vendor/{vendor}" + (f"/{token}" if token else "")

    async def compare(self, account: Account, client: Client, line: Line, kinds: frozenset[Kind]) -> None:
        """When it is time. Raises `VendorFault`."""
        whose = client.manifest.capabilities.subscribe
        at = now()
        if whose == "account":
            if account.subscribed_at is not None and (at - account.subscribed_at).total_seconds() < REPAIR_S:
                return
            await self._mend(client, line, kinds)
            async with self._db.transaction("subscribed") as tx:
                await accounts.update_subscribed(tx.conn, account.id, at)
        elif whose == "application":
            async with self._db.transaction("subscriptions_due") as tx:
                is_due = await sign_ins.claim_comparison(
                    tx.conn, account.vendor, at, at - timedelta(seconds=REPAIR_S)
                )
            if is_due:
                await self._mend_for_all(client, line)

    async def _mend_for_all(self, client: Client, line: Line) -> None:
        """What failed is tried again with the next look, whoever's it is."""
        try:
            await self._mend(client, line, client.manifest.kinds)
        except VendorFault:
            async with self._db.transaction("not_subscribed") as tx:
                await sign_ins.forget_comparison(tx.conn, client.manifest.name)
            raise

    async def _mend(self, client: Client, line: Line, kinds: frozenset[Kind]) -> None:
        vendor = client.manifest.name
        url = self.address(vendor)
        secret = next(iter(self._vendors.webhook_secrets(vendor)), "")
        wanted = client.topics(kinds)
        there = [one for one in await client.subscriptions(line) if one.url in ("", url)]
        soon = now() + timedelta(seconds=2 * REPAIR_S)
        good = {one.topic for one in there if one.expires_at is None or one.expires_at > soon}
        for topic in wanted:
            if topic not in good:
                await client.subscribe(line, topic, url, secret)
                log.info("subscribed", vendor=vendor, subject=topic)
        for one in there:
            if one.topic not in wanted:
                await client.unsubscribe(line, one)

    async def end(self, client: Client, line: Line) -> None:
        """Takes back what was asked for in the person's name. Raises `VendorFault`."""
        if client.manifest.capabilities.subscribe != "account":
            return
        url = self.address(client.manifest.name)
        for one in await client.subscriptions(line):
            if one.url in ("", url):
                await client.unsubscribe(line, one)
