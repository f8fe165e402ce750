"""Spirometers of partners, by contract: see README.md."""
