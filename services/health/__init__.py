"""How devices are: last seen, battery, signal, staleness, and what went wrong, in words."""
