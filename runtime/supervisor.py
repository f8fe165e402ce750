"""`device-connect up`: servers, migrations, streams, then every process forked from one parent that imported them all.

The parent opens no loop, thread or connection of its own, so that it can fork a process again whenever one dies.
"""

import asyncio
import gc
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Final

from runtime import migrate, secrets, streams
from runtime.checkup import ENOUGH_FREE, Checkup
from runtime.children import Forked, Work, fork, remember, stop_leftovers
from runtime.embedded.server import Running, Server, ServerError, start
from runtime.handover import Notices, Place, Post, place
from runtime.home import LOOPBACK, Home, reserve, write_json
from runtime.lock import Lock
from runtime.processes import EXIT_CONFIG, S3_BUCKET, Process, environ_of, existing
from runtime.servers import Servers, decide
from runtime.supervised import Handle, Served, Supervised, ask_ready

TITLES: Final = {"postgres": "PostgreSQL", "nats": "NATS", "valkey": "Valkey", "s3": "S3"}
READY_S: Final = 60.0
DRAIN_S: Final = 25.0
TICK_S: Final = 0.03
IDLE_S: Final = 2.0
CHECKUP_S: Final = 2.0
MIB: Final = 2**20
VAIN: Final = 3
"""Deaths in a row after which the system does not come up."""
HOPELESS: Final = 6
"""Deaths in a row after which nobody is kept waiting for the next start: it is seconds away, as the last one is."""


class StartError(Exception):
    """The system does not come up. The message says what a person can do about it."""


class Stopping(Exception):
    """Somebody asked us to stop."""


