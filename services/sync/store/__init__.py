"""SQL of the schema `sync`: accounts, jobs, sign-ins under way, events heard."""
