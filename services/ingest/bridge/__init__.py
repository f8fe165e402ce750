"""The bridge: takes what hubs publish over MQTT, acknowledges it upstream only when it is durable, and brings answers down."""
