"""Which vendors an installation can use, by the files that are there."""

from pathlib import Path

import pytest

from services.sync.parties import Vendors
from vendors import NAMES, manifest_of

NEEDY = [name for name in NAMES if len(manifest_of(name).credentials) > 1]


@pytest.mark.parametrize("name", NEEDY)
def test_what_is_missing_is_named_file_by_file_until_nothing_is(tmp_path: Path, name: str) -> None:
    wanted = list(manifest_of(name).credentials)
    folder = tmp_path / "vendors" / name
    folder.mkdir(parents=True)

    none = Vendors(tmp_path, frozenset())
    (folder / wanted[0]).write_text("an invented one\n")
    (folder / wanted[1]).write_text(" \n")
    some = Vendors(tmp_path, frozenset())
    for credential in wanted[1:]:
        (folder / credential).write_text("an invented one")
    all_ = Vendors(tmp_path, frozenset())

    assert (none.missing_credentials(name), none.needs_credentials(name)) == (wanted, True)
    assert (some.missing_credentials(name), some.needs_credentials(name)) == (wanted[1:], True)
    assert (all_.missing_credentials(name), all_.needs_credentials(name)) == ([], False)
