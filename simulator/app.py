"""Wiring of the simulator process (`idp`): the identity provider, virtual hubs, the demo, simulation on request,
and the vendors' clouds."""

from litestar import Litestar

from chassis import http
from chassis.resource import Background, Resource, Startup
from simulator import routes
from simulator.front_door import FrontDoor
from simulator.identity import routes as identity
from simulator.identity.keys import SigningKey
from simulator.identity.provider import Provider
from simulator.seeding import Seeder
from simulator.settings import Settings
from simulator.simulation import Simulation
from simulator.state import StateFile
from simulator.vendors.mount import Clouds
from simulator.world import World


def create_app(settings: Settings) -> Litestar:
    provider = Provider(
        issuer=settings.issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.secret("oidc/client_secret").reveal(),
        public_url=settings.public_url,
        key=SigningKey.kept_in(settings.state_dir / "oidc_signing.pem"),
    )
    kept = StateFile(settings.state_dir)
    world = World(settings, kept)
    background = Background()
    door = FrontDoor(settings.public_url)
    clouds = Clouds(settings.public_url, settings.secrets_path)

    async def begin() -> None:
        if settings.demo:
            background.spawn(Seeder(door, kept, world).run(), "demo")

    resources: list[Resource] = [door, world, clouds, background, Startup(begin)]
    return http.create_app(
        settings,
        "idp",
        routes=[*identity.ROUTES, *routes.ROUTES, clouds.route()],
        resources=resources,
        dependencies={
            "provider": http.value(provider),
            "simulation": http.value(Simulation(door, world, background)),
        },
        public=True,
        title="Device Connect simulator",
    )
