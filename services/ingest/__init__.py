"""Takes readings in, over HTTP here and over MQTT in the bridge, and acknowledges what is durable."""
