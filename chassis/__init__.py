"""What every process needs and no business word: config, telemetry, bus, database, auth, crypto, HTTP."""
