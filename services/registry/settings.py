"""What the registry is told beyond the common settings."""

from chassis.config import Common


class Settings(Common, frozen=True, kw_only=True):
    vendors_enabled: str = ""
    """Vendors, separated by commas, that are off by default and shall be offered all the same."""

    def needs(self) -> tuple[str, ...]:
        return ("database_url", "nats_url")

    def offered(self) -> frozenset[str]:
        """The vendors of `vendors_enabled`."""
        return frozenset(name.strip() for name in self.vendors_enabled.split(",") if name.strip())

    def secret_names(self) -> tuple[str, ...]:
        return ("db/registry", "nats/registry", "keys/token_verify.pem")
