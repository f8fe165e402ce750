"""Becomes another program, under rules that only the child itself can set. Run by path, needs only the standard library.

`python launch.py PARENT DEATH_SIGNAL IDENTITY PROGRAM [ARGUMENT…]`: the program gets DEATH_SIGNAL when its parent dies
(Linux), and runs as IDENTITY: `self`, `map:UID:GID` (root that looks like somebody else, by a user namespace) or
`become:UID:GID`. PostgreSQL refuses to run as root; `map` lets root run it wherever root may read.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> None:
    parent, death_signal, identity, *program = arguments
    how, _, ids = identity.partition(":")
    if how != "self":
        uid, gid = (int(part) for part in ids.split(":"))
        if how == "map":
            look_like(uid, gid)
        else:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
    die_with_parent(int(parent), int(death_signal))
    os.execv(program[0], program)  # noqa: S606 - becoming the program is the point


def look_like(uid: int, gid: int) -> None:
    """Shows this process, which stays what it is outside, as another user to itself."""
    outside_uid, outside_gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(f"user namespaces are not allowed here: {os.strerror(ctypes.get_errno())}")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outside_uid} 1"),
        ("gid_map", f"{gid} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Asks Linux for a signal when the parent's thread ends. Elsewhere the pids file is what cleans up."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
