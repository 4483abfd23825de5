"""The digest of what is at an address: fetched in bounded time, and kept nowhere."""

import hashlib
import netrc
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from urllib3 import Timeout, make_headers
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from dynbuild.digest import Digest
from dynbuild.fetching import FetchError
from dynbuild.tiers.http.address import is_private, is_sound
from dynbuild.tiers.http.connections import (
    TIMEOUTS,
    Timeouts,
    chunks,
    pools,
    proxy_of,
    tls_context,
)
from dynbuild.tiers.http.failures import OF_THE_NET, reason

_T = TypeVar("_T")

LARGEST = 8 << 30
"""Maximum bytes of what is fetched: no image takes more from one address."""

_REDIRECTS = 10
_OK, _GONE = 200, (404, 410)
_TO_ANOTHER = (301, 302, 303, 307, 308)
_OF_THE_SERVER = 500


def content_digest(
    url: str,
    environment: Mapping[str, str],
    largest: int = LARGEST,
    timeouts: Timeouts = TIMEOUTS,
) -> Digest | None:
    """Return the digest of the content at an address; None where there is none.

    Credentials are those of the user's netrc, each for the host that it names, and
    never in the open. Raises FetchError.
    """
    return _taken(
        url,
        environment,
        timeouts,
        lambda response, host: _digest(response, host, largest, timeouts),
    )


def content(
    url: str,
    environment: Mapping[str, str],
    largest: int,
    timeouts: Timeouts = TIMEOUTS,
) -> bytes | None:
    """Return the content at an address; None where there is none.

    As ``content_digest``, which says whose credentials are used. Raises FetchError.
    """

    def read(response: BaseHTTPResponse, host: str) -> bytes:
        return b"".join(_chunks(response, host, largest, timeouts))

    return _taken(url, environment, timeouts, read)


def _taken(
    url: str,
    environment: Mapping[str, str],
    timeouts: Timeouts,
    take: Callable[[BaseHTTPResponse, str], _T],
) -> _T | None:
    for _ in range(_REDIRECTS):
        host = _host(url)
        headers = {"Accept-Encoding": "identity", **_credentials(url, environment)}
        try:
            with closing(_open(url, headers, timeouts)) as response:
                if response.status in _GONE:
                    return None
                if response.status == _OK:
                    return take(response, host)
                url = _next(url, response)
        except (HTTPError, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error, OF_THE_NET):
                raise
            raise FetchError(f"{host} {reason(error)}", answered=False) from None
    raise FetchError("it leads from one address to another without end")


def _open(url: str, headers: Mapping[str, str], timeouts: Timeouts) -> BaseHTTPResponse:
    parts = urlsplit(url)
    proxy = proxy_of(parts.scheme, parts.netloc)
    return pools(proxy, ssl_context=tls_context()).request(
        "GET",
        url,
        headers=headers,
        timeout=Timeout(connect=timeouts.connect, read=timeouts.transfer),
        retries=False,
        redirect=False,
        preload_content=False,
        decode_content=False,
    )


def _digest(
    response: BaseHTTPResponse, host: str, largest: int, timeouts: Timeouts
) -> Digest:
    found = hashlib.sha256()
    for chunk in _chunks(response, host, largest, timeouts):
        found.update(chunk)
    return Digest(f"sha256:{found.hexdigest()}")


def _chunks(
    response: BaseHTTPResponse, host: str, largest: int, timeouts: Timeouts
) -> Iterator[bytes]:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError(f"{host} compresses it, which nobody asked for")
    came = 0
    for chunk in chunks(response, timeouts.pace):
        came += len(chunk)
        if came > largest:
            raise FetchError(f"it has more than {largest:,} bytes")
        yield chunk


def _next(url: str, response: BaseHTTPResponse) -> str:
    """Return the address that an answer leads to. Raises FetchError."""
    host, status = _host(url), response.status
    if status not in _TO_ANOTHER:
        down = status >= _OF_THE_SERVER
        raise FetchError(f"{host} answers with status {status}", answered=not down)
    try:
        other = urljoin(url, response.headers.get("Location", ""))
        scheme = urlsplit(other).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise FetchError(f"{host} leads to what is no address of http")
    if is_private(url) and not is_private(other):
        raise FetchError(f"{host} leads to an address that others could change")
    return other


def _host(url: str) -> str:
    """Return the server of an address, as it may be shown. Raises FetchError."""
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    if not host or not is_sound(url):
        raise FetchError("it is no address of http")
    return host


def _credentials(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the header for a host that the user's netrc names."""
    host = urlsplit(url).hostname or ""
    home = environment.get("HOME") or "/"
    path = Path(environment.get("NETRC") or f"{home}/.netrc")
    if not is_private(url) or not path.is_file():
        return {}
    try:
        # Its default is for hosts that nobody named.
        found = netrc.netrc(path).hosts.get(host)
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        # A message might show what it holds.
        raise FetchError(f"{path} cannot be read as a netrc file") from None
    if found is None:
        return {}
    login, _, password = found
    return dict(make_headers(basic_auth=f"{login}:{password}"))
