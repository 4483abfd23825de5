"""Connections to an S3 server: their time-outs and limits."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from urllib3 import HTTPResponse, PoolManager, ProxyManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import (
    ConnectionPool,
    HTTPConnectionPool,
    HTTPSConnectionPool,
)
from urllib3.exceptions import TimeoutError as TimedOutError
from urllib3.response import BaseHTTPResponse

from dynbuild.ports import TierError
from dynbuild.tiers.http import proxy_of, tls_context

_LEAST = 4096
"""Minimum bytes per second that have to come."""

_SENDING = 30.0
_PIECE = 1 << 17
"""Maximum seconds to send a piece of so many bytes: at least four thousand a second."""

AT_ONCE = 24
"""Concurrent connections: hides 20 ms of latency, and no server minds."""

_BUSY = (429, 500, 502, 503, 504)
_CHUNK = 1 << 18
_LARGEST = 16 << 20
"""Maximum bytes of an answer that is no object: a list of a thousand keys has a few
hundred thousand.
"""


@dataclass(frozen=True, slots=True)
class S3Timeouts:
    """Seconds after which a server counts as not answering.

    They are for establishing a connection; between two signs of life, for small
    requests and for transfers (a server may think for a while about the end of a large
    upload); and the window over which the pace of what comes is measured.
    """

    connection: float = 2.0
    answer: float = 10.0
    transfer: float = 30.0
    pace: float = 20.0


TIMEOUTS = S3Timeouts()


class Pace:
    """A watch on the pace of a transfer. Raises TierError if too little comes."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._since = time.monotonic()
        self._got = 0

    def went(self, count: int) -> None:
        self._got += count
        now = time.monotonic()
        spent = now - self._since
        if spent > self._window:
            if self._got < _LEAST * spent:
                raise TierError(f"it gave {self._got} bytes in {spent:.0f} s")
            self._since, self._got = now, 0


class _InPieces(HTTPConnection):
    """A connection that has time to send, as long as every piece goes soon enough.

    By default urllib3 and Python give a whole body no more time than a connection has
    to be established: a large part would never get through a narrow uplink.
    """

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(_SENDING)

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever http.client takes
        if not isinstance(data, bytes):
            super().send(data)
            return
        for start in range(0, len(data), _PIECE):
            super().send(data[start : start + _PIECE])


class _InPiecesSecurely(_InPieces, HTTPSConnection):
    """The same over TLS."""


class _HTTPPool(HTTPConnectionPool):
    """A pool that reads every answer within a bound, whatever length it declares."""

    ConnectionCls = _InPieces

    def urlopen(self, *words: Any, **more: Any) -> BaseHTTPResponse:  # noqa: ANN401 - as urllib3 has them
        whole = more.get("preload_content", True)
        response = super().urlopen(*words, **{**more, "preload_content": False})
        return _read(response) if whole else response


class _HTTPSPool(_HTTPPool, HTTPSConnectionPool):
    ConnectionCls = _InPiecesSecurely


def _read(response: BaseHTTPResponse) -> BaseHTTPResponse:
    """Read an answer's body. Raises TierError for one that is too long, or drips."""
    pace = Pace(TIMEOUTS.pace)
    data = bytearray()
    while len(data) <= _LARGEST and (chunk := response.read1(_CHUNK)):
        pace.went(len(chunk))
        data += chunk
    if len(data) > _LARGEST:
        response.close()
        raise TierError(f"it gave an answer of more than {_LARGEST} bytes")
    response.release_conn()
    return HTTPResponse(
        bytes(data), response.headers, response.status, reason=response.reason
    )


class _Retries(Retry):
    """Retries after anything but a time-out: a build waits for one, no more."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, TimedOutError):
            raise error
        if response is not None:
            # Its body would be read to the end first, and need not have one.
            response.close()
        return super().increment(method, url, response, error, _pool, _stacktrace)


def pool(endpoint: str, timeout: Timeout, *, secure: bool) -> PoolManager:
    retries = _Retries(
        total=3,
        connect=1,
        # A connection that was kept alive may be gone.
        read=1,
        redirect=0,
        other=0,
        status=2,
        status_forcelist=_BUSY,
        allowed_methods=None,
        backoff_factor=0.2,
        # A server may ask for an hour.
        respect_retry_after_header=False,
        raise_on_status=False,
    )
    known = {"timeout": timeout, "maxsize": AT_ONCE, "retries": retries}
    if secure:
        known["ssl_context"] = tls_context()
    scheme = "https" if secure else "http"
    manager = _manager(endpoint, scheme, known)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def _manager(endpoint: str, scheme: str, known: Mapping[str, object]) -> PoolManager:
    if proxy := proxy_of(scheme, endpoint):
        return ProxyManager(proxy, **known)  # type: ignore[arg-type]
    return PoolManager(**known)  # type: ignore[arg-type]
