"""The command line without a system: what it refuses, what it answers, and that it starts fast."""

import io
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from runtime import cli
from runtime.home import Home
from runtime.processes import PROCESSES, ROOT


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DC_ENV", "DC_HOME", "DC_SECRETS_DIR", "DC_DATABASE_URL", "DC_NATS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_process_can_be_served() -> None:
    assert [process.name for process in PROCESSES] == cli.PROCESSES


def test_a_command_imports_nothing_before_it_is_chosen() -> None:
    code = "import sys, runtime.cli; print(*sorted(m for m in ('asyncpg', 'litestar', 'nats', 'chassis') if m in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stdout.strip() == ""


def test_importing_the_processes_starts_no_thread() -> None:
    """The supervisor forks after importing them; a thread would be missing in the child, its locks held for ever."""
    code = (
        "from importlib import import_module; import psutil; from runtime.processes import existing\n"
        "for process in existing(): import_module(process.module)\n"
        "print(psutil.Process().num_threads())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.stdout.strip() == "1", done.stderr


def test_up_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DC_ENV", "production")

    assert cli.main(["up"]) == 2
    assert "device-connect serve" in capsys.readouterr().err


def test_nothing_runs_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 1
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert (answer["running"], answer["ready"], answer["processes"]) == (False, False, {})

    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "not running\n"


def test_down_removes_the_home_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home").create()

    assert cli.main(["down", "--home", str(home.path), "--remove"]) == 0
    assert not home.path.exists()


def test_logs_names_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home").create()
    home.log("nats").write_text("one\ntwo\nthree\n")

    assert cli.main(["logs", "--home", str(home.path), "nats", "-n", "2"]) == 0
    assert capsys.readouterr().out == "two\nthree\n"
    assert cli.main(["logs", "--home", str(home.path), "mosquitto"]) == 2
    assert "there is: nats" in capsys.readouterr().err


def test_migrate_asks_which_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["migrate"]) == 2
    assert "DC_DATABASE_URL" in capsys.readouterr().err


def test_an_unreadable_env_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config", "check", "--env-file", "missing.env"]) == 2
    assert "missing.env" in capsys.readouterr().err


def test_decode_answers_json_and_says_an_error_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["decode", "2a19", "4c"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["fields"]
    assert cli.main(["decode", "2a35", "00"]) == 1
    assert msgspec.json.decode(capsys.readouterr().out) == {"error": "truncated"}
    assert cli.main(["decode", "2a35"]) == 2
    assert cli.main(["decode", "2a35", "00", "--context", "[1]"]) == 2


def test_a_batch_is_answered_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = b'{"characteristic":"CRC16","hex":"3132"}\nnonsense \xff\n{"characteristic":"ffff","hex":"00"}\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))

    assert cli.main(["decode", "--batch"]) == 0

    answers = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert "crc" in answers[0]
    assert answers[1:] == [{"error": "invalid_json"}, {"error": "unsupported"}]