class Supervisor:
    """Brings one home up, watches it, and takes it down."""

    def __init__(
        self,
        home: Home,
        given: Mapping[str, str],
        *,
        port: int,
        demo: bool,
        say: Callable[[str], None],
        processes: Sequence[Process] | None = None,
    ) -> None:
        self.home = home
        self.processes = [
            process
            for process in (existing() if processes is None else processes)
            if process.name != "idp" or "DC_OIDC_ISSUER" not in given
        ]
        self._given = {**given, "DC_DEMO": "true" if demo else "false"}
        self._port = port
        self._demo = demo
        self._say = say
        self._began = time.monotonic()
        self._lock = Lock(home)
        self._wake_read, self._wake_write = os.pipe()
        self._asked_to_stop = 0
        self._servers: dict[str, Supervised] = {}
        self._running: dict[str, Running] = {}
        self._children: dict[str, Served] = {}
        self._places: dict[str, Place] = {}
        self._notices = Notices()
        self._checkups: dict[str, Checkup] = {}
        self._checkup_at = 0.0
        self._bucket: Work | None = None
        self._works: list[Work] = []
        self._bucket_exists = False
        self._owner_url = ""
        self._up = False

    # -- the whole ---------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Comes up, stays up until SIGINT or SIGTERM, goes down. Answers the exit code."""
        self._lock.take()
        self._listen_to_signals()
        code = 0
        try:
            self._come_up()
            self._watch()
        except Stopping:
            pass
        except (StartError, ServerError, migrate.MigrationError) as error:
            self._say(f"\n{error}")
            code = 1
        finally:
            self._go_down()  # the lock of the home ends with this process, as its ports do
        return code

    def _come_up(self) -> None:
        home = self.home
        home.endpoints.unlink(missing_ok=True)
        if left := stop_leftovers(home):
            self._say(f"stopped what a former run had left behind: {', '.join(left)}")
        secrets.ensure(home.secrets)
        self._port = self._port or home.port("gateway")
        if not reserve(self._port):
            raise StartError(
                f"Port {self._port} on {LOOPBACK} is taken by another program. "
                "Stop it, or choose another port with --port (or DC_PORT)."
            )
        self.servers = decide(home, self._given, self._port)
        self._ports = self._process_ports()
        self._start_servers()
        self._import()
        self._await_servers()
        self._prepare_servers()
        self._start_processes()

    # -- steps -------------------------------------------------------------------------------------------------

    def _start_servers(self) -> None:
        for name, prepare in self.servers.embedded.items():
            server = prepare()
            self._servers[name] = Supervised(
                name, partial(self._start_server, server), server.ready, needed=name != "s3"
            )
            self._servers[name].start()
            self._remember()
        if self._servers:
            self._step(f"started {', '.join(TITLES[name] for name in self._servers)}")

    def _start_server(self, server: Server) -> Handle:
        running = start(server)
        self._running[server.name] = running
        return running.process

    def _import(self) -> None:
        """Once for all processes: they share what it costs in time and memory."""
        gc.disable()
        for process in self.processes:
            try:
                import_module(process.module)
            except Exception as error:
                raise StartError(
                    f"{process.module} cannot be imported: {type(error).__name__}: {error}"
                ) from error
        gc.collect()
        gc.freeze()  # keeps the collector of a child from writing to, and so copying, the shared pages
        gc.enable()
        self._step(f"imported {len(self.processes)} processes")

    def _await_servers(self) -> None:
        for name, supervised in self._servers.items():
            running = self._running[name]
            deadline = time.monotonic() + running.server.start_s
            while supervised.needed and not supervised.ready:
                if not running.is_ready():
                    if time.monotonic() > deadline:
                        raise ServerError(running.failure("did not answer in time"))
                    self._pause(TICK_S)
                supervised.becomes_ready(time.monotonic())
        if self._servers:
            self._step("servers answer")

    def _prepare_servers(self) -> None:
        """The schema and the streams, in two children at once."""
        servers, home = self.servers, self.home

        def database() -> str:
            return asyncio.run(_migrate(servers, home))

        def bus() -> str:
            asyncio.run(streams.ensure_streams(servers.addresses.nats, home.secrets))
            return "streams, consumers and buckets are as declared"

        works = [self._work("migrate", database), self._work("streams", bus)]
        self._owner_url, told = self._finish(works[0]).split("\n", 1)
        self._step(told)
        self._step(self._finish(works[1]))

    def _finish(self, work: Work) -> str:
        """Waits for a piece of work that the rest depends on, and answers what it said."""
        while not work.done:
            self._pause(TICK_S)
        succeeded, told = work.result()
        if not succeeded:
            raise StartError(f"{told}\n(more in {self.home.log(work.name)})")
        return told

    def _start_processes(self) -> None:
        for process in self.processes:
            self._places[process.name] = self._open(process.name)
        for process in self.processes:
            self._children[process.name] = Served(process.name, partial(self._fork, process), self._notices)
            self._children[process.name].start()
        self._remember()
        deadline = time.monotonic() + READY_S
        while not all(child.ready for child in self._children.values()):
            self._look_after(self._children)
            for child in self._children.values():
                if child.deaths >= VAIN or child.last_code == EXIT_CONFIG:
                    raise StartError(self._why_not(child))
            if time.monotonic() > deadline:
                waiting = [child for child in self._children.values() if not child.ready]
                raise StartError("\n".join(self._why_not(child) for child in waiting))
            self._pause(TICK_S)
        self._up = True
        self._step(f"{len(self._children)} processes are ready")
        self._publish()
        self._greet()

    def _open(self, name: str) -> Place:
        host = self._given.get("DC_HOST", LOOPBACK)
        try:
            return place(host, self._ports[name], self._ports[f"{name}-metrics"])
        except OSError as error:
            raise StartError(f"{name} cannot listen on {host}: {error.strerror}. Start again.") from error

    def _fork(self, process: Process) -> Forked:
        from runtime import serve  # imports uvicorn and Litestar: by now the parent has them

        name = process.name
        environ = environ_of(process, self.home, self.servers.addresses, self._ports, self._given)
        relieves = name in self._children and self._children[name].handle is not None
        post = Post(self._places[name], self._notices.tell, relieves)
        log = self.home.open_log(name)
        try:
            child = fork(lambda: serve.run(process, environ, post), log, partial(self._before_child, name))
        finally:
            os.close(log)
        self._notices.forget(child.pid)
        return child

    # -- watching ----------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            changed = self._look_after(self._servers) | self._look_after(self._children)
            self._look_after_bucket()
            self._check_up(time.monotonic())
            if changed:
                self._publish()
            everything = [*self._servers.values(), *self._children.values()]
            settled = all(each.settled for each in everything) and self._bucket is None
            self._pause(IDLE_S if settled else TICK_S)

    def _look_after(self, group: Mapping[str, Supervised]) -> bool:
        """Restarts what died, relieves what leaves, notices what became ready; answers whether anything changed."""
        changed = False
        for each in group.values():
            now = time.monotonic()
            if each.has_died(now):
                changed = True
                self._say(f"{each.name} ended ({_ending(each.last_code)}); starting it again")
                if each.deaths >= HOPELESS and not each.handles and each.name in self._places:
                    self._places[each.name].hang_up()
            elif each.hands_over(now):
                changed = True
                self._say(f"{each.name} {'has been relieved' if each.settled else 'waits for its successor'}")
            elif each.is_due(now):
                changed = True
                self._restart(each)
            elif each.becomes_ready(now):
                changed = True
                if self._up and each.restarts:
                    self._say(f"{each.name} is back")
        return changed

    def _check_up(self, now: float) -> None:
        """Servers that run and do not work. They say so themselves, and a new start is what helps."""
        if now < self._checkup_at:
            return
        self._checkup_at = now + CHECKUP_S
        for name, each in self._servers.items():
            server = self._running[name].server
            if server.keeps_in is None or each.handle is None or not each.ready:
                continue
            ailment = server.ailment()
            free = shutil.disk_usage(server.keeps_in).free if ailment else 0
            match self._checkups.setdefault(name, Checkup()).judge(ailment, free, now):
                case "tell":
                    self._say(
                        f"{name} accepts nothing: {ailment}. What was acknowledged is safe; new readings are refused "
                        f"and wait at their senders.\nWhat to do: free space on {server.keeps_in} ({free // MIB} MiB "
                        f"are left, {ENOUGH_FREE // MIB} are needed). {name} is then started again by itself."
                    )
                case "restart":
                    self._say(f"{name} is unwell ({ailment}), and there is space on {server.keeps_in}")
                    each.handle.send_signal(
                        signal.SIGKILL
                    )  # in time for all; what it acknowledged is fsynced
                case None:
                    pass

    def _restart(self, each: Supervised) -> None:
        try:
            each.restart()
        except ServerError as error:
            self._say(str(error))
            each.failed_to_start(time.monotonic())
        self._remember()

    def _look_after_bucket(self) -> None:
        """The object store comes up late and nobody waits for it; its bucket is made when it answers."""
        if self._bucket_exists:
            return
        if self._bucket is None:
            if "s3" not in self._servers or self._servers["s3"].ready:
                self._bucket = self._work("bucket", partial(_make_bucket, self.servers, self.home))
        elif self._bucket.done:
            self._bucket_exists, told = self._bucket.result()
            self._bucket = None
            if not self._bucket_exists:
                self._say(told)

    # -- stopping ----------------------------------------------------------------------------------------------

    def _go_down(self) -> None:
        began = time.monotonic()
        if self._children or self._servers:
            self._say("stopping")
        for each in self._places.values():
            each.close()  # the processes hold theirs for as long as they let anybody in
        stopping: list[Handle] = [work.child for work in self._works]
        for child in self._children.values():
            stopping += child.handles
        for handle in stopping:
            handle.send_signal(signal.SIGINT)
        if "s3" in self._running:
            self._running["s3"].ask_to_stop()
        deadline = time.monotonic() + DRAIN_S
        while any(handle.poll() is None for handle in stopping):
            if time.monotonic() > deadline or self._asked_to_stop > 1:
                for handle in stopping:
                    handle.send_signal(signal.SIGKILL)
            time.sleep(TICK_S)
        drained = time.monotonic() - began
        for running in self._running.values():
            running.ask_to_stop()
        for running in self._running.values():
            running.stop()
        for path in (self.home.endpoints, self.home.state, self.home.pids):
            path.unlink(missing_ok=True)
        if stopping or self._running:
            self._say(
                f"stopped in {time.monotonic() - began:.1f} s ({drained:.1f} s for the processes to drain)"
            )

    # -- what others see ---------------------------------------------------------------------------------------

    def _publish(self) -> None:
        """endpoints.json and the state that `status` reads; both only once everything was ready."""
        self._remember()
        if not self._up:
            return
        addresses = self.servers.addresses
        served = {process.name: process for process in self.processes}
        everything = {**self._servers, **self._children}
        write_json(
            self.home.endpoints,
            {
                "gateway": f"http://localhost:{self._port}",
                "mqtt": addresses.mqtt,
                "nats": addresses.nats,
                "postgres": self._owner_url,
                "redis": addresses.redis,
                "s3": addresses.s3,
                "idp": addresses.oidc,
                "services": {
                    name: f"http://{LOOPBACK}:{self._ports[name]}"
                    for name, process in served.items()
                    if process.is_service
                },
                "metrics": {name: f"http://{LOOPBACK}:{self._ports[f'{name}-metrics']}" for name in served},
                "pids": {name: each.pid for name, each in everything.items() if each.pid is not None},
            },
        )
        write_json(
            self.home.state,
            {
                name: {"pid": each.pid, "state": each.state, "restarts": each.restarts}
                for name, each in everything.items()
            },
        )

    def _greet(self) -> None:
        lines = [
            "",
            f"Device Connect is ready:  http://localhost:{self._port}",
            "Sign in as patient-1, patient-2, caregiver-1, clinician-1 or admin-1.",
            f"Everything is kept in {self.home.path}; Ctrl-C stops it, the data stays.",
            "",
        ]
        for line in lines:
            self._say(line)

    def _why_not(self, child: Supervised) -> str:
        told = "\n".join(f"    {line}" for line in self.home.last_lines(child.name)) or "    (nothing)"
        if child.handle is None:
            what = f"ended ({_ending(child.last_code)})"
        else:
            what = f"is not ready: {'; '.join(ask_ready(self._ports[child.name]).problems) or 'no answer'}"
        return f"{child.name} {what}. The end of {self.home.log(child.name)}:\n{told}"

    # -- small things ------------------------------------------------------------------------------------------

    def _process_ports(self) -> dict[str, int]:
        names = [process.name for process in self.processes if process.name != "gateway"]
        metrics = [f"{process.name}-metrics" for process in self.processes]
        return {**self.home.ports([*names, *metrics]), "gateway": self._port}

    def _work(self, name: str, work: Callable[[], str]) -> Work:
        log = self.home.open_log(name)
        try:
            self._works = [each for each in self._works if not each.done]
            self._works.append(Work(name, work, log, self._before_child))
            return self._works[-1]
        finally:
            os.close(log)

    def _before_child(self, name: str | None = None) -> None:
        """Lets go of what a child must not keep: the lock, our pipes, and the sockets of others than `name`."""
        for other, others in self._places.items():
            if other != name:
                others.close()
        self._notices.leave(speaks=name is not None)
        signal.set_wakeup_fd(-1)
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._lock.leave()

    def _remember(self) -> None:
        everything = [*self._servers.values(), *self._children.values()]
        remember(self.home, {name: pid for each in everything for name, pid in each.pids.items()})

    def _step(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.2f} s  {what}")

    def _listen_to_signals(self) -> None:
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # only to wake us

    def _on_stop(self, number: int, frame: object) -> None:
        self._asked_to_stop += 1

    def _pause(self, seconds: float) -> None:
        """Waits, or less when a signal comes. Raises `Stopping` when that was a request to stop."""
        if self._asked_to_stop == 0:
            select.select([self._wake_read, self._notices.reader], [], [], seconds)
        self._notices.listen()
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        if self._asked_to_stop:
            raise Stopping


async def _migrate(servers: Servers, home: Home) -> str:
    """Answers the owner's URL, and on the next line what was done."""
    owner_url = await migrate.prepare(servers.admin_url, home.secrets, servers.database)
    changed = await migrate.migrate(owner_url)
    return (
        f"{owner_url}\nmigrated {', '.join(changed)}"
        if changed
        else f"{owner_url}\nthe database is up to date"
    )


def _make_bucket(servers: Servers, home: Home) -> str:
    from runtime.embedded import s3  # its client starts threads, so it is imported in the child alone

    keys = home.secrets / "s3"
    access_key, secret_key = ((keys / name).read_text().strip() for name in ("access_key", "secret_key"))
    s3.wait_for_bucket(servers.addresses.s3, access_key, secret_key, S3_BUCKET)
    return "the bucket exists"


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
