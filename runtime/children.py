"""Child processes of the supervisor: forked ones, leftovers of a former run, and small pieces of work in a fork.

Everything that opens sockets, loops or threads happens in a child, so that the parent stays fit to be forked.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import psutil

from runtime.embedded.launch import die_with_parent
from runtime.home import Home, read_json, write_json

EXIT_WORK_FAILED: Final = 1
LEFTOVER_SIGNALS: Final = {"postgres": signal.SIGINT, "s3": signal.SIGKILL}
"""PostgreSQL would wait for its clients at SIGTERM, and SeaweedFS for itself."""


class Forked:
    """A forked child: the same face as a started program."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it), or None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self.returncode = -signal.SIGKILL
                return self.returncode
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def fork(work: Callable[[], int], log: int, before: Callable[[], None]) -> Forked:
    """Forks a child that runs `work` and ends with its answer. `before` lets go of what only the parent may hold.

    Output goes to the descriptor `log`. The child has a session of its own, so that Ctrl-C reaches the parent alone,
    and is told to stop when the parent dies: by SIGINT, which from a parent means at once (`runtime.serve`).
    """
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Forked(pid)
    code = 70  # EX_SOFTWARE
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        before()
        os.setsid()
        die_with_parent(parent, signal.SIGINT)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = work()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Work:
    """A small piece of work in a fork; what it says when it fails comes back as text."""

    def __init__(self, name: str, work: Callable[[], str], log: int, before: Callable[[], None]) -> None:
        self.name = name
        self._reader, writer = os.pipe()

        def run() -> int:
            try:
                answer, code = work(), 0
            except Exception as error:
                traceback.print_exc()
                answer, code = str(error) or type(error).__name__, EXIT_WORK_FAILED
            with os.fdopen(writer, "w") as file:
                file.write(answer)
            return code

        self.child = fork(run, log, before)
        os.close(writer)

    @property
    def done(self) -> bool:
        return self.child.poll() is not None

    def result(self) -> tuple[bool, str]:
        """Whether it succeeded, and what it said. Waits for it."""
        with os.fdopen(self._reader) as file:
            answer = file.read()
        while not self.done:
            time.sleep(0.005)
        return self.child.returncode == 0, answer


class Record(msgspec.Struct):
    """A process id is reused; together with its start it names one process."""

    pid: int
    created: float


def remember(home: Home, pids: Mapping[str, int]) -> None:
    """Writes down which processes are ours."""
    records = {
        name: {"pid": pid, "created": process.create_time()}
        for name, pid in pids.items()
        if (process := _living(pid))
    }
    write_json(home.pids, records)


def leftovers(home: Home) -> dict[str, psutil.Process]:
    """Processes of a former run whose supervisor died without stopping them."""
    found = {}
    for name, record in msgspec.convert(read_json(home.pids, {}), dict[str, Record]).items():
        process = _living(record.pid)
        if process is not None and process.create_time() == record.created:
            found[name] = process
    return found


def stop_leftovers(home: Home, within_s: float = 5.0) -> list[str]:
    """Ends what a former run left; answers their names."""
    found = leftovers(home)
    for name, process in found.items():
        try:
            process.send_signal(LEFTOVER_SIGNALS.get(name, signal.SIGTERM))
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(list(found.values()), timeout=within_s)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=within_s)
    home.pids.unlink(missing_ok=True)
    return sorted(found)


def _living(pid: int) -> psutil.Process | None:
    """The process, with the time of its creation already asked: a question put later may find it gone."""
    try:
        process = psutil.Process(pid)
        process.create_time()  # psutil keeps the answer
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None
