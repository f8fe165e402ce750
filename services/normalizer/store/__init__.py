"""All SQL of the normalizer, by noun: readings (identity, rows, rollups), queries, dead letters."""
