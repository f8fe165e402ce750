"""Fitbit (Web API, switched off by its vendor): see README.md."""
