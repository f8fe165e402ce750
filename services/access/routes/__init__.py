"""HTTP in, by what it is about."""

from services.access.routes import audit, people

HANDLERS = [*people.HANDLERS, *audit.HANDLERS]
