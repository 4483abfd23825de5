"""How an S3 server is talked to: credentials, time-outs, and what its answers mean.

Only what all S3-compatible servers agree on is used: PUT, GET with ranges, HEAD,
multipart uploads, ListObjectsV2 and DeleteObjects. Never conditional writes, copies,
tags or lifecycles: servers ignore them, or differ.
"""

import json
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from configparser import Error as ConfigError
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import getproxies, proxy_bypass
from xml.etree.ElementTree import ParseError

import certifi
from minio import Minio
from minio.credentials.providers import (
    AWSConfigProvider,
    ChainedProvider,
    EnvAWSProvider,
    EnvMinioProvider,
    MinioClientConfigProvider,
    Provider,
)
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3 import PoolManager, ProxyManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import (
    ConnectionPool,
    HTTPConnectionPool,
    HTTPSConnectionPool,
)
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.exceptions import TimeoutError as TimedOutError
from urllib3.response import BaseHTTPResponse

from dynbuild.errors import discreet
from dynbuild.ports import TierError

_LEAST = 4096
"""Bytes a second that have to come."""

_SENDING = 30.0
_PIECE = 1 << 17
"""Seconds that so many bytes may take to be sent: at least four thousand a second."""

AT_ONCE = 24
"""Connections at once: hides 20 ms of latency, and no server minds."""

_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket", "NoSuchUpload"})
_BUSY = (429, 500, 502, 503, 504)
_NOT_FOUND = 404

_OBJECT = re.compile(r"^<?[\w.]+(?:\([^)]*\)| object at 0x[0-9a-f]+>): ")
"""How urllib3 begins what it says of a connection: which one it was, in Python."""


class MissingError(Exception):
    """The server has no such object, or no such bucket."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a bucket is. ``region`` is guessed where it is None."""

    endpoint: str
    bucket: str
    secure: bool = True
    region: str | None = None

    @property
    def place(self) -> str:
        """The bucket as people are told of it."""
        scheme = "https" if self.secure else "http"
        return discreet(f"{scheme}://{self.endpoint}/{self.bucket}")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which a server is taken for one that does not answer.

    They are for a connection to stand; between two signs of life where something small
    is asked, and where much is moved (a server may think for a while about the end of
    a large upload); and over which the pace of what comes is measured.
    """

    connection: float = 2.0
    answer: float = 10.0
    transfer: float = 30.0
    pace: float = 20.0


PATIENCE = Patience()


class Pace:
    """Watches that something goes on. Raises TierError where too little does."""

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


@dataclass(frozen=True, slots=True)
class Clients:
    """One client to ask, which gives up soon, and one to move much."""

    probe: Minio
    transfer: Minio
    secrets: tuple[str, ...] = field(repr=False, default=())

    def close(self) -> None:
        for client in (self.probe, self.transfer):
            client._http.clear()  # noqa: SLF001 - it has no other way


def connect(settings: Settings, patience: Patience = PATIENCE) -> Clients:
    """Clients for a bucket; nothing is asked of the server yet."""
    provider, secrets = _credentials(settings)
    region = settings.region
    if region is None and not settings.endpoint.endswith(".amazonaws.com"):
        # Else the client asks the server for it first. Amazon's names tell it.
        region = "us-east-1"

    def client(read: float) -> Minio:
        timeout = Timeout(connect=patience.connection, read=read)
        return Minio(
            endpoint=settings.endpoint,
            secure=settings.secure,
            region=region,
            credentials=provider,
            http_client=_pool(settings, timeout),
        )

    return Clients(client(patience.answer), client(patience.transfer), secrets)


def _credentials(settings: Settings) -> tuple[Provider | None, tuple[str, ...]]:
    """Those of MinIO's and AWS's variables and files; without any, none are sent.

    A machine's metadata service is not asked: where there is none it is a long wait.
    """
    providers: list[Provider] = [EnvMinioProvider(), EnvAWSProvider()]
    if alias := _alias(settings):
        providers.append(MinioClientConfigProvider(alias=alias))
    providers.append(AWSConfigProvider())
    chain = ChainedProvider(providers)
    try:
        found = chain.retrieve()
    except (ValueError, OSError, ConfigError):
        return None, ()
    secrets = (found.secret_key, found.session_token, found.access_key)
    return chain, tuple(secret for secret in secrets if secret)


def _alias(settings: Settings) -> str | None:
    """The alias of MinIO's client that is for this very server, if there is one."""
    scheme = "https" if settings.secure else "http"
    try:
        text = Path("~/.mc/config.json").expanduser().read_text(encoding="utf-8")
        known = json.loads(text)
        aliases = known.get("aliases") or known.get("hosts") or {}
        urls = {str(name): str(one.get("url")) for name, one in aliases.items()}
    except (OSError, ValueError, AttributeError, RuntimeError, RecursionError):
        return None
    wanted = f"{scheme}://{settings.endpoint}".lower()
    return next(
        (name for name, url in urls.items() if url.rstrip("/").lower() == wanted), None
    )


