"""Requests to one registry: authorized, redirected, and delayed when it asks for that.

Redirects go to blob storage, which must not learn our credentials: the authorization is
for the registry's own origin alone.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from urllib3.response import BaseHTTPResponse

from dynbuild.tiers.http.address import is_private, origin_of
from dynbuild.tiers.http.connections import chunks, read
from dynbuild.tiers.oci.access import Access, Scopes
from dynbuild.tiers.oci.errors import RegistryError, refusal
from dynbuild.tiers.oci.transport import Ask, Transport

_PATIENCE = 10.0
_BRIEFLY = 3.0
"""Maximum seconds in all that a registry may delay a request before it is a refusal:
one of a transfer, and any other.
"""

_UNSAID = 1.0
"""Seconds to wait when it says to come again, but not when."""

_REDIRECTS = 5
_ELSEWHERE = (301, 302, 303, 307, 308)
_UNAUTHORIZED = 401

Pause = Callable[[float], None]


class Session:
    """A session with one registry; safe under any number of threads.

    Without ``scopes`` a request has no authorization. ``pause`` waits some seconds, and
    raises when the run is being stopped.
    """

    def __init__(self, transport: Transport, access: Access, pause: Pause) -> None:
        self._transport = transport
        self._access = access
        self._pause = pause

    @contextmanager
    def open(self, ask: Ask, scopes: Scopes | None) -> Iterator[BaseHTTPResponse]:
        """Open the answer to a request that has no body, or one of bytes.

        Raises RegistryError for no answer; an answer may have any status.
        """
        renewed = False
        patience = _PATIENCE if ask.moves else _BRIEFLY
        origin = origin_of(ask.url)
        while True:
            used = self._header(scopes)
            with self._following(ask, origin, used) as response:
                if response.status == _UNAUTHORIZED and scopes and not renewed:
                    header = response.headers.get("WWW-Authenticate", "")
                    renewed = True
                    if self._answered(scopes, used, header):
                        continue
                wait = _put_off(response)
                if wait is None or wait > patience:
                    yield response
                    return
            patience -= max(wait, _UNSAID / 4)
            self._pause(wait)

    def ask(
        self, ask: Ask, scopes: Scopes | None, *fine: int
    ) -> tuple[BaseHTTPResponse, bytes]:
        """Return the answer and its body. Raises RegistryError unless ``fine``."""
        with self.open(ask, scopes) as response:
            body = self.read(ask, response)
            if response.status not in fine:
                raise self.refusal(ask, response.status, body)
            return response, body

    def send(self, ask: Ask, scopes: Scopes | None, *fine: int) -> BaseHTTPResponse:
        """Send a request whose body can be given only once: there is no second try."""
        headers = dict(ask.headers)
        if header := self._header(scopes):
            headers["Authorization"] = header
        with self._transport.open(replace(ask, headers=headers)) as response:
            if response.status not in fine:
                body = self.read(ask, response)
                raise self.refusal(ask, response.status, body)
            response.drain_conn()
            return response

    def read(self, ask: Ask, response: BaseHTTPResponse) -> bytes:
        """Return the whole body. Raises RegistryError if it is too large."""
        return self._transport.read(ask, response)

    def read_within(self, response: BaseHTTPResponse, most: int) -> bytes | None:
        """Return the whole body, or None if it has more than ``most`` bytes."""
        return read(response, self._transport.timeouts.pace, most)

    def chunks(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        """Yield the body of an answer as it comes."""
        return chunks(response, self._transport.timeouts.pace)

    def refusal(self, ask: Ask, status: int, body: bytes) -> RegistryError:
        error = refusal(ask.what, status, body)
        return error.saying(self._access.redact_urls(str(error)))

    def _header(self, scopes: Scopes | None) -> str | None:
        if scopes is None:
            return None
        with self._discreet():
            return self._access.header(scopes)

    def _answered(self, scopes: Scopes, used: str | None, header: str) -> bool:
        with self._discreet():
            return self._access.answer(scopes, used, header)

    @contextmanager
    def _discreet(self) -> Iterator[None]:
        """Redact secrets that a token server repeats in its messages."""
        try:
            yield
        except RegistryError as error:
            raise error.saying(self._access.redact_urls(str(error))) from None

    @contextmanager
    def _following(
        self, ask: Ask, origin: str, header: str | None
    ) -> Iterator[BaseHTTPResponse]:
        """Open the answer at the end of redirects, which only GET follows."""
        for _ in range(_REDIRECTS):
            own = origin_of(ask.url) == origin
            authorization = (
                {"Authorization": header} if header is not None and own else {}
            )
            sent = replace(ask, headers={**ask.headers, **authorization})
            with self._transport.open(sent) as response:
                to = response.headers.get("Location")
                if (
                    to is None
                    or ask.method != "GET"
                    or response.status not in _ELSEWHERE
                ):
                    yield response
                    return
            ask = replace(ask, url=redirected(ask, to))
        raise RegistryError(f"{ask.what}: the registry sends us from place to place")


def redirected(ask: Ask, to: str) -> str:
    """Return where an answer sends us. Raises RegistryError if others could listen."""
    try:
        url = urljoin(ask.url, to)
    except ValueError:
        url = ""
    if not is_private(url):
        words = "the registry sends us to a place that others could listen to"
        raise RegistryError(f"{ask.what}: {words}")
    return url


def _put_off(response: BaseHTTPResponse) -> float | None:
    """Return the seconds to wait before asking again (RFC 9110, 10.2.3), if any."""
    if response.status not in (429, 503):
        return None
    retry_after = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        wait = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return _UNSAID
    return max(0.0, wait)
