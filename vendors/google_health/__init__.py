"""Google Health (API v4), successor of the Fitbit Web API: see README.md."""
