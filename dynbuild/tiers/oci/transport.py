"""One request to a registry, and its answer: of whatever status, in bounded time."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import field
from urllib.parse import urlsplit

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.response import BaseHTTPResponse

from dynbuild.tiers.http.connections import (
    TIMEOUTS,
    AnswerError,
    Timeouts,
    pools,
    proxy_of,
    read,
    tls_context,
)
from dynbuild.tiers.http.failures import BROKE_OFF, OF_THE_NET, innermost, reason
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.values import dataclass

LIMIT = 4 << 20
"""Maximum bytes of a manifest (distribution spec, "Pushing Manifests") or message."""

_SHORT = 1 << 16

Body = bytes | Iterable[bytes] | None


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

    def __init__(self, timeouts: Timeouts = TIMEOUTS) -> None:
        self.timeouts = timeouts
        self._tls = tls_context()
        self._pools: dict[str | None, PoolManager] = {}

    @contextmanager
    def open(self, ask: Ask) -> Iterator[BaseHTTPResponse]:
        """Open the answer, whatever its status; its body is not read.

        Redirects are not followed. Raises RegistryError.
        """
        with _explained(ask), closing(self._answer(ask)) as response:
            yield response
            # Drain the rest of a short answer, so that the connection can be reused.
            if (response.length_remaining or 0) <= _SHORT:
                response.drain_conn()

    def read(self, ask: Ask, response: BaseHTTPResponse) -> bytes:
        """Return the whole body. Raises RegistryError if it is too large."""
        body = read(response, self.timeouts.pace, LIMIT)
        if body is None:
            words = f"{ask.what}: the answer has more than {LIMIT} bytes"
            raise RegistryError(words)
        return body

    def _answer(self, ask: Ask) -> BaseHTTPResponse:
        try:
            return self._request(ask)
        except ProtocolError:
            if not isinstance(ask.body, bytes | None):
                raise
            # Most often the other side had just closed a kept-alive connection.
            return self._request(ask)

    def _request(self, ask: Ask) -> BaseHTTPResponse:
        times = self.timeouts
        seconds = times.transfer if ask.moves else times.answer
        return self._pool(ask.url).request(
            ask.method,
            ask.url,
            body=ask.body,
            headers={"Accept-Encoding": "identity", **ask.headers},
            timeout=Timeout(connect=times.connect, read=seconds),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _pool(self, url: str) -> PoolManager:
        parts = urlsplit(url)
        proxy = proxy_of(parts.scheme, parts.netloc)
        if proxy not in self._pools:
            self._pools.setdefault(proxy, pools(proxy, ssl_context=self._tls))
        return self._pools[proxy]


@contextmanager
def _explained(ask: Ask) -> Iterator[None]:
    """Explain network errors in our words; urllib3's own show whole addresses."""
    host = urlsplit(ask.url).netloc
    try:
        yield
    except (HTTPError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, OF_THE_NET):
            raise
        why = reason(error)
        untrusted = isinstance(innermost(error), ssl.SSLCertVerificationError)
        raise RegistryError(
            f"{ask.what}: {host} {why}",
            retryable=not untrusted and not isinstance(error, AnswerError),
            broke_off=why == BROKE_OFF,
        ) from None
