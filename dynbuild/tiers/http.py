"""The rules of HTTP that all shared tiers follow: certificates and proxies."""

import os
import ssl
from urllib.request import getproxies, proxy_bypass

import certifi

from dynbuild.tiers.oci.address import is_loopback


def tls_context() -> ssl.SSLContext:
    """Return a context that trusts what SSL_CERT_FILE and SSL_CERT_DIR name.

    Without SSL_CERT_FILE it trusts the system's authorities and those of certifi, since
    small systems have none of their own.
    """
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE"):
        context.load_verify_locations(certifi.where())
    return context


def proxy_of(scheme: str, authority: str) -> str | None:
    """Return the proxy that the environment names for a ``host`` or ``host:port``.

    This machine is reached directly, as in Go's net/http and so in Docker.
    """
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or is_loopback(authority) or proxy_bypass(authority):
        return None
    return proxy
