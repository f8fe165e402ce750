"""Fixtures for tests beside the code that need real servers. Nothing starts before a test asks for it.

Each server is the one of `DC_*_URL` when that is set, a container where a Docker engine answers, and otherwise the
embedded wheel; one set a run (with xdist: one a worker).
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from runtime import secrets
from runtime.embedded import s3 as s3_server
from runtime.home import LOOPBACK, Home, free_port
from runtime.migrate import migrate, password, prepare, roles, with_login, without_login
from runtime.processes import PROCESSES, S3_BUCKET, Addresses, environ_of, named
from runtime.streams import ensure_streams
from tests.support.servers import (
    SERVER_FIXTURES,
    Kind,
    NatsServer,
    ObjectStore,
    external_nats,
    kind_of_servers,
    run,
)
from tests.support.system import System

ROOT = Path(__file__).parent
GIVEN = {name: value for name, value in os.environ.items() if name.startswith("DC_")}  # noqa: TID251 - the edge


# Other tests take the cores too: how long an example took says nothing. CI has a profile of its own, which says the same.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:  # noqa: TID251 - what every CI says of itself
    settings.load_profile("untimed")

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

#: Tests that judge time or CPU, or that break things: nothing else runs beside them. The others share the cores.
ALONE = {"tests/e2e", "tests/faults", "tests/load", "runtime/tests/test_supervised.py"}
#: What lies there and judges no time.
BESIDE = {
    "tests/e2e/test_browser.py",
    "tests/e2e/test_browser_admin.py",
    "tests/e2e/test_browser_charts.py",
    "tests/e2e/test_browser_integrations.py",
    "tests/e2e/test_browser_languages.py",
    "tests/e2e/test_browser_phone.py",
    "tests/e2e/test_browser_sharing.py",
    "tests/e2e/test_browser_states.py",
    "tests/e2e/test_companion_app.py",
    "tests/e2e/test_dead_letters.py",
    "tests/e2e/test_ingest_edge.py",
    "tests/e2e/test_more_vendors.py",
    "tests/e2e/test_vendors.py",
    "tests/faults/model",
    "tests/load/test_day.py",
}


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """A test has the same name in every run, also where its parameter holds an id that was just made."""
    return re.sub(UUID, "id", val) if isinstance(val, str) and re.search(UUID, val) else None


def _places(path: Path) -> set[str]:
    """The file and every folder around it."""
    here = path.relative_to(ROOT)
    return {str(here), *map(str, here.parents)}


def _is_alone(path: Path) -> bool:
    return bool(_places(path) & ALONE) and not _places(path) & BESIDE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _is_alone(item.path):
            item.add_marker(pytest.mark.alone)
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)
    # The walks are long: begun first, they leave the short ones to whoever is free in the end.
    items.sort(key=lambda item: not _places(item.path) & BESIDE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which servers the tests had, and what was not tested; what fixtures print is captured.

    It is read off the reports, which come from the workers too when there are some.
    """
    reports = [each for group in terminalreporter.stats.values() for each in group]
    reports = [each for each in reports if isinstance(each, pytest.TestReport)]
    if any("integration" in report.keywords for report in reports):
        terminalreporter.write_line(f"servers: {kind_of_servers()[1]}")
    for why in sorted({report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple)}):
        terminalreporter.write_line(f"NOT TESTED: {why.removeprefix('Skipped: ')}", red=True, bold=True)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `DC_HOME`, with a complete set of secrets."""
    return _home(tmp_path_factory).path


@pytest.fixture(scope="session")
def server_kind() -> Kind:
    return kind_of_servers()[0]


@pytest.fixture(scope="session")
def postgres_admin_url(home: Path, server_kind: Kind) -> Iterator[str]:
    """An administrator's URL of a server; its own database is not ours."""
    with ExitStack() as stack:
        external = GIVEN.get("DC_DATABASE_DIRECT_URL") or GIVEN.get("DC_DATABASE_URL")
        yield external or stack.enter_context(server_kind.postgres(Home(home)))


