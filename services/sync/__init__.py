"""Vendor accounts: signing in, tokens, looking for new readings, notifications, imports. See README.md."""
