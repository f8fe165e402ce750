"""Cookies of the front door: reading one, and how each is set. `__Host-` ties them to this host alone."""

from typing import Final

from litestar.datastructures import Cookie

SESSION: Final = "__Host-sid"
CSRF: Final = "__Host-csrf"
LOGIN: Final = "__Host-login"


def read(header: str | None, name: str) -> str | None:
    """The value of the first cookie with this name in a `Cookie` header."""
    if not header or name not in header:
        return None
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def setting(name: str, value: str, *, script_may_read: bool = False, max_age_s: int | None = None) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path="/",
        secure=True,
        httponly=not script_may_read,
        samesite="lax",  # strict would not come back with the provider's redirect
        max_age=max_age_s,
    )


def removing(name: str) -> Cookie:
    return setting(name, "", max_age_s=0)
