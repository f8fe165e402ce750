"""One supervisor per home: a lock that the system takes back when its holder dies, however it dies."""

import fcntl
import os

from runtime.home import Home


class AlreadyRunning(Exception):
    """Another supervisor holds the home."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"already running, as process {pid}")
        self.pid = pid


class Lock:
    """Held from `take` until `release`, or until this process ends. A forked child must `leave` it."""

    def __init__(self, home: Home) -> None:
        self._path = home.lock
        self._descriptor = -1

    def take(self) -> None:
        """Raises `AlreadyRunning`."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = int(os.pread(descriptor, 20, 0) or b"0")
            os.close(descriptor)
            raise AlreadyRunning(pid) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def leave(self) -> None:
        """Closes the descriptor without giving up the lock, which belongs to whoever else has it open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def release(self) -> None:
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
        self.leave()


def holder(home: Home) -> int | None:
    """The process id of the supervisor of this home, or None when there is none."""
    if not home.lock.exists():
        return None
    lock = Lock(home)
    try:
        lock.take()
    except AlreadyRunning as error:
        return error.pid
    lock.release()
    return None
