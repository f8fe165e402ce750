"""Kinsa thermometers, by contract: see README.md."""
