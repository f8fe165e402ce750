"""All SQL of pairing, by noun: connections, sessions, consents, hubs, accounts. No decisions, no commits.

Rows are locked in this order: a vendor's account, connections by id, then their sessions, then consents. Nobody waits
in a circle.
"""
