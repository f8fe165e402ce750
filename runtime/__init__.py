"""Runs the system: the command line, the embedded servers, the supervisor, migrations. Knows no business word."""
