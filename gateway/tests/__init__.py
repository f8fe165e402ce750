"""Tests of the gateway. Servers that it talks to are small but real: uvicorn on a free port, nats-server, Valkey."""
