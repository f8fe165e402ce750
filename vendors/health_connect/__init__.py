"""Android Health Connect, read by the companion app: see README.md."""
