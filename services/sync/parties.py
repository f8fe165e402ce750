"""The vendors that this installation can use: manifest, client with its credentials, mapping. Read once at start."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from proto.vendors.client import Client
from proto.vendors.manifest import Manifest
from proto.vendors.normalized import Mapping
from vendors import NAMES, client_of, export_of, manifest_of, mapping_of

WEBHOOK_SECRETS: Final = "webhook_secrets"
"""One secret a line; the first is the newest. All are good, so that they can be changed without a gap."""
PATH_TOKEN: Final = "path_token"  # noqa: S105 - a file's name
SOCKET_SECRETS: Final = "socket_secrets"


class Vendors:
    """Credentials are files: `<secrets>/vendors/<name>/<credential>`. A vendor without them is there, and cannot be used."""

    def __init__(self, secrets: Path, enabled: frozenset[str]) -> None:
        self._folder = secrets / "vendors"
        self._enabled = enabled
        self.manifests: dict[str, Manifest] = {name: manifest_of(name) for name in NAMES}
        self._clients: dict[str, Client] = {}
        self._missing: dict[str, list[str]] = {}
        for name, manifest in self.manifests.items():
            given = {credential: self._read(name, credential) for credential in manifest.credentials}
            present = {credential: text for credential, text in given.items() if text}
            self._missing[name] = [
                credential for credential in manifest.credentials if credential not in present
            ]
            if len(present) == len(manifest.credentials) and (
                manifest.credentials or manifest.capabilities.pull
            ):
                options = {option: text for option in manifest.options if (text := self._read(name, option))}
                self._clients[name] = client_of(name)({**present, **options})

    def manifest(self, name: str) -> Manifest | None:
        return self.manifests.get(name)

    def client(self, name: str) -> Client | None:
        """None: unknown, or without credentials."""
        return self._clients.get(name)

    def mapping(self, name: str) -> Mapping:
        return mapping_of(name)

    def export(self, name: str) -> Callable[[IO[bytes], int], Iterator[dict[str, Any]]]:
        """How a file that a person exported there is read."""
        return export_of(name)

    def needs_credentials(self, name: str) -> bool:
        return bool(self.manifests[name].credentials) and name not in self._clients

    def missing_credentials(self, name: str) -> list[str]:
        return self._missing[name]

    def is_offered(self, name: str) -> bool:
        """Whether a person may connect it."""
        manifest = self.manifests[name]
        return name in self._clients and (not manifest.off_by_default or name in self._enabled)

    def webhook_secrets(self, name: str) -> list[str]:
        return self._lines(name, WEBHOOK_SECRETS)

    def socket_secrets(self, name: str) -> list[str]:
        return self._lines(name, SOCKET_SECRETS)

    def path_token(self, name: str) -> str:
        """The unguessable part of the webhook address; empty where none is demanded."""
        return self._read(name, PATH_TOKEN)

    def _lines(self, name: str, file: str) -> list[str]:
        return [line.strip() for line in self._read(name, file).splitlines() if line.strip()]

    def _read(self, name: str, file: str) -> str:
        try:
            return (self._folder / name / file).read_text(encoding="utf-8").strip()
        except OSError:
            return ""
