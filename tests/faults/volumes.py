"""Grounds for a system of its own: its bus on a small disk, or on a disk whose power can be cut. Needs root, on Linux."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MIB: Final = 2**20
SMALL: Final = 128 * MIB
IMAGE: Final = 512 * MIB
TRIES: Final = 40
"""So often the copy of an image is begun again because something was written meanwhile."""


def store(home: Path) -> Path:
    """Where the embedded NATS keeps its streams."""
    return home / "nats/jetstream"


def why_not() -> str | None:
    """Why nothing can be mounted here."""
    if os.geteuid() != 0:
        return "mounting a disk needs root"
    with tempfile.TemporaryDirectory() as folder:
        try:
            _run("mount", "-t", "tmpfs", "-o", "size=1m", "none", folder)
        except OSError as error:
            return f"mounting is not permitted here: {error}"
        _run("umount", folder)
    return None


def why_no_image() -> str | None:
    """Why no image of a disk can be mounted here."""
    if reason := why_not():
        return reason
    if not shutil.which("mkfs.ext4"):
        return "there is no mkfs.ext4"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with powered(Path(folder) / "home"):
                return None
        except OSError as error:
            return f"an image cannot be mounted here: {error}"


@contextmanager
def small(home: Path) -> Iterator[None]:
    """The bus has `SMALL` bytes for itself."""
    place = _place(home)
    _run("mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(place))
    try:
        yield
    finally:
        _unmount(place)


@contextmanager
def powered(home: Path) -> Iterator[None]:
    """The bus has an ext4 disk for itself, in a file beside the home."""
    place, image = _place(home), _image(home)
    with image.open("wb") as file:
        file.truncate(IMAGE)
    # Nothing of the file system may be left to write later: a copy is good only while nothing is written.
    _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    _run("mount", "-o", "loop", str(image), str(place))
    try:
        yield
    finally:
        _unmount(place)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """No space is left on the disk of `folder` inside."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            try:
                for size in (MIB, 4096):
                    _write_until_full(file.fileno(), bytes(size))
            finally:
                os.fsync(file.fileno())
        yield
    finally:
        ballast.unlink(missing_ok=True)


def cut_power(home: Path) -> None:
    """Puts what is on the disk now in the place of what the kernel would have written later.

    Whoever has files open goes on with the old disk, which nobody will see again: kill it. It must write nothing
    meanwhile, and it is the caller who sees to that.
    """
    place, image = _place(home), _image(home)
    copy = image.with_suffix(".copy")
    for _ in range(TRIES):
        before = _written(image)
        _run("cp", "--sparse=always", str(image), str(copy))
        if _written(image) == before:
            break
    else:
        raise TimeoutError("the disk was written to all the time")
    _run("umount", "--lazy", str(place))
    copy.replace(image)
    _run("mount", "-o", "loop", str(image), str(place))


def _place(home: Path) -> Path:
    place = store(home)
    place.mkdir(parents=True, exist_ok=True)
    return place


def _image(home: Path) -> Path:
    return home.with_name(f"{home.name}.ext4")


def _written(image: Path) -> str:
    """Writes to the device of a mounted image, those in flight included."""
    device = _run("losetup", "--noheadings", "--output", "NAME", "--associated", str(image)).strip()
    numbers = Path("/sys/class/block", Path(device).name, "stat").read_text().split()
    return " ".join(numbers[index] for index in (4, 6, 8))


def _write_until_full(file: int, block: bytes) -> None:
    while True:
        try:
            os.write(file, block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


def _unmount(place: Path) -> None:
    try:
        _run("umount", str(place))
    except OSError:  # somebody still looks inside: it goes when they do
        _run("umount", "--lazy", str(place))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
