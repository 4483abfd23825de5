"""Addresses of registries and of their repositories."""

from dynbuild.reference import DEFAULT_REGISTRY, parse
from dynbuild.tiers.http.address import is_loopback
from dynbuild.values import dataclass

GHCR = "ghcr.io"
_HUB = "registry-1.docker.io"
"""The host that serves docker.io (as in Docker's own code)."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a registry: ``ghcr.io`` and ``org/name``."""

    host: str
    path: str

    @property
    def origin(self) -> str:
        """Scheme and authority; http for loopback alone, as in Docker."""
        host = _HUB if self.host == DEFAULT_REGISTRY else self.host
        scheme = "http" if is_loopback(host) else "https"
        return f"{scheme}://{host}"

    def url(self, what: str) -> str:
        """Return the address of something in it."""
        return f"{self.origin}/v2/{self.path}/{what}"

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


def repository(text: str) -> Repository:
    """Return the repository of a reference. Raises DeclarationError."""
    host, _, path = parse(text).repository.partition("/")
    return Repository(host, path)
