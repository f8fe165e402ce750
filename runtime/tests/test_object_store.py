"""Whose pages may send a file to the object store by a signed address, and fetch one."""

from collections.abc import Iterator

import httpx2
import pytest

from runtime import secrets
from runtime.embedded import s3
from runtime.embedded.server import start
from runtime.home import Home
from runtime.servers import pages

pytestmark = pytest.mark.integration
PAGE = "https://care.example.org"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = Home(tmp_path_factory.mktemp("store")).create()
    secrets.ensure(home.secrets)
    running = start(s3.prepare(home, pages(f"{PAGE}/", "")))
    try:
        yield running.wait_ready().url
    finally:
        running.stop()


@pytest.mark.parametrize("method", ["PUT", "GET"])
@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (PAGE, True),
        ("capacitor://localhost", True),
        ("https://localhost", True),
        ("https://elsewhere.example.org", False),
        ("https://care.example.org.elsewhere.example", False),
    ],
)
def test_our_pages_and_the_apps_may_and_no_others(store: str, origin: str, method: str, may: bool) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }

    answer = httpx2.options(f"{store}/bucket/quarantine/id?X-Amz-Signature=0", headers=asked, timeout=5)

    allowed = answer.is_success and answer.headers.get("access-control-allow-origin") in (origin, "*")
    assert allowed is may
    if may:
        assert method in answer.headers["access-control-allow-methods"]


def test_a_refusal_is_one_that_the_page_can_read(store: str) -> None:
    """Without the header a browser tells a page that the line is lost, and it would ask the same again and again."""
    answer = httpx2.put(f"{store}/bucket/quarantine/id", content=b"x", headers={"Origin": PAGE}, timeout=5)

    assert answer.status_code == 403
    assert answer.headers.get("access-control-allow-origin") == PAGE
