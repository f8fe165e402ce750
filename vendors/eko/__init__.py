"""Eko stethoscopes, by contract: see README.md."""
