"""Error codes and the exceptions that carry them.

    Refused                     an expected refusal, becomes problem+json at the HTTP edge, `code` on the bus
     └─ Unavailable             503 + Retry-After: the bus, the database or a mirror cannot answer now

Codes are append-only. Texts name fields, never values (a value may be health information).
"""

import re
from typing import Final

import msgspec


class FieldFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong: a code, and the dotted path of the field from the message (`readings.weight_kg`)."""

    code: str
    field: str | None = None


class ItemFault(msgspec.Struct, frozen=True, kw_only=True):
    """One refused item of a batch: its index, the code and the dotted field (null where no field is to blame)."""

    index: int
    code: str
    field: str | None = None


STATUS_OF: Final[dict[str, int]] = {
    "invalid_json": 400,
    "unauthenticated": 401,
    "consent_revoked": 403,
    "consent_missing": 403,
    "csrf": 403,
    "forbidden_role": 403,
    "forbidden_origin": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_timeout": 408,
    "conflict": 409,
    "duplicate": 409,
    "pairing_used": 409,
    "already_paired": 409,
    "idempotency_mismatch": 409,
    "pairing_expired": 410,
    "payload_too_large": 413,
    "too_many_items": 413,
    "unsupported_media_type": 415,
    "unknown_object": 422,
    "unknown_field": 422,
    "missing_field": 422,
    "wrong_type": 422,
    "unknown_metric": 422,
    "out_of_bounds": 422,
    "timestamp_ahead": 422,
    "timestamp_too_old": 422,
    "timestamp_no_offset": 422,
    "empty_readings": 422,
    "kind_not_supported": 422,
    "kind_not_consented": 422,
    "consent_required": 422,
    "invalid_hex": 422,
    "unknown_characteristic": 422,
    "metric_required": 422,
    "checksum_mismatch": 422,
    "type_mismatch": 422,
    "export_unknown": 422,
    "export_damaged": 422,
    "export_oversized": 422,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
}

TEXT_OF: Final[dict[str, str]] = {
    "invalid_json": "The body is not valid JSON.",
    "unauthenticated": "Sign in, or send a valid token.",
    "consent_revoked": "Consent for this device was withdrawn. Give it again to go on.",
    "consent_missing": "There is no consent for this device yet. Finish pairing first.",
    "csrf": "The request lacks the X-CSRF-Token header of this session. Reload the page and try again.",
    "forbidden_role": "Your role may not do this.",
    "forbidden_origin": "Requests from this origin are not accepted.",
    "not_found": "There is nothing here for you.",
    "method_not_allowed": "This address does not take that method.",
    "body_timeout": "The body came too slowly. Send it again when the line is better.",
    "conflict": "This contradicts what is already there.",
    "duplicate": "This exists already.",
    "pairing_used": "This pairing token was used already. Start pairing again.",
    "already_paired": "This device is connected to an account already. Remove it there first.",
    "idempotency_mismatch": "This Idempotency-Key was used with another body.",
    "pairing_expired": "This pairing token has expired. Start pairing again.",
    "payload_too_large": "The body is larger than allowed. Send smaller parts.",
    "too_many_items": "The batch has more items than allowed. Send smaller parts.",
    "unsupported_media_type": "Send application/json, or application/x-ndjson where a batch is taken, uncompressed.",
    "unknown_object": "The object is not known, not verified, or not of this device.",
    "unknown_field": "There is a field that is not part of the format.",
    "missing_field": "A field is missing.",
    "wrong_type": "A field has the wrong type, length or form.",
    "unknown_metric": "A reading name is not known.",
    "out_of_bounds": "A value is outside what is possible.",
    "timestamp_ahead": "The timestamp is more than five minutes in the future. Check the clock.",
    "timestamp_too_old": "The timestamp is before 2010. Check the clock.",
    "timestamp_no_offset": "The timestamp has no UTC offset.",
    "empty_readings": "There is no reading in the message.",
    "kind_not_supported": "This device model does not measure that.",
    "kind_not_consented": "There is no consent for this kind of data.",
    "consent_required": "Consent to the current text is required first.",
    "invalid_hex": "The value is not hexadecimal octets.",
    "unknown_characteristic": "This characteristic is not known.",
    "metric_required": "Name the metric, or ask for raw data.",
    "checksum_mismatch": "The uploaded content does not have the announced size or SHA-256.",
    "type_mismatch": "The uploaded content is not of the announced type.",
    "export_unknown": "This is no export of the Health app. Upload export.zip as the phone made it.",
    "export_damaged": "The export is damaged. What came before the damage is here; export it again for the rest.",
    "export_oversized": "The export holds more than any that is real, so it is not read.",
    "rate_limited": "Too many requests. Wait as Retry-After says.",
    "internal": "Something went wrong on our side. Try again; nothing is stored twice.",
    "unavailable": "This cannot be answered right now. Try again in a moment.",
}


class Refused(Exception):
    """An expected refusal. `code` decides the status; `faults` list what is wrong, the first one first."""

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        faults: tuple[FieldFault, ...] = (),
        rejected: tuple[ItemFault, ...] = (),
        retry_after_s: int | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.faults = faults or ((FieldFault(code=code, field=field),) if field else ())
        self.rejected = rejected
        self.retry_after_s = retry_after_s
        self.detail = detail or TEXT_OF.get(code, "The request was refused.")

    @property
    def status(self) -> int:
        return STATUS_OF.get(self.code, 422)


class Unavailable(Refused):
    """Something that the answer needs cannot be reached now. Never answered with a guess: fail closed."""

    def __init__(self, what: str, *, retry_after_s: int = 1) -> None:
        super().__init__("unavailable", retry_after_s=retry_after_s)
        self.what = what


_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_BOUND: Final = re.compile(r"^Expected `(int|float)` (>=|<=|>|<) ")


def fault_of(error: msgspec.ValidationError, prefix: str = "") -> FieldFault:
    """The code and the dotted field of a msgspec validation error.

    msgspec's texts are the only place where it says what was wrong; `proto/tests` pins every form used here.
    Array positions are not part of a path. The text itself may hold a value and is never passed on.
    """
    text = str(error)
    at = _AT.search(text)
    path = re.sub(r"\[(\d+|\.\.\.)\]", "", at["path"]) if at else ""
    path = ".".join(part for part in (prefix, path) if part)
    if unknown := _UNKNOWN.search(text):
        code = "unknown_metric" if path == "readings" or path.startswith("readings.") else "unknown_field"
        return FieldFault(code=code, field=_join(path, unknown["name"]))
    if missing := _MISSING.search(text):
        return FieldFault(code="missing_field", field=_join(path, missing["name"]))
    field = path or None
    if text.startswith(("Number out of range", "Integer value out of range")):
        return FieldFault(code="invalid_json", field=field)
    if _BOUND.match(text):
        return FieldFault(code="out_of_bounds", field=field)
    if "timezone component" in text:
        return FieldFault(code="timestamp_no_offset", field=field)
    return FieldFault(code="wrong_type", field=field)


def _join(path: str, name: str) -> str:
    # A name that a sender made up is cut: it is echoed, so it must not carry text at length.
    return f"{path}.{name[:64]}" if path else name[:64]
