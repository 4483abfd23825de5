"""One HTTP request and its answer: connections, time-outs, proxies, certificates."""

import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from dynbuild.tiers.http import proxy_of, tls_context
from dynbuild.tiers.oci.errors import RegistryError, clean


@dataclass(frozen=True, slots=True)
class RegistryTimeouts:
    """Time-outs in seconds: for a connection, an answer, the next bytes of a blob.

    A transfer is watched for ``pace`` seconds at a time; one that only drips is ended.
    """

    connect: float = 1.5
    answer: float = 3.0
    transfer: float = 60.0
    pace: float = 20.0


TIMEOUTS = RegistryTimeouts()
_LEAST = 4096
"""Minimum bytes per second of an answer that is waited for."""

LIMIT = 4 << 20
"""Maximum bytes of a manifest (distribution spec, "Pushing Manifests") or message."""

CHUNK = 1 << 20
_SHORT = 1 << 16
CONNECTIONS = 32

Body = bytes | Iterable[bytes] | None


class _PatientHTTP(HTTPConnection):
    """A connection that waits for a peer to take a body as long as for it to give one.

    By default that gets the time-out to connect, or that of the last answer: a large
    piece would never get through a narrow uplink.
    """

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(TIMEOUTS.transfer)

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever http.client takes
        if self.sock is not None:
            self.sock.settimeout(TIMEOUTS.transfer)
        super().send(data)


class _PatientHTTPS(_PatientHTTP, HTTPSConnection):
    """The same over TLS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _PatientHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PatientHTTPS


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; ``what`` says in words what it is for.

    ``moves``: it is part of a transfer, for which the time-outs are longer.
    """

    what: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    moves: bool = False


class Transport:
    """Connections to any hosts, through the proxies that the environment names.

    Certificates are checked against what SSL_CERT_FILE and SSL_CERT_DIR name, else
    against the system's. Safe under any number of threads.
    """

    def __init__(self, timeouts: RegistryTimeouts = TIMEOUTS) -> None:
        self.timeouts = timeouts
        self._tls = tls_context()
        self._direct = self._pools(None)
        self._by_proxy: dict[str, urllib3.PoolManager] = {}

    @contextmanager
    def open(self, ask: Ask) -> Iterator[BaseHTTPResponse]:
        """Open the answer, whatever its status; its body is not read.

        Redirects are not followed. Raises RegistryError.
        """
        seconds = self.seconds(ask)
        with _explained(ask, seconds), closing(self._answer(ask)) as response:
            yield response
            # What is left of a short answer is drained, so that the connection stays.
            if (response.length_remaining or 0) <= _SHORT:
                response.drain_conn()

    def read(self, ask: Ask, response: BaseHTTPResponse) -> bytes:
        """Return the whole body. Raises RegistryError if it is too large."""
        body = bytearray()
        for chunk in self.chunks(ask, response):
            body += chunk
            if len(body) > LIMIT:
                words = f"{ask.what}: the answer has more than {LIMIT} bytes"
                raise RegistryError(words)
        return bytes(body)

    def chunks(self, ask: Ask, response: BaseHTTPResponse) -> Iterator[bytes]:
        """Yield the body as it comes. Raises RegistryError if it only drips."""
        since, came = time.monotonic(), 0
        while chunk := response.read1(CHUNK):
            came += len(chunk)
            spent = time.monotonic() - since
            if spent > self.timeouts.pace:
                if came < _LEAST * spent:
                    host = urlsplit(ask.url).netloc
                    words = f"{ask.what}: {host} gave {came} bytes in {spent:.0f} s"
                    raise RegistryError(words)
                since, came = time.monotonic(), 0
            yield chunk

    def seconds(self, ask: Ask) -> float:
        """Return how long to wait for the next bytes of an answer."""
        return self.timeouts.transfer if ask.moves else self.timeouts.answer

    def _answer(self, ask: Ask) -> BaseHTTPResponse:
        try:
            return self._request(ask)
        except ProtocolError:
            if not isinstance(ask.body, bytes | None):
                raise
            # Most often the other side had just closed a kept-alive connection.
            return self._request(ask)

    def _request(self, ask: Ask) -> BaseHTTPResponse:
        return self._pool(ask.url).request(
            ask.method,
            ask.url,
            body=ask.body,
            headers={"Accept-Encoding": "identity", **ask.headers},
            timeout=urllib3.Timeout(
                connect=self.timeouts.connect, read=self.seconds(ask)
            ),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = proxy_of(parts.scheme, parts.netloc)
        if proxy is None:
            return self._direct
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = self._pools(proxy)
        return self._by_proxy[proxy]

    def _pools(self, proxy: str | None) -> urllib3.PoolManager:
        pools: urllib3.PoolManager
        if proxy is None:
            pools = urllib3.PoolManager(
                8, maxsize=CONNECTIONS, blocksize=CHUNK, ssl_context=self._tls
            )
        else:
            whole = urllib3.util.parse_url(proxy if "://" in proxy else f"//{proxy}")
            bare = whole._replace(scheme=whole.scheme or "http", auth=None)
            known = urllib3.make_headers(proxy_basic_auth=whole.auth or ":")
            pools = urllib3.ProxyManager(
                bare.url,
                8,
                proxy_headers=known if whole.auth else None,
                maxsize=CONNECTIONS,
                blocksize=CHUNK,
                ssl_context=self._tls,
            )
        pools.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return pools


@contextmanager
def _explained(ask: Ask, seconds: float) -> Iterator[None]:
    """Explain network errors in our words; urllib3's own show whole addresses."""
    host = urlsplit(ask.url).netloc
    try:
        yield
    except (HTTPError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, _OF_THE_NET):
            # A disk error, of whoever reads or writes the body meanwhile.
            raise
        words = f"{ask.what}: {host} {_reason(error, seconds)}"
        untrusted = isinstance(_bottom(error), ssl.SSLCertVerificationError)
        raise RegistryError(
            words, retryable=not untrusted, broke_off=_BROKE_OFF in words
        ) from None


_OF_THE_NET = (ConnectionError, TimeoutError, ssl.SSLError, socket.gaierror)

_BROKE_OFF = "ended the connection half-way"
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (NameResolutionError, "is a name that nobody knows"),
    (ConnectTimeoutError, "takes no connection"),
    (ProxyError, "is not reached through the proxy"),
    (SSLError, "does not speak TLS as it should"),
    (ssl.SSLError, "does not speak TLS as it should"),
    (NewConnectionError, "cannot be reached"),
)


def _reason(error: BaseException, seconds: float) -> str:
    bottom = _bottom(error)
    if isinstance(bottom, ssl.SSLCertVerificationError):
        words = clean(bottom.verify_message)
        return f"shows a certificate that is not trusted: {words}"
    if isinstance(bottom, ConnectionRefusedError):
        return "refuses connections"
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return f"said nothing for {seconds:g} s"
    found = (words for kind, words in _WORDS if isinstance(error, kind))
    return next(found, _BROKE_OFF)


def _bottom(error: BaseException) -> BaseException:
    """Return the innermost cause of an error: urllib3 wraps it several times."""
    inner = next((a for a in error.args if isinstance(a, BaseException)), None)
    deeper = error.__cause__ or inner or error.__context__
    return _bottom(deeper) if deeper else error
