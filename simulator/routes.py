"""HTTP in: one request of a person to simulate. Everything else of this process is the identity provider's."""

from typing import Any, Final

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from chassis.auth import bearer
from proto.resources import Simulated, SimulateRequest
from simulator.simulation import Simulation


@post(["/api/v1/device/simulate", "/simulate"], status_code=202)
async def simulate(
    request: Request[Any, Any, Any], data: JSONBody[SimulateRequest], simulation: NamedDependency[Simulation]
) -> Simulated:
    """The caller's own bearer goes on to the front door: nobody can simulate for somebody else."""
    return Simulated(accepted=await simulation.run(bearer(request.headers.get("authorization")), data))


ROUTES: Final = (simulate,)
