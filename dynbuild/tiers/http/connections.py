"""Connections to servers: certificates, proxies, time-outs, and the pace of answers.

Whatever the server does, a request ends: every silence has a time-out, every transfer a
least pace, and every answer that is read into memory a bound.
"""

import os
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.request import getproxies, proxy_bypass

import certifi
from urllib3 import HTTPResponse, PoolManager, ProxyManager, make_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import parse_url

from dynbuild.tiers.http.address import is_loopback
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which a server counts as not answering.

    They are for establishing a connection; between two signs of life, for small
    requests and for transfers (a server may think for a while about the end of a large
    upload); and the window over which the pace of what comes is measured.
    """

    connect: float = 2.0
    answer: float = 10.0
    transfer: float = 60.0
    pace: float = 20.0


TIMEOUTS = Timeouts()

_LEAST = 4096
"""Minimum bytes per second of an answer that is waited for."""

_PIECE = 1 << 17
"""Bytes that are sent within one time-out: a narrow uplink is no error."""

CHUNK = 1 << 20
_LARGEST = 16 << 20
"""Maximum bytes of an answer that is read before it is returned: a list of a thousand
keys has a few hundred thousand.
"""

CONNECTIONS = 32
"""Concurrent connections to one server: hides its latency, and no server minds."""


class AnswerError(HTTPError):
    """An answer that only drips, or is too long; says so as a predicate of a server."""


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


def pools(proxy: str | None, **settings: Any) -> PoolManager:  # noqa: ANN401 - urllib3's
    """Return connections to any servers, all through a proxy, if it is given.

    Raises LocationValueError, a ValueError, for an invalid proxy address.
    """
    settings = {"maxsize": CONNECTIONS, "blocksize": CHUNK, **settings}
    manager: PoolManager
    if proxy is None:
        manager = PoolManager(**settings)
    else:
        # The user name and the password are not part of the address to connect to.
        whole = parse_url(proxy if "://" in proxy else f"//{proxy}")
        bare = whole._replace(scheme=whole.scheme or "http", auth=None)
        headers = make_headers(proxy_basic_auth=whole.auth) if whole.auth else None
        manager = ProxyManager(bare.url, proxy_headers=headers, **settings)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def chunks(response: BaseHTTPResponse, window: float) -> Iterator[bytes]:
    """Yield a body as it arrives. Raises AnswerError if it only trickles.

    ``window`` is the seconds over which its pace is measured.
    """
    since, came = time.monotonic(), 0
    # Never decompressed: a short body could unpack to an endless one.
    while chunk := response.read1(CHUNK, decode_content=False):
        came += len(chunk)
        spent = time.monotonic() - since
        if spent > window:
            if came < _LEAST * spent:
                raise AnswerError(f"gave {came} bytes in {spent:.0f} s")
            since, came = time.monotonic(), 0
        yield chunk


def read(response: BaseHTTPResponse, window: float, most: int) -> bytes | None:
    """Return a whole body, or None if it has more than ``most`` bytes."""
    data = bytearray()
    for chunk in chunks(response, window):
        data += chunk
        if len(data) > most:
            return None
    return bytes(data)


class _Patient(HTTPConnection):
    """A connection that has time to send, as long as every piece goes soon enough.

    By default a whole body has no more time than a connection has to be established, or
    than the last answer had to come: a large part would never get through a narrow
    uplink.
    """

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(TIMEOUTS.transfer)

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever http.client takes
        if self.sock is not None:
            self.sock.settimeout(TIMEOUTS.transfer)
        if not isinstance(data, bytes):
            super().send(data)
            return
        for start in range(0, len(data), _PIECE):
            super().send(data[start : start + _PIECE])


class _PatientTLS(_Patient, HTTPSConnection):
    """The same over TLS."""


class _HTTPPool(HTTPConnectionPool):
    """A pool that reads whole answers within a bound, whatever length they declare."""

    ConnectionCls = _Patient

    def urlopen(self, *words: Any, **more: Any) -> BaseHTTPResponse:  # noqa: ANN401 - as urllib3 has them
        whole = more.get("preload_content", True)
        response = super().urlopen(*words, **{**more, "preload_content": False})
        return _read_whole(response) if whole else response


class _HTTPSPool(_HTTPPool, HTTPSConnectionPool):
    ConnectionCls = _PatientTLS


def _read_whole(response: BaseHTTPResponse) -> BaseHTTPResponse:
    with closing(response):
        data = read(response, TIMEOUTS.pace, _LARGEST)
        if data is None:
            raise AnswerError(f"gave an answer of more than {_LARGEST} bytes")
        response.release_conn()
    return HTTPResponse(data, response.headers, response.status, reason=response.reason)
