"""Abbott FreeStyle Libre, by contract: see README.md."""
