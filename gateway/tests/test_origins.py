"""Where requests may come from, and where a person may be sent after sign-in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.origins import keeps_cookies, may_change, may_listen, safe_next

OURS = "http://localhost:8080"


@pytest.mark.parametrize(
    ("origin", "site", "host", "allowed"),
    [
        (None, None, "localhost:8080", True),
        (OURS, "same-origin", "localhost:8080", True),
        ("http://127.0.0.1:8080", "same-origin", "127.0.0.1:8080", True),
        (OURS, "same-site", "localhost:8080", False),
        (OURS, "cross-site", "localhost:8080", False),
        ("http://localhost:9999", None, "localhost:8080", False),
        ("http://127.0.0.1:8080", None, "localhost:8080", False),
        ("https://evil.example", None, "evil.example", False),
        ("http://evil.example", None, "evil.example", False),
        ("null", None, "localhost:8080", False),
        ("capacitor://localhost", None, "localhost:8080", False),
    ],
)
def test_who_may_change_something_with_a_cookie(
    origin: str | None, site: str | None, host: str, allowed: bool
) -> None:
    assert may_change(origin, site, host, OURS, development=True) is allowed


def test_in_production_only_the_public_origin_is_ours() -> None:
    public = "https://care.example"

    assert may_change(public, "same-origin", "care.example", public, development=False)
    assert not may_change("http://localhost:8080", None, "localhost:8080", public, development=False)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        (OURS, True),
        ("capacitor://localhost", True),
        ("https://localhost", True),
        ("http://localhost", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_who_may_open_a_socket(origin: str | None, allowed: bool) -> None:
    assert may_listen(origin, "localhost:8080", OURS, development=True) is allowed


@pytest.mark.parametrize(
    ("host", "public", "kept"),
    [
        ("localhost:8080", OURS, True),
        ("127.0.0.1:8080", OURS, True),
        ("[::1]:8080", OURS, True),
        ("192.168.1.5:8080", OURS, False),
        ("gateway:8080", "http://gateway:8080", False),
        ("care.example", "https://care.example", True),
        ("other.example", "https://care.example", False),
        (None, OURS, False),
    ],
)
def test_where_a_browser_keeps_the_cookie(host: str | None, public: str, kept: bool) -> None:
    assert keeps_cookies(host, public) is kept


@pytest.mark.parametrize("target", ["/", "/devices?x=1#y", "/a/b//c"])
def test_own_paths_are_gone_to(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [None, "", "devices", "//evil.example", "/\\evil.example", "https://evil.example", "/x\r\ny", "/ x", "\t/x",
     "/auth/logout", "/é", "/a\\b"],
)  # fmt: skip
def test_anything_else_leads_to_the_front_page(target: str | None) -> None:
    assert safe_next(target) == "/"


@given(st.text())
def test_no_text_leads_elsewhere(text: str) -> None:
    target = safe_next(text)

    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    assert "\n" not in target
