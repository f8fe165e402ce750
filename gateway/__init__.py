"""The front door: who is asking, which service answers, and what happens live. Decides nothing about meaning, owns no table."""
