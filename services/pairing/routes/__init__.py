"""HTTP of pairing, by noun. Each handler: parse, one transaction, shape."""

from services.pairing.routes import connections, consents, hubs, pairing

ROUTERS = [connections.router, pairing.router, hubs.router, consents.router, consents.texts_router]
