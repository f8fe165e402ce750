"""The system at home as a whole: up, down, status, logs."""

import argparse
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from runtime.environment import DEFAULT_PORT, given, home_of
from runtime.home import Home, read_json
from runtime.lock import AlreadyRunning, holder

STOP_S: Final = 60.0
"""Longer than the supervisor's own patience with the processes and then the servers."""


def up(arguments: argparse.Namespace) -> int:
    environ = given()
    if environ.get("DC_ENV") == "production":
        print(
            "`up` is for development. In production, run `device-connect serve <process>`.", file=sys.stderr
        )
        return 2
    home = home_of(arguments.home, environ).create()
    port = arguments.port if arguments.port is not None else int(environ.get("DC_PORT", DEFAULT_PORT))
    pid = holder(home)
    if pid is not None:
        return _already_running(home, pid)
    if arguments.detach:
        return _detach(home, port, arguments.demo)
    from runtime.supervisor import Supervisor

    try:
        return Supervisor(home, environ, port=port, demo=arguments.demo, say=_say).run()
    except AlreadyRunning as error:
        return _already_running(home, error.pid)


def down(arguments: argparse.Namespace) -> int:
    from runtime.children import stop_leftovers

    home = home_of(arguments.home, given())
    code = 0
    pid = holder(home)
    if pid is not None:
        code = _stop(home, pid)
    elif left := stop_leftovers(home):
        print(f"stopped what was left: {', '.join(left)}")
    else:
        print("not running")
    if arguments.remove and home.path.exists():
        from runtime.embedded import postgres

        postgres.remove(home)
        shutil.rmtree(home.path)
        print(f"removed {home.path}")
    return code


def status(arguments: argparse.Namespace) -> int:
    """JSON: whether it runs, each process, what is not ready, and hubs that left their branch. Exit code 0 = all ready."""
    from runtime.embedded import nats
    from runtime.supervised import ask_ready

    home = home_of(arguments.home, given())
    pid = holder(home)
    endpoints = read_json(home.endpoints, {})
    processes = read_json(home.state, {})
    for name, url in {**endpoints.get("services", {}), "gateway": endpoints.get("gateway")}.items():
        if url and name in processes:
            problems = ask_ready(int(url.rpartition(":")[2])).problems
            if problems:
                processes[name] = {**processes[name], "problems": problems}
    ready = bool(processes) and all(
        each["state"] == "ready" and not each.get("problems") for each in processes.values()
    )
    answer = {
        "running": pid is not None,
        "pid": pid,
        "ready": pid is not None and ready,
        "home": str(home.path),
        "gateway": endpoints.get("gateway"),
        "processes": processes,
        "hubs_out_of_branch": nats.out_of_branch(home),
    }
    print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
    return 0 if answer["ready"] else 1


def logs(arguments: argparse.Namespace) -> int:
    home = home_of(arguments.home, given())
    known = sorted(path.stem for path in (home.path / "log").glob("*.log"))
    unknown = sorted(set(arguments.names) - set(known))
    if unknown or not known:
        print(f"no log of {', '.join(unknown) or 'anything'}; there is: {', '.join(known)}", file=sys.stderr)
        return 2
    names = arguments.names or known
    for name in names:
        for line in home.last_lines(name, arguments.lines):
            print(f"{name:<13} {line}" if len(names) > 1 else line)
    if arguments.follow:
        try:
            for name, line in _follow([(name, home.log(name)) for name in names]):
                print(f"{name:<13} {line}" if len(names) > 1 else line, flush=True)
        except KeyboardInterrupt:
            return 0
    return 0


def _stop(home: Home, pid: int) -> int:
    """Asks the supervisor to stop, and waits; at the end of our patience kills it and what it leaves."""
    from runtime.children import stop_leftovers

    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while holder(home) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            stop_leftovers(home)
            print("it did not stop in time and was killed", file=sys.stderr)
            return 1
        time.sleep(0.05)
    print("stopped")
    return 0


def _already_running(home: Home, pid: int) -> int:
    address = read_json(home.endpoints, {}).get("gateway")
    where = f" at {address}" if address else " (still starting)"
    print(f"Device Connect is already running{where}, as process {pid}, on {home.path}.", file=sys.stderr)
    print("Stop it with `device-connect down`, or use another folder with --home.", file=sys.stderr)
    return 1


def _detach(home: Home, port: int, demo: bool) -> int:
    """Starts the supervisor in a session of its own, shows what it says until it is ready, and leaves it there."""
    log = home.log("up")
    log.unlink(missing_ok=True)
    home.endpoints.unlink(missing_ok=True)
    descriptor = home.open_log("up")
    command = [sys.executable, "-m", "runtime.cli", "up", "--home", str(home.path), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--demo" if demo else "--no-demo"],
        stdin=subprocess.DEVNULL,
        stdout=descriptor,
        stderr=descriptor,
        start_new_session=True,
    )
    os.close(descriptor)
    with log.open() as told:
        while True:
            ended, ready = process.poll() is not None, home.endpoints.exists()
            sys.stdout.write(told.read())
            sys.stdout.flush()
            if ended:
                return process.returncode or 1
            if ready:
                process.returncode = 0  # it goes on without us: nobody will wait for it
                print(f"It runs in the background as process {process.pid}.")
                return 0
            time.sleep(0.05)


def _follow(files: list[tuple[str, Path]]) -> Iterator[tuple[str, str]]:
    opened = [(name, path.open(errors="replace")) for name, path in files]
    for _, file in opened:
        file.seek(0, os.SEEK_END)
    while True:
        quiet = True
        for name, file in opened:
            while line := file.readline():
                quiet = False
                yield name, line.rstrip("\n")
        if quiet:
            select.select([], [], [], 0.2)


def _say(line: str) -> None:
    print(line, flush=True)
