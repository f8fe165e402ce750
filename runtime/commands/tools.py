"""Tools that need no running system, or speak to one from outside: decode, simulate, generate."""

import argparse
import asyncio
import io
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import msgspec

from runtime.environment import given

GENERATORS: Final = ("runtime.generate", "runtime.contracts")
"""Modules with `generate(root) -> list[Path]`; each writes files that follow from code."""


def decode(arguments: argparse.Namespace) -> int:
    """One value of the command line, or with `--batch` NDJSON of stdin, one answer a line in the same order."""
    from services.normalizer.gatt import cli

    if arguments.batch:
        lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
        for line in cli.decode_batch(lines):
            print(line)
        return 0
    if arguments.characteristic is None or arguments.hex is None:
        print("decode needs a characteristic and a value in hex, or --batch", file=sys.stderr)
        return 2
    try:
        context = msgspec.json.decode(arguments.context, type=dict[str, Any]) if arguments.context else None
    except msgspec.MsgspecError as error:
        print(f"--context is not a JSON object: {error}", file=sys.stderr)
        return 2
    answer = cli.decode_one(
        arguments.characteristic, arguments.hex, arguments.received_at, arguments.timezone, context
    )
    print(msgspec.json.encode(answer).decode())
    return 1 if "error" in answer else 0


def simulate(arguments: argparse.Namespace) -> int:
    from simulator import cli

    return cli.main(arguments.rest, given())


def audit_verify(arguments: argparse.Namespace) -> int:
    """Walks the audit log's chains as the owner of the database; exit 1 when one is broken."""
    from runtime.environment import home_of
    from runtime.home import read_json
    from services.access.verify import signing_key, verify_database

    environ = given()
    home = home_of(arguments.home, environ)
    endpoints = read_json(home.endpoints, {})
    url = environ.get("DC_DATABASE_DIRECT_URL") or endpoints.get("postgres", "")
    if not url:
        print(
            "Which database? Start the system, or set DC_DATABASE_DIRECT_URL to the owner's.", file=sys.stderr
        )
        return 2
    key_file = home.secrets / "keys/audit_checkpoint.pem"
    key = signing_key(key_file).public_key() if key_file.exists() else None
    report = asyncio.run(verify_database(url, key))
    print(msgspec.json.encode(report).decode())
    return 0 if report["ok"] else 1


def generate(arguments: argparse.Namespace) -> int:
    from runtime.generate import ROOT

    for name in GENERATORS:
        if find_spec(name) is not None:
            for path in import_module(name).generate(ROOT):
                print(path.relative_to(ROOT))
    return 0
