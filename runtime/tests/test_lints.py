"""Each house rule finds what it is for, leaves good code alone, and can be excused."""

import pytest

from runtime.lints import Fault, check

HEAD = '"""A room."""\n'


def rules(path: str, source: str) -> list[str]:
    return [fault.rule for fault in check(path, HEAD + source)]


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("services/pairing/routes.py", 'q = "SELECT 1 FROM x"\n', "raw-sql"),
        ("gateway/stream.py", 'q = f"""\n  DELETE FROM x WHERE id = {1}"""\n', "raw-sql"),
        ("services/ingest/app.py", 'log.info("stored", reading=reading)\n', "phi-log"),
        ("services/ingest/app.py", 'log.info("stored", count=message.readings)\n', "phi-log"),
        ("services/ingest/app.py", 'log.info(f"stored {x}")\n', "phi-log"),
        ("services/ingest/app.py", 'log.info("stored %s", x)\n', "phi-log"),
        ("services/ingest/app.py", 'log.info("stored", **everything)\n', "phi-log"),
        ("services/ingest/app.py", "import logging\nx = logging.getLogger('x')\n", "own-logger"),
        (
            "services/ingest/routes.py",
            "from litestar import get\n@get('/')\ndef all() -> int: ...\n",
            "sync-hook",
        ),
        ("services/ingest/routes.py", "def may(c, h): ...\nr = Router(guards=[may])\n", "sync-hook"),
        (
            "services/ingest/routes.py",
            "def role(n):\n    def may(c, h): ...\n    return may\nr = Router(guards=[role('x')])\n",
            "sync-hook",
        ),
        ("services/ingest/routes.py", "def db(): ...\nd = {'db': Provide(db)}\n", "sync-hook"),
        ("services/health/domain.py", "def withings_status(): ...\n", "vendor-name"),
        ("services/health/domain.py", "if model.vendor_id == 'dexcom': pass\n", "vendor-name"),
        ("services/health/domain.py", "match vendor:\n    case 'fitbit': pass\n", "vendor-name"),
    ],
)
def test_it_is_found(path: str, source: str, rule: str) -> None:
    assert rules(path, source) == [rule]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("services/pairing/store.py", 'q = "SELECT 1 FROM x"\n'),
        ("services/normalizer/store/rows.py", 'q = "SELECT 1 FROM x"\n'),
        ("services/pairing/routes.py", 'text = "Select a device"\n'),
        ("services/ingest/app.py", 'log.info("stored", count=len(message.readings), hub_id=hub.id)\n'),
        ("services/ingest/app.py", 'log.failure("store_failed", error, consumer="normalizer")\n'),
        ("services/ingest/routes.py", "from litestar import get\n@get('/')\nasync def all() -> int: ...\n"),
        (
            "services/ingest/routes.py",
            "from litestar import get\n@get('/', sync_to_thread=False)\ndef all(): ...\n",
        ),
        ("services/ingest/routes.py", "async def may(c, h): ...\nr = Router(guards=[may])\n"),
        ("services/ingest/waiting.py", "@lru.get('x')\ndef all() -> int: ...\n"),
        ("services/registry/catalogue.py", "MODELS = [{'vendor': 'withings'}]\n"),
        (
            "services/pairing/routes.py",
            'q = "SELECT 1 FROM x"  # lint-skip: raw-sql - it is shown, never run\n',
        ),
    ],
)
def test_it_is_left_alone(path: str, source: str) -> None:
    assert rules(path, source) == []


def test_a_module_says_what_it_is_for() -> None:
    assert check("chassis/x.py", "import os\n") == [
        Fault(
            "chassis/x.py",
            1,
            "opening",
            "begin with one to three lines: what this is for, what it must not do",
        )
    ]


def test_a_file_holds_one_idea() -> None:
    assert rules("chassis/x.py", "x = 1\n" * 500) == ["length"]
