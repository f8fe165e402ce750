"""All SQL of pairing, by noun: connections, sessions, consents, hubs. No decisions, no commits.

Rows are locked in this order: connections by id, then their sessions, then consents. Nobody waits in a circle.
"""
