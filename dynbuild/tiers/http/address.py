"""Addresses of servers, and which of them may receive credentials."""

import ipaddress
import re
from urllib.parse import urlsplit


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


def is_sound(url: str) -> bool:
    r"""Whether all programs find the same host in an address.

    Of ``https://a\@b`` urllib says ``b``, and urllib3 asks ``a``.
    """
    return re.search(r"[\\\s\x00-\x1f]", url) is None


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
    if not parts.netloc or not is_sound(url):
        return False
    if parts.scheme == "http":
        return is_loopback(parts.netloc)
    return parts.scheme == "https"


def origin_of(url: str) -> str:
    """Scheme, host and port; empty, and so no other's, where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
