"""Turns what rests in INGEST into the record: decode, check, store once, roll up, and say what was stored. Answers queries."""
