"""Recorded answers: `vendors/<name>/fixtures/*.json`, each `{"about", "context"?, "payloads", "expect"}`.

`payloads`: successive answers, JSON values, or text as it came where the vendor does not speak JSON. `expect`: what
`normalize` prints. Invented values; no real person.
"""

from pathlib import Path
from typing import Any

import msgspec

from proto.vendors.normalized import Context

ROOT = Path(__file__).resolve().parent


class Fixture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    about: str
    payloads: list[Any]
    expect: dict[str, Any]
    context: Context = Context()


def fixtures_of(name: str) -> dict[str, Fixture]:
    """By file name. Raises `msgspec.ValidationError` for one that has another form."""
    return {
        path.stem: msgspec.json.decode(path.read_bytes(), type=Fixture)
        for path in sorted((ROOT / name / "fixtures").glob("*.json"))
    }
