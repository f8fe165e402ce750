"""What goes wrong on request: the next so many calls that match fail in the way that was asked for. Pure."""

from typing import Annotated, Literal

import msgspec

from simulator.vendors.wire import Call, Reply

Way = Literal["rate_limited", "status", "timeout", "half_open", "slow", "invalid_token"]
"""`status`: the given status in the vendor's own words. `timeout`: no answer. `half_open`: half an answer, then silence.
`slow`: the true answer after a while. `invalid_token`: as if the token were not good."""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    way: Way
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    endpoint: str = ""
    """Part of the path; empty = any but the sign-in page."""
    user_id: str = ""
    status: int = 503
    headers: dict[str, str] = {}
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 1.0


class Faults:
    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, call: Call, user_id: str) -> Fault | None:
        for fault in self.waiting:
            if fault.endpoint in call.path and fault.user_id in ("", user_id):
                fault.count -= 1
                if not fault.count:
                    self.waiting.remove(fault)
                return fault
        return None


def spoiled(reply: Reply, fault: Fault) -> Reply:
    """The true answer, as it arrives under a fault of the line."""
    if fault.way == "timeout":
        return Reply(cut="silent")
    if fault.way == "half_open":
        return msgspec.structs.replace(reply, cut="half")
    return msgspec.structs.replace(reply, wait_s=fault.wait_s)
