"""`make companion` again changes nothing: what is in the tree is what Capacitor makes of it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

UI: Final = Path(__file__).resolve().parents[2] / "ui"
NODE: Final = "node@24"
COPIED: Final = frozenset(
    {"public", "assets", "build", "capacitor-cordova-android-plugins", "capacitor-cordova-ios-plugins"}
)
"""Made anew each time, and in no repository."""
MADE: Final = frozenset({"capacitor.config.json", "config.xml"})
FETCH_S: Final = 60


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The parts that Capacitor reads and writes, beside the same packages."""
    ui = tmp_path / "ui"
    for name in ("android", "ios"):
        shutil.copytree(UI / name, ui / name, ignore=shutil.ignore_patterns(*COPIED))
    for name in ("capacitor.config.ts", "package.json"):
        shutil.copy(UI / name, ui / name)
    (ui / "dist-app").mkdir()
    (ui / "dist-app/index.html").write_text("<!doctype html><title>pages</title>")
    (ui / "node_modules").symlink_to(UI / "node_modules")
    return ui


def npm_exec(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", "exec", "-y", "--prefer-offline", f"--package={NODE}", "--", "node", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FETCH_S,
        check=False,
    )


def need_node(cwd: Path) -> None:
    if not (UI / "node_modules/@capacitor/cli").is_dir():
        pytest.skip("UI packages are not installed: nothing to synchronise with (`make install`)")
    try:
        found = npm_exec(cwd, "--version")
    except (OSError, subprocess.TimeoutExpired):
        found = None
    if found is None or found.returncode != 0:
        pytest.skip(
            f"{NODE} cannot be fetched here: whether `cap sync` leaves a difference was NOT looked at"
        )


def files_of(root: Path) -> set[Path]:
    return {
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file() and path.name not in MADE and not COPIED & set(path.relative_to(root).parts)
    }


def text_of(path: Path) -> bytes:
    """With packages named alike: the copy's are reached by a link, which Capacitor follows."""
    return re.sub(rb"(\.\./)[^'\"]*node_modules/", b"node_modules/", path.read_bytes())


def test_synchronising_again_leaves_no_difference(copy: Path) -> None:
    need_node(copy)
    done = npm_exec(copy, "node_modules/@capacitor/cli/bin/capacitor", "sync")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("android", "ios"):
        before, after = files_of(UI / name), files_of(copy / name)
        assert after == before
        changed = [path for path in before if text_of(UI / name / path) != text_of(copy / name / path)]
        assert changed == []
        assert list((copy / name).rglob("public/index.html")), "the pages were not copied"
