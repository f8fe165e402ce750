"""`python -m vendors.check`: every folder against its manifest, its mapping and its recorded answers.

What a manifest declares must be shown by a recorded answer, and what the answers show must be declared: nobody is asked
to consent to a kind that never comes, and nothing comes that nobody was asked about.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from proto.metrics import KIND_OF
from proto.vendors.manifest import Manifest
from vendors import NAMES, manifest_of, mapping_of
from vendors.recorded import ROOT, fixtures_of

NOT_VENDORS = frozenset({"tests", "__pycache__"})


def faults_of(name: str) -> Iterator[str]:
    folder = ROOT / name
    try:
        manifest = manifest_of(name)
        mapping_of(name)
    except (ImportError, AttributeError, ValueError) as error:
        yield f"cannot be loaded: {error}"
        return
    if manifest.name != name:
        yield f"its manifest calls it {manifest.name!r}"
    if manifest.successor and manifest.successor not in NAMES:
        yield f"its successor {manifest.successor!r} is not in the list"
    if "# BAA:" not in (folder / "manifest.py").read_text(encoding="utf-8"):
        yield "manifest.py says nothing about the agreement (# BAA:)"
    if not (folder / "README.md").exists():
        yield "README.md is missing"
    yield from _faults_of_kinds(manifest)


def _faults_of_kinds(manifest: Manifest) -> Iterator[str]:
    try:
        recorded = fixtures_of(manifest.name)
    except msgspec.MsgspecError as error:
        yield f"a recorded answer has another form: {error}"
        return
    shown = {
        KIND_OF[field]
        for fixture in recorded.values()
        for reading in fixture.expect.get("readings", [])
        for field in reading["readings"]
    }
    for kind in sorted(manifest.kinds - shown):
        yield f"declares {kind}, and no recorded answer shows it"
    for kind in sorted(shown - manifest.kinds):
        yield f"brings {kind}, and does not declare it"


def main() -> int:
    folders = {path.name for path in Path(ROOT).iterdir() if path.is_dir()} - NOT_VENDORS
    faults = [f"vendors/{name}: {fault}" for name in NAMES for fault in faults_of(name)]
    faults += [
        f"vendors/{name}: not in the list of vendors/__init__.py" for name in sorted(folders - set(NAMES))
    ]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