@pytest.fixture(scope="session")
def postgres_url(home: Path, postgres_admin_url: str) -> str:
    """The owner `dc_owner` on the database `device_connect`, migrated for every service."""
    owner_url = run(prepare(postgres_admin_url, Home(home).secrets))
    run(migrate(owner_url))
    return owner_url


@pytest.fixture(scope="session")
def database_urls(home: Path, postgres_url: str) -> dict[str, str]:
    """Service → URL with its role and password, on the migrated database."""
    return {
        name: with_login(postgres_url, f"dc_{name}", password(Home(home).secrets, name)) for name in roles()
    }


@pytest.fixture(scope="session")
def nats_server(home: Path, server_kind: Kind) -> Iterator[NatsServer]:
    """nats-server with accounts, users, auth callout and the streams, consumers and buckets of `proto.subjects`.

    A test that kills it starts it again, on the same port and data.
    """
    with ExitStack() as stack:
        if url := GIVEN.get("DC_NATS_URL"):
            server = stack.enter_context(external_nats(Home(home), url, GIVEN.get("DC_MQTT_URL", "")))
        else:
            server = stack.enter_context(server_kind.nats(Home(home)))
        run(ensure_streams(server.url, Home(home).secrets))
        yield server


@pytest.fixture(scope="session")
def redis_url(home: Path, server_kind: Kind) -> Iterator[str]:
    with ExitStack() as stack:
        yield GIVEN.get("DC_REDIS_URL") or stack.enter_context(server_kind.valkey(Home(home)))


@pytest.fixture(scope="session")
def s3_endpoint(home: Path, server_kind: Kind) -> Iterator[str]:
    """The address of an S3 server that may still be coming up; use `s3` to wait for it."""
    with ExitStack() as stack:
        yield GIVEN.get("DC_S3_ENDPOINT") or stack.enter_context(server_kind.s3(Home(home)))


@pytest.fixture(scope="session")
def s3(home: Path, s3_endpoint: str) -> ObjectStore:
    """An S3 server that answers and has the bucket."""
    keys = Home(home).secrets / "s3"
    store = ObjectStore(
        endpoint=s3_endpoint,
        access_key=(keys / "access_key").read_text(),
        secret_key=(keys / "secret_key").read_text(),
        bucket=S3_BUCKET,
    )
    s3_server.wait_for_bucket(store.endpoint, store.access_key, store.secret_key, store.bucket)
    return store


@pytest.fixture(scope="session")
def service_environ(
    home: Path, postgres_url: str, nats_server: NatsServer, redis_url: str, s3_endpoint: str
) -> Callable[[str], dict[str, str]]:
    """`service_environ("pairing")` → the complete environment of that process, for `chassis.config.load`.

    The ports in it are free and nobody listens there: a test that serves the app may.
    """
    ports = {name: free_port() for process in PROCESSES for name in (process.name, f"{process.name}-metrics")}
    addresses = Addresses(
        database=without_login(postgres_url),
        nats=nats_server.url,
        mqtt=nats_server.mqtt_url,
        redis=redis_url,
        s3=s3_endpoint,
        oidc=f"http://{LOOPBACK}:{ports['idp']}",
        public=f"http://localhost:{ports['gateway']}",
    )

    def environ(name: str) -> dict[str, str]:
        given = {key: value for key, value in GIVEN.items() if not key.endswith(("_URL", "_ENDPOINT"))}
        return environ_of(named(name), Home(home), addresses, ports, given)

    return environ


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system without demo data, ready; `.endpoints`, `.gateway`, `.home`."""
    # The simulated vendors remember 90 days; asking for two years of them would only wait for their budgets.
    one = System(tmp_path_factory.mktemp("system") / "home", {"DC_SYNC_HISTORY_DAYS": "90"})
    try:
        yield one.start()
    finally:
        one.stop()


def _home(factory: pytest.TempPathFactory) -> Home:
    folder = Home(factory.mktemp("home")).create()
    given = GIVEN.get("DC_SECRETS_DIR")
    if given:  # external servers know these passwords; what is missing is made here, not there
        for path in Path(given).rglob("*"):
            if path.is_file():
                copy = folder.secrets / path.relative_to(given)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    secrets.ensure(folder.secrets)
    return folder
