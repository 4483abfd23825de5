"""The client of an S3 server: credentials, time-outs, and the meaning of its answers.

Only what all S3-compatible servers agree on is used: PUT, GET with ranges, HEAD,
multipart uploads, ListObjectsV2 and DeleteObjects. Never conditional writes, copies,
tags or lifecycles: servers ignore them, or differ.
"""

import json
from collections.abc import Iterator
from configparser import Error as ConfigError
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.etree.ElementTree import ParseError

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
from urllib3 import Retry, Timeout
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as TimedOutError
from urllib3.response import BaseHTTPResponse

from dynbuild.errors import clean, redact_urls
from dynbuild.ports import TierError
from dynbuild.tiers.http.connections import (
    TIMEOUTS,
    Timeouts,
    pools,
    proxy_of,
    tls_context,
)
from dynbuild.tiers.http.failures import OF_THE_NET, reason
from dynbuild.values import dataclass

_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket", "NoSuchUpload"})
_NOT_FOUND = 404

_BUSY = (429, 500, 502, 503, 504)


class MissingError(Exception):
    """The server has no such object, or no such bucket."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The location of a tier: a bucket, or what is below a prefix in it.

    ``region`` is guessed if it is None.
    """

    endpoint: str
    bucket: str
    secure: bool = True
    region: str | None = None
    prefix: str = ""

    @property
    def place(self) -> str:
        """The bucket as shown to users."""
        scheme = "https" if self.secure else "http"
        inside = f"/{self.prefix}" if self.prefix else ""
        return redact_urls(f"{scheme}://{self.endpoint}/{self.bucket}{inside}")

    def object_of(self, key: str) -> str:
        """Return the object that holds what the tier has under a key."""
        return f"{self.prefix}/{key}" if self.prefix else key

    def key_of(self, name: str) -> str:
        """Return the key of an object that was listed below the prefix."""
        return name.removeprefix(self.object_of(""))


@dataclass(frozen=True, slots=True)
class Clients:
    """A client for small requests, which gives up soon, and one for transfers."""

    probe: Minio
    transfer: Minio
    secrets: tuple[str, ...] = field(repr=False, default=())

    def close(self) -> None:
        for client in (self.probe, self.transfer):
            client._http.clear()  # noqa: SLF001 - it has no other way


def connect(settings: Settings, timeouts: Timeouts = TIMEOUTS) -> Clients:
    """Return clients for a bucket; no request is sent yet."""
    provider, secrets = _credentials(settings)
    region = settings.region
    if region is None and not settings.endpoint.endswith(".amazonaws.com"):
        # Otherwise the client first asks the server; Amazon's host names include it.
        region = "us-east-1"

    scheme = "https" if settings.secure else "http"
    proxy = proxy_of(scheme, settings.endpoint)
    tls = {"ssl_context": tls_context()} if settings.secure else {}

    def client(read: float) -> Minio:
        timeout = Timeout(connect=timeouts.connect, read=read)
        return Minio(
            endpoint=settings.endpoint,
            secure=settings.secure,
            region=region,
            credentials=provider,
            http_client=pools(proxy, timeout=timeout, retries=_retries(), **tls),
        )

    try:
        return Clients(client(timeouts.answer), client(timeouts.transfer), secrets)
    except ValueError:
        # A port out of range, or an invalid proxy address.
        raise TierError("its address, or that of its proxy, is none") from None


def _credentials(settings: Settings) -> tuple[Provider | None, tuple[str, ...]]:
    """Find credentials in MinIO's and AWS's variables and files; else none are sent.

    A machine's metadata service is not asked: if there is none, that is a long wait.
    """
    providers: list[Provider] = [EnvMinioProvider(), EnvAWSProvider()]
    if alias := _alias(settings):
        providers.append(MinioClientConfigProvider(alias=alias))
    providers.append(AWSConfigProvider())
    chain = ChainedProvider(providers)
    try:
        credentials = chain.retrieve()
    except (ValueError, OSError, ConfigError):
        return None, ()
    secrets = (
        credentials.secret_key,
        credentials.session_token,
        credentials.access_key,
    )
    return chain, tuple(secret for secret in secrets if secret)


def _alias(settings: Settings) -> str | None:
    """Return the alias that MinIO's client has for this very server, if any."""
    scheme = "https" if settings.secure else "http"
    try:
        text = Path("~/.mc/config.json").expanduser().read_text(encoding="utf-8")
        config = json.loads(text)
        aliases = config.get("aliases") or config.get("hosts") or {}
        urls = {str(name): str(entry.get("url")) for name, entry in aliases.items()}
    except (OSError, ValueError, AttributeError, RuntimeError, RecursionError):
        return None
    wanted = f"{scheme}://{settings.endpoint}".lower()
    return next(
        (name for name, url in urls.items() if url.rstrip("/").lower() == wanted), None
    )


@contextmanager
def answers(clients: Clients) -> Iterator[None]:
    """Convert errors of a server into MissingError or TierError."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise MissingError from None
        text = f"{error.code}: {error.message}" if error.message else str(error.code)
        raise _refused(clients, text) from None
    except InvalidResponseError as error:
        if error._code == _NOT_FOUND:  # noqa: SLF001 - it has no other way
            raise MissingError from None
        text = f"HTTP status {error._code}"  # noqa: SLF001
        raise _refused(clients, text) from None
    except ServerError as error:
        if error.status_code == _NOT_FOUND:
            raise MissingError from None
        raise _refused(clients, f"HTTP status {error.status_code}") from None
    except (HTTPError, *OF_THE_NET) as error:
        raise TierError(f"it {reason(error)}") from None
    except OSError as error:
        raise TierError(f"a file cannot be read here: {error.strerror}") from None
    except (MinioException, ParseError, ValueError) as error:
        raise _refused(clients, f"a strange answer: {error}") from None


def _refused(clients: Clients, text: str) -> TierError:
    for secret in clients.secrets:
        text = text.replace(secret, "***")
    return TierError(clean(text), refused=True)


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


def _retries() -> Retry:
    return _Retries(
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
