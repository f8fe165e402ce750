"""The provider's signing key (ES256), made once and kept as a file so that restarts do not end sign-ins under way."""

from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

ALGORITHM = "ES256"


class SigningKey:
    def __init__(self, key: ECKey) -> None:
        self._key = key
        self._kid = key.thumbprint()

    @classmethod
    def kept_in(cls, path: Path) -> "SigningKey":
        """The key of the file, made if there is none. Mode 0600."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        return cls(ECKey.import_key(path.read_text()))

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": ALGORITHM, "kid": self._kid}, claims, self._key, algorithms=[ALGORITHM])

    def jwks(self) -> dict[str, Any]:
        public = {**self._key.as_dict(private=False), "kid": self._kid, "use": "sig", "alg": ALGORITHM}
        return {"keys": [public]}
