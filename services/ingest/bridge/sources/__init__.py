"""Where hubs' publishes come from: the NATS server's own MQTT listener, or any broker that a hospital already runs."""
