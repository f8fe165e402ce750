"""docs/integrations.md says what the manifests say, and its example is a vendor that would pass."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from proto.vendors.manifest import Manifest
from vendors import NAMES, client_of, manifest_of, mapping_of
from vendors.check import faults_of
from vendors.recorded import ROOT

GUIDE: Final = ROOT.parent / "docs/integrations.md"
BEGIN: Final = "<!-- vendors -->\n"
END: Final = "<!-- /vendors -->\n"
HEAD: Final = (
    "| vendor | status | a person is connected by | news come by | brings | agreement |\n"
    "|---|---|---|---|---|---|\n"
)
WAYS: Final = {
    "vendor_oauth": "signing in there",
    "partner_webhook": "typing what it knows them by",
    "healthkit": "the phone",
    "health_connect": "the phone",
}


def news_of(manifest: Manifest) -> str:
    can = manifest.capabilities
    ways = {
        "a webhook that says look" if can.webhook == "ping" else "a webhook with the data": can.webhook
        != "none",
        "a socket": can.socket,
        "a socket of theirs": can.dial,
        "MQTT": can.mqtt,
        f"looking every {_span(can.poll_s)}": can.pull,
        "the phone": manifest.status == "on_device",
    }
    return ", ".join(way for way, is_one in ways.items() if is_one)


def _span(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds // 60} min"


def row_of(manifest: Manifest) -> str:
    brings = ", ".join(sorted(manifest.kinds)) if len(manifest.kinds) < 25 else "everything"
    cells = (
        f"[{manifest.title}](../vendors/{manifest.name}/README.md)",
        manifest.status.replace("_", " "),
        WAYS[manifest.pairing_method],
        news_of(manifest),
        brings.replace("_", " "),
        manifest.baa,
    )
    return "| " + " | ".join(cells) + " |\n"


def table() -> str:
    return HEAD + "".join(row_of(manifest_of(name)) for name in NAMES)


def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def test_the_table_is_what_the_manifests_say() -> None:
    written = guide().split(BEGIN)[1].split(END)[0]
    assert written == table(), "python -m vendors.tests.test_guide writes it"


def blocks() -> dict[str, str]:
    """The files of the walk-through: name → content."""
    return dict(re.findall(r"`(vendors/acme/[\w./]+)`[^\n]*\n\n```\w+\n(.*?)```", guide(), re.DOTALL))


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The walk-through's folder, as if somebody had followed it."""
    folder = tmp_path / "acme"
    for name, content in blocks().items():
        path = tmp_path / Path(name).relative_to("vendors")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (folder / "__init__.py").write_text('"""Acme."""\n')
    import vendors
    import vendors.check
    import vendors.recorded

    monkeypatch.setattr(vendors, "__path__", [*vendors.__path__, str(tmp_path)])
    for module in (vendors, vendors.check):
        monkeypatch.setattr(module, "NAMES", (*NAMES, "acme"))
    for module in (vendors.check, vendors.recorded):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("vendors.acme")]:
        del sys.modules[name]


def test_the_example_passes_the_check_and_gives_what_its_answer_says(acme: Path) -> None:
    from vendors.recorded import fixtures_of

    assert list(faults_of("acme")) == []
    [(_, fixture)] = fixtures_of("acme").items()
    found = mapping_of("acme")(fixture.payloads, fixture.context)
    assert [reading.readings for reading in found.readings] == [
        reading["readings"] for reading in fixture.expect["readings"]
    ]
    assert client_of("acme").manifest is manifest_of("acme")


def test_what_the_check_says_of_a_folder_that_is_not_finished(acme: Path) -> None:
    """The lines that the guide shows are those that come out."""
    shown = set(re.findall(r"^vendors/acme: (.*)$", guide(), re.MULTILINE))
    (acme / "README.md").unlink()
    manifest = acme / "manifest.py"
    text = manifest.read_text().replace("# BAA:", "# Agreement:").replace('{"weight"}', '{"weight", "spo2"}')
    manifest.write_text(text)
    assert set(faults_of("acme")) <= shown
    assert len(set(faults_of("acme"))) == 3
    assert "not in the list of vendors/__init__.py" in shown


def test_the_check_is_content_with_what_is_here() -> None:
    done = subprocess.run([sys.executable, "-m", "vendors.check"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


if __name__ == "__main__":
    text = guide()
    GUIDE.write_text(text.split(BEGIN)[0] + BEGIN + table() + END + text.split(END)[1], encoding="utf-8")
