"""The outside world for development and tests: bodies, devices, hubs, an identity provider. Never imported by services."""
