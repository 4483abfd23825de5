"""Addresses of registries, and which of them may receive credentials."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from dynbuild.reference import DEFAULT_REGISTRY, parse

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


def is_authority(text: str) -> bool:
    """Whether a text is ``host`` or ``host:port``, and nothing more."""
    if re.search(r"[\s\0]", text):
        return False
    try:
        parts = urlsplit(f"//{text}")
        _ = parts.port  # raises ValueError for one that there is not
    except ValueError:
        return False
    return parts.netloc == text and bool(parts.hostname) and "@" not in text


def is_loopback(authority: str) -> bool:
    """Whether ``host`` or ``host:port`` is this machine: localhost, 127/8, ::1."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: TLS, or this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # It is not an address at all.
        return False
    return bool(parts.netloc) and (
        parts.scheme == "https"
        or (parts.scheme == "http" and is_loopback(parts.netloc))
    )


def origin_of(url: str) -> str:
    """Scheme, host and port; empty, and so no other's, where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
