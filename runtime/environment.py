"""The environment of this process, read in one place at the edge and handed on as a mapping."""

import os
from pathlib import Path

from runtime.home import Home

DEFAULT_HOME = "./.device-connect"
DEFAULT_PORT = 8080


def given() -> dict[str, str]:
    """The `DC_*` variables that somebody set; empty ones count as not set."""
    return {name: value for name, value in os.environ.items() if name.startswith("DC_") and value}  # noqa: TID251


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines, `#` comments, optional quotes. Raises `OSError`; a line that is none of these is a ValueError."""
    values = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            raise ValueError(f"{path}:{number} is not NAME=value")
        values[name.strip()] = value.strip().strip("'\"")
    return {name: value for name, value in values.items() if value}


def home_of(path: str | None, environ: dict[str, str]) -> Home:
    """The home that an option, `DC_HOME` or the default names."""
    return Home(path or environ.get("DC_HOME") or DEFAULT_HOME, environ.get("DC_SECRETS_DIR"))
