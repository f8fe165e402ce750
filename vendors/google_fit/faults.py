"""What Google's errors mean, those of the data and those of the sign-in."""

from typing import Any

from proto.vendors.normalized import FaultClass
from proto.vendors.quantities import decimal_of
from proto.vendors.shapes import rows
from vendors.google_fit import tables


def class_of(error: Any) -> tuple[FaultClass, object]:
    """Class and code of an answer's `error`: `{"code", "errors": [{"reason"}], "status"}`, or a word of the sign-in."""
    if not isinstance(error, dict):
        return tables.OAUTH_ERRORS.get(str(error), "vendor_error"), error
    said = [str(row.get("reason")) for row in rows(error.get("errors"))]
    reason = next((found for found in said if found in tables.REASONS), "")
    code = decimal_of(error.get("code"))
    by_code = None if code is None else tables.CODES.get(int(code))
    status = str(error.get("status"))
    found = tables.REASONS.get(reason) or by_code or tables.STATUSES.get(status, "vendor_error")
    return found, error.get("code", status)
