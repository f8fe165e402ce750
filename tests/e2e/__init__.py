"""Black-box tests of a whole system, started by the command that a user types: HTTP, WebSocket, MQTT and a browser."""
