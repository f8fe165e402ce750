"""`device-connect normalize`: what a vendor's answer says, in the form in which readings are taken."""

import argparse
import sys
from typing import Any, Final

import msgspec

EXIT_UNREADABLE: Final = 2


def normalize(arguments: argparse.Namespace) -> int:
    """One answer or push body on stdin, or with `--many` a JSON array of successive ones; `Normalized` on stdout."""
    from chassis.clock import now
    from proto.vendors.normalized import Context
    from vendors import NAMES, mapping_of, reader_of

    if arguments.vendor not in NAMES:
        print(f"there is no vendor {arguments.vendor!r}; known: {', '.join(NAMES)}", file=sys.stderr)
        return EXIT_UNREADABLE
    try:
        payloads = _payloads(sys.stdin.buffer.read(), reader_of(arguments.vendor), many=arguments.many)
    except (ValueError, RecursionError) as error:  # msgspec's and the XML parser's errors are ValueErrors
        print(f"stdin cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_UNREADABLE
    context = Context(
        endpoint=arguments.endpoint or "",
        timezone=arguments.timezone or "",
        accept_language=arguments.accept_language or "",
        now=now(),
    )
    print(msgspec.json.encode(mapping_of(arguments.vendor)(payloads, context)).decode())
    return 0


def _payloads(data: bytes, read: Any, *, many: bool) -> list[Any]:
    payload = read(data)
    if not many:
        return [payload]
    if not isinstance(payload, list):
        raise ValueError("--many needs a JSON array of answers")  # noqa: TRY004 - one kind of unreadable
    return payload
