"""Settings: read once at start from the environment and the secrets folder, typed, and refused whole when wrong.

A service's settings are a frozen struct below `Common`. Field `pairing_ttl_s` is `DC_PAIRING_TTL_S`; a `Secret` field
`oidc_client_secret` with `secret("oidc/client_secret")` is a file below `DC_SECRETS_DIR`. Nothing else reads the
environment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

S = TypeVar("S", bound="Common")


class Secret:
    """A value that never prints itself. `reveal()` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(•)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class ConfigError(Exception):
    """Everything that is wrong with the settings, at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


Port = Annotated[int, Meta(ge=0, le=65535)]


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """What every process is told."""

    env: Literal["development", "production"] = "development"
    """`production` refuses development keys, the demo identity provider, plain-text listeners and missing TLS."""
    home: str = "./.device-connect"
    """Where everything that the embedded servers keep lives."""
    secrets_dir: str = ""
    """Secrets as files; empty = `<home>/secrets`."""
    host: str = "127.0.0.1"
    http_port: Port = 8000
    metrics_port: Port = 9464
    database_url: str = ""
    """`postgresql://host:port/database`; user and password come from the role and its secret."""
    database_pool: Annotated[int, Meta(ge=1, le=100)] = 5
    db_statement_cache: Annotated[int, Meta(ge=0, le=10_000)] = 256
    """asyncpg's prepared statements a connection; 0 behind a pooler without support for them."""
    nats_url: str = ""
    redis_url: str = ""
    s3_endpoint: str = ""
    s3_bucket: str = "device-connect"
    s3_region: str = "us-east-1"
    oidc_issuer: str = ""
    public_url: str = "http://localhost:8080"
    """Where people reach the gateway."""
    otel_endpoint: str = ""
    """OTLP/HTTP collector; empty = traces are not exported."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def secrets_path(self) -> Path:
        return Path(self.secrets_dir) if self.secrets_dir else Path(self.home) / "secrets"

    def secret(self, name: str) -> Secret:
        """A secret file below the secrets folder. Raises `ConfigError` naming it when it is not there."""
        path = self.secrets_path / name
        try:
            return Secret(path.read_text().strip())
        except OSError:
            raise ConfigError(
                [f"secret {name}: {path} cannot be read; create it or set DC_SECRETS_DIR"]
            ) from None

    def needs(self) -> tuple[str, ...]:
        """The names of fields that must not be empty for this process. Overridden by services."""
        return ()

    def secret_names(self) -> tuple[str, ...]:
        """The secret files that must be there for this process. Overridden by services."""
        return ()

    def check(self) -> list[str]:
        """What is wrong beyond types."""
        problems = [f"{variable(name)} is not set" for name in self.needs() if not getattr(self, name)]
        problems += [
            f"secret {name}: {self.secrets_path / name} cannot be read"
            for name in self.secret_names()
            if not (self.secrets_path / name).is_file()
        ]
        if self.env == "production":
            problems += self._production_problems()
        return problems

    def _production_problems(self) -> list[str]:
        problems = []
        if not self.public_url.startswith("https://"):
            problems.append("DC_PUBLIC_URL must be https:// in production")
        if self.oidc_issuer and not self.oidc_issuer.startswith("https://"):
            problems.append("DC_OIDC_ISSUER must be https:// in production, and not the demo provider")
        if self.nats_url and not self.nats_url.startswith("tls://"):
            problems.append("DC_NATS_URL must be tls:// in production")
        if self.redis_url and not self.redis_url.startswith("rediss://"):
            problems.append("DC_REDIS_URL must be rediss:// in production")
        if self.s3_endpoint and not self.s3_endpoint.startswith("https://"):
            problems.append("DC_S3_ENDPOINT must be https:// in production")
        if self.database_url and "sslmode=verify-full" not in self.database_url:
            problems.append("DC_DATABASE_URL must say sslmode=verify-full in production")
        if (self.secrets_path / "DEVELOPMENT").exists():
            problems.append(f"{self.secrets_path} holds development keys; make new ones for production")
        return problems

    def with_(self, **changes: Any) -> Self:
        return msgspec.structs.replace(self, **changes)


def variable(field: str) -> str:
    """The environment variable of a settings field."""
    return "DC_" + field.upper()


def load(cls: type[S], environ: Mapping[str, str]) -> S:
    """The settings of a process. Raises `ConfigError` with the whole list of what is wrong."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    hints = get_type_hints(cls, include_extras=True)
    for field in msgspec.structs.fields(cls):
        name = variable(field.name)
        if name not in environ:
            if field.required:
                problems.append(f"{name} is not set")
            continue
        try:
            values[field.name] = msgspec.convert(environ[name], hints[field.name], strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise ConfigError(problems)
    settings = cls(**values)
    problems = settings.check()
    if problems:
        raise ConfigError(problems)
    return settings
