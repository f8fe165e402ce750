"""Ports for what a test starts itself. Nobody else is given one while the test run lives."""

from runtime.home import free_port

__all__ = ["free_port"]
