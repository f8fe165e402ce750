"""An installation of its own for commands of operators: a home with its keys, and a database that holds nothing yet."""

import shutil
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from chassis.clock import uuid7
from chassis.crypto import KeyRing, LocalKeyRing, RingFile, seal
from runtime import cli
from runtime.home import Home
from runtime.migrate import migrate, prepare
from services.normalizer.store import dead_letters
from tests.support.servers import run

PLACE = {"table": "normalizer.dead_letters", "column": "payload_sealed"}


class Installation:
    """What an operator has at hand: the command line, and beside it the database and the ring to look into."""

    def __init__(self, home: Home, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.url = url
        self._capsys = capsys

    @property
    def ring_path(self) -> Path:
        return self.home.secrets / "keys/keyring.json"

    @property
    def ring(self) -> RingFile:
        return msgspec.json.decode(self.ring_path.read_bytes(), type=RingFile)

    def command(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and complaints."""
        self._capsys.readouterr()
        code = cli.main([*words, "--home", str(self.home.path)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def give_up(
        self,
        payload: bytes,
        *,
        code: str = "out_of_bounds",
        connection_id: UUID | None = None,
        ring: KeyRing | None = None,
    ) -> UUID:
        """A dead letter as the normalizer leaves it."""
        id, patient_id = uuid7(), uuid4() if connection_id else None
        sealed = seal(
            ring or LocalKeyRing(self.ring_path),
            payload,
            row=str(id),
            patient=str(patient_id or ""),
            **PLACE,
        )
        row = (id, "normalizer", "INGEST", 1, connection_id, patient_id, code, None, sealed)

        async def insert() -> None:
            async with asyncpg.create_pool(self.url, min_size=1, max_size=1) as pool, pool.acquire() as conn:
                await dead_letters.insert_dead_letters(conn, [row])

        run(insert())
        return id

    def sealed(self, id: UUID) -> bytes:
        async def read() -> bytes:
            conn = await asyncpg.connect(self.url)
            try:
                found = await dead_letters.select_letter(conn, id)
            finally:
                await conn.close()
            assert found is not None
            return found[1]

        return run(read())


@pytest.fixture(scope="session")
def operator_database(home: Path, postgres_admin_url: str) -> str:
    """Beside the one of the other tests: commands walk over everything that is there."""
    url = run(prepare(postgres_admin_url, Home(home).secrets, "operator"))
    run(migrate(url))
    return url


@pytest.fixture
def installation(
    home: Path,
    operator_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Installation:
    own = Home(tmp_path / "home")
    shutil.copytree(Home(home).secrets, own.secrets)
    run(_empty(operator_database))
    monkeypatch.setenv("DC_DATABASE_DIRECT_URL", operator_database)
    for name in ("DC_NATS_URL", "DC_SECRETS_DIR", "DC_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Installation(own, operator_database, capsys)


async def _empty(url: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("TRUNCATE normalizer.dead_letters")
    finally:
        await conn.close()
