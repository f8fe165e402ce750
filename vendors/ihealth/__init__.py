"""iHealth (Open API V2): see README.md."""
