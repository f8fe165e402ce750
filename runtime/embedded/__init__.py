"""The servers that come as wheels: PostgreSQL, NATS, Valkey and S3, for development and tests."""
