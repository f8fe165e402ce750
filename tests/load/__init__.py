"""Load and measurement, on loopback only, bounded in time; stops what it started."""
