"""Pairing: connections, pairing sessions, consents and hubs. Who belongs to whom, and who may sign in as a hub."""
