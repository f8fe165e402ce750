"""AliveCor's cloud: a key instead of a sign-in, a code for each patient, recordings newest first, one unsigned callback
for the team. Bodies of callbacks and of errors are ours; nobody published today's."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from simulator.vendors.cloud import Account, Cloud, Hook, Route, Trouble
from simulator.vendors.grants import Refusal, Rules
from simulator.vendors.ledger import Limit
from simulator.vendors.notices import Notice
from simulator.vendors.records import Habits, Record
from simulator.vendors.wire import Call, Reply, json_reply

PAGE: Final = 10
PAGE_MAX: Final = 50
TEAM: Final = "team"
DETERMINATIONS: Final[Mapping[str, str]] = {
    "sinus_rhythm": "normal",
    "atrial_fibrillation": "afib",
    "bradycardia": "bradycardia",
    "tachycardia": "tachycardia",
    "unreadable": "unreadable",
}


class AliveCor(Cloud):
    name = "alivecor"
    title = "AliveCor Kardia"
    hosts = ("api.kardia.com", "eu-api.kardia.com")
    routes = (
        Route("POST", "/v1/patients", "enrol"),
        Route("GET", "/v1/patients/([^/]+)/code", "code"),
        Route("GET", "/v1/patients/([^/]+)/recordings", "recordings"),
        Route("GET", "/v1/recordings/([0-9]+)", "recording"),
        Route("GET", "/v1/callback", "callback"),
        Route("PUT", "/v1/callback", "call_back"),
    )
    rules = Rules()
    scopes: ClassVar[Mapping[str, str]] = {}
    limits = (Limit(requests=120, per_s=60),)
    habits = Habits(sources=("ecg",), late=0.15)
    fields = {"ecg": {"ecg.classification": 0, "ecg.avg_hr_bpm": 0, "ecg.duration_s": 1}}
    retries = (10, 60)

    def __init__(self, public_url: str) -> None:
        super().__init__(public_url)
        self._left: set[str] = set()

    def user_id(self, seed: int) -> str:
        return f"p{seed:08x}"

    def trim(self, source: str, readings: Mapping[str, Any]) -> dict[str, Any]:
        """A recording that shows atrial fibrillation says of itself that the rhythm is irregular."""
        kept = super().trim(source, readings)
        if kept["ecg"]["classification"] == "atrial_fibrillation":
            kept["irregular_heartbeat"] = True
        return kept

    def trouble(self, trouble: Trouble) -> Reply:
        return json_reply({"code": trouble.sort, "message": trouble.text}, trouble.status, trouble.headers)

    def asker(self, call: Call) -> tuple[str, str]:
        """The team, whoever it is about: the address says that."""
        parts = call.path.split("/")
        return TEAM, parts[3] if parts[2:3] == ["patients"] and len(parts) > 3 else ""

    def _team(self, call: Call) -> None:
        key, _ = call.basic
        try:
            self.grants.know(TEAM, key)
        except Refusal:
            raise Trouble("invalid_token", "the key is not good") from None

    # -- patients ---------------------------------------------------------------------------------------------------

    async def enrol(self, call: Call) -> Reply:
        """A patient of the team, with a past: they recorded before they were enrolled."""
        self._team(call)
        missing = [name for name in ("mrn", "email", "dob") if not call.form.get(name)]
        if missing:
            raise Trouble("invalid_request", f"{missing[0]} is missing")
        account = await self.create(self.next_seed())
        told = {name: call.form.get(name) for name in ("mrn", "email", "dob", "firstname", "lastname", "sex")}
        return json_reply({"id": account.user_id, **told})

    def _patient(self, call: Call, user_id: str) -> Account:
        """Whoever left is not of the team any more."""
        self._team(call)
        if user_id not in self.accounts or user_id in self._left:
            raise Trouble("not_found", "no such patient")
        return self.accounts[user_id]

    async def code(self, call: Call, user_id: str) -> Reply:
        account = self._patient(call, user_id)
        digest = hashlib.blake2b(f"{self.name}:{account.seed}".encode(), digest_size=10).digest()
        letters = base64.b32encode(digest).decode()[:12]
        return json_reply({"code": f"{letters[:4]}-{letters[4:8]}-{letters[8:]}", "status": "connected"})

    # -- data -------------------------------------------------------------------------------------------------------

    async def recordings(self, call: Call, user_id: str) -> Reply:
        """`start`: behind which recording the page begins. A later one shifts nothing."""
        account = self._patient(call, user_id)
        newest_first = account.seen(self.now())[::-1]
        size = _size(call.query.get("limit", ""))
        after = call.query.get("start", "")
        names = [_cursor(one) for one in newest_first]
        if after and after not in names:
            raise Trouble("invalid_request", "unknown cursor")
        begin = names.index(after) + 1 if after else 0
        page = newest_first[begin : begin + size]
        return json_reply({
            "totalCount": len(newest_first),
            "data": [_told(account, one) for one in page],
            "pageInfo": {
                "startCursor": _cursor(page[0]) if page else "",
                "endCursor": _cursor(page[-1]) if page else "",
                "hasNextPage": begin + size < len(newest_first),
            },
        })  # fmt: skip

    async def recording(self, call: Call, record_id: str) -> Reply:
        self._team(call)
        for account in self.accounts.values():
            record = account.records.get(int(record_id))
            if record is not None and not record.deleted and account.user_id not in self._left:
                return json_reply(_told(account, record))
        raise Trouble("not_found", "no such recording")

    # -- notifications ----------------------------------------------------------------------------------------------

    async def callback(self, call: Call) -> Reply:
        self._team(call)
        return json_reply({"url": self.hooks[0].url if self.hooks else ""})

    async def call_back(self, call: Call) -> Reply:
        """One for the team; it is tried with an empty body, and the answer to that does not matter."""
        self._team(call)
        url = call.form.get("url", "")
        if not url.startswith(("http://", "https://")):
            raise Trouble("invalid_request", "url is missing")
        await self.sender.ask("POST", url)
        self.hooks[:] = [Hook(url=url)]
        return json_reply({"url": url})

    def announce(self, account: Account, changed: Iterable[Record], *, deleted: bool = False) -> None:
        """That there is a new one, not which; nothing where one went."""
        if not deleted and account.user_id not in self._left:
            for _ in changed:
                self._say("newRecording", account)

    def announce_end(self, account: Account) -> None:
        self._left.add(account.user_id)
        self._say("patientDisconnected", account)

    def _say(self, event: str, account: Account) -> None:
        body = msgspec.json.encode({"eventType": event, "patientId": account.user_id})
        for hook in self.hooks:
            self.sender.send(Notice(url=hook.url, body=body))


def _size(text: str) -> int:
    if text and not (text.isdecimal() and 1 <= int(text) <= PAGE_MAX):
        raise Trouble("invalid_request", f"limit is 1 to {PAGE_MAX}")
    return int(text) if text else PAGE


def _cursor(record: Record) -> str:
    return base64.b64encode(str(record.id).encode()).decode()


def _told(account: Account, record: Record) -> dict[str, Any]:
    ecg = record.readings["ecg"]
    return {
        "id": str(record.id),
        "patientID": account.user_id,
        "algorithmDetermination": DETERMINATIONS[ecg["classification"]],
        "duration": round(ecg["duration_s"] * 1000),
        "heartRate": ecg.get("avg_hr_bpm", 0),
        "note": "",
        "tags": [],
        "recordedAt": record.local.isoformat(timespec="seconds"),
        "deviceInfo": {
            "hardwareType": "kardia_6l", "hardwareRevision": "X08", "firmwareRevision": "1.3.9",
            "serialNumber": f"{account.seed:08}K",
        },
    }  # fmt: skip
