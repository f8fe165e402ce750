"""What iHealth's error codes mean."""

from decimal import Decimal
from typing import Final

from proto.vendors.normalized import FaultClass

AUTH_CODES: Final = range(4000, 5000)  # (unverified)
PARAMETER_CODES: Final = range(5000, 6000)  # (unverified)


def class_of(code: Decimal | None) -> FaultClass:
    if code in AUTH_CODES:
        return "auth"
    return "invalid_request" if code in PARAMETER_CODES else "vendor_error"
