"""The catalogue: which devices exist, what they measure, and how they are best connected."""
