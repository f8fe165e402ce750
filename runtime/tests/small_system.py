"""`up` with small processes instead of the real ones: `python -m runtime.tests.small_system HOME PORT`."""

import sys

from runtime.environment import given
from runtime.home import Home
from runtime.lock import AlreadyRunning
from runtime.processes import Process
from runtime.supervisor import Supervisor

SMALL = (
    Process(name="registry", module="runtime.tests.small_app"),
    Process(name="gateway", module="runtime.tests.small_app", is_service=False),
)


def main(home: str, port: str) -> int:
    def say(line: str) -> None:
        print(line, flush=True)

    supervisor = Supervisor(
        Home(home).create(), given(), port=int(port), demo=False, say=say, processes=SMALL
    )
    try:
        return supervisor.run()
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