class _InPieces(HTTPConnection):
    """A connection that has time to send, if every piece goes soon enough.

    By themselves urllib3 and Python let the whole of a body take no longer than a
    connection may to stand: a large part would never go through a narrow uplink.
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
    """The same by TLS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _InPieces


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _InPiecesSecurely


class _Retries(Retry):
    """Tries again after anything but a time-out: a build waits for one, no more."""

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
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _pool(settings: Settings, timeout: Timeout) -> PoolManager:
    retries = _Retries(
        total=3,
        connect=1,
        # A connection that was kept may be gone.
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
    if settings.secure:
        known["ssl_context"] = _trust()
    scheme = "https" if settings.secure else "http"
    manager = _manager(settings, scheme, known)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def _manager(
    settings: Settings, scheme: str, known: Mapping[str, object]
) -> PoolManager:
    proxy = getproxies().get(scheme)
    if proxy and not proxy_bypass(settings.endpoint):
        return ProxyManager(proxy, **known)  # type: ignore[arg-type]
    return PoolManager(**known)  # type: ignore[arg-type]


def _trust() -> ssl.SSLContext:
    """Who is trusted: SSL_CERT_FILE and SSL_CERT_DIR, else the system and certifi."""
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE"):
        context.load_verify_locations(certifi.where())
    return context


@contextmanager
def answers(clients: Clients) -> Iterator[None]:
    """What goes wrong with a server, as MissingError or TierError."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise MissingError from None
        told = f"{error.code}: {error.message}" if error.message else str(error.code)
        raise _refused(clients, told) from None
    except InvalidResponseError as error:
        if error._code == _NOT_FOUND:  # noqa: SLF001 - it has no other way
            raise MissingError from None
        told = f"HTTP status {error._code}"  # noqa: SLF001
        raise _refused(clients, told) from None
    except ServerError as error:
        if error.status_code == _NOT_FOUND:
            raise MissingError from None
        raise _refused(clients, f"HTTP status {error.status_code}") from None
    except (HTTPError, OSError) as error:
        raise TierError(_reason(error)) from None
    except (MinioException, ParseError, ValueError) as error:
        raise _refused(clients, f"a strange answer: {error}") from None


def _refused(clients: Clients, told: str) -> TierError:
    for secret in clients.secrets:
        told = told.replace(secret, "***")
    return TierError(discreet(" ".join(told.split()))[:300], refused=True)


def _reason(error: BaseException) -> str:
    """What the innermost of urllib3's errors says, without objects and addresses."""
    cause = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(cause, ReadTimeoutError):
        return "it does not answer in time"
    if isinstance(cause, NewConnectionError) and "refused" in str(cause):
        return "it refuses connections"
    text = _OBJECT.sub("", str(cause)) or type(cause).__name__
    return discreet(text.removeprefix("Failed to establish a new connection: "))
