"""GitHub's packages API: the versions of a container package, listed and deleted.

ghcr.io lets nobody delete by the distribution spec (405). Endpoints, headers and the
meaning of statuses: docs.github.com/en/rest/packages (2022-11-28).
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from urllib3.response import BaseHTTPResponse

from dynbuild.digest import Digest
from dynbuild.errors import clean
from dynbuild.tiers.http.address import origin_of
from dynbuild.tiers.http.connections import TIMEOUTS, Timeouts
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.credentials import Credentials, credentials_of
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.transport import Ask, Transport
from dynbuild.values import dataclass

API = "https://api.github.com"

_PAGE = 100
"""Versions requested per page: the most that GitHub gives."""

_PATIENCE = 120.0
"""Seconds that rate limits may delay one request before that is a failure."""

_UNSAID = 60.0
"""Seconds to wait if a limit does not say how long (docs: "Rate limits")."""

_OK, _GONE = 200, 204
_REFUSED, _UNKNOWN, _FORBIDDEN, _MISSING, _LIMITED = 400, 401, 403, 404, 429


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """A manifest of a package: GitHub's number for it, its digest, its tags."""

    number: int
    digest: Digest
    tags: frozenset[str]


class Packages:
    """The package of one repository of ghcr.io. All methods raise RegistryError.

    ``environment`` holds our credentials; ``pause`` waits some seconds.
    """

    def __init__(
        self,
        repository: Repository,
        environment: Mapping[str, str],
        pause: Callable[[float], None] = time.sleep,
        api: str = API,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self._owner, _, self._name = repository.path.partition("/")
        self._repository = repository
        self._environment = environment
        self._pause = pause
        self._api = api
        self._transport = Transport(timeouts)
        self._place: str | None = None
        self._cached: Credentials | None = None

    def versions(self) -> list[PackageVersion]:
        """Return all versions, as they are now."""
        all_versions: dict[int, PackageVersion] = {}
        what = f"listing the versions of {self._repository}"
        answer, body = self._first(what)
        while True:
            new = [
                version
                for version in _versions(what, body)
                if version.number not in all_versions
            ]
            all_versions |= {version.number: version for version in new}
            url = _next(answer)
            # A server that repeats itself would never end.
            if url is None or not new:
                return [*all_versions.values()]
            if origin_of(url) != origin_of(self._api):
                raise RegistryError(f"{what}: the next page is somewhere else")
            answer, body = self._ask(what, "GET", url)
            if answer.status != _OK:
                raise self._refusal(what, answer, body, "read:packages")

    def delete(self, version: PackageVersion) -> bool:
        """Delete a version; return False if GitHub refuses to.

        It refuses for the last one with a tag, and for one downloaded very often.
        """
        what = f"deleting {self._repository}@{version.digest}"
        url = f"{self._url()}/{version.number}"
        answer, body = self._ask(what, "DELETE", url)
        if answer.status == _REFUSED:
            return False
        if answer.status == _MISSING:
            # It is gone, or GitHub hides that it may not be deleted.
            lookup, _ = self._ask(what, "GET", url)
            if lookup.status == _MISSING:
                return True
        if answer.status not in (_OK, _GONE):
            raise self._refusal(what, answer, body, "delete:packages")
        return True

    def _url(self) -> str:
        if self._place is None:
            self._first(f"looking for {self._repository}")
        assert self._place is not None
        return self._place

    def _first(self, what: str) -> tuple[BaseHTTPResponse, bytes]:
        """Return the first page, an organization's, else a user's; nothing says which.

        Raises RegistryError.
        """
        for kind in ("orgs", "users"):
            place = (
                f"{self._api}/{kind}/{quote(self._owner, '')}/packages/container/"
                f"{quote(self._name, '')}/versions"
            )
            if self._place in (None, place):
                answer, body = self._ask(what, "GET", f"{place}?per_page={_PAGE}")
                if answer.status == _OK:
                    self._place = place
                    return answer, body
                if answer.status != _MISSING:
                    break
        raise self._refusal(what, answer, body, "read:packages")

    def _ask(self, what: str, method: str, url: str) -> tuple[BaseHTTPResponse, bytes]:
        """Return the answer, whatever its status, once no rate limit is in the way."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._credentials(what).password}",
            "User-Agent": "dynbuild",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        ask = Ask(what, method, url, headers, moves=True)
        patience = _PATIENCE
        while True:
            with self._transport.open(ask) as answer:
                body = self._transport.read(ask, answer)
            wait = _limited(answer, time.time())
            if wait is None:
                return answer, body
            if wait > patience:
                words = f"{what}: GitHub's rate limit is reached"
                again = f"try again in {max(1, round(wait / 60))} min"
                raise RegistryError(
                    f"{words}; {again}", status=answer.status, retryable=True
                )
            patience -= max(wait, 1.0)
            self._pause(wait)

    def _credentials(self, what: str) -> Credentials:
        if self._cached is None:
            credentials = credentials_of(self._repository.host, self._environment)
            if credentials is None or not credentials.password:
                words = f"{what}: GitHub wants a token: set GHCR_TOKEN"
                raise RegistryError(words, status=_UNKNOWN)
            self._cached = credentials
        return self._cached

    def _refusal(
        self, what: str, answer: BaseHTTPResponse, body: bytes, scope: str
    ) -> RegistryError:
        """Return the error for an answer, in GitHub's own words and with what to do."""
        status = answer.status
        message = _message(body).replace(self._credentials(what).password, "***")
        words = f"{what}: {message or 'GitHub refuses'} ({status})"
        scopes = answer.headers.get("X-OAuth-Scopes")
        if status == _UNKNOWN:
            words += "; GitHub does not know the token in GHCR_TOKEN, or it has expired"
        elif status in (_FORBIDDEN, _MISSING):
            has = f", it has {clean(scopes) or 'none'}" if scopes is not None else ""
            words += (
                f"; the token needs the scope {scope}{has}, "
                "and its owner the role Admin on the package"
                if scope.startswith("delete")
                else f"; there is no such package, or the token lacks {scope}{has}"
            )
        return RegistryError(words, status=status, retryable=status >= 500)  # noqa: PLR2004 - of HTTP


def _versions(what: str, body: bytes) -> list[PackageVersion]:
    try:
        return [
            PackageVersion(
                int(entry["id"]),
                Digest(entry["name"]),
                frozenset(map(str, entry["metadata"]["container"]["tags"])),
            )
            for entry in json.loads(body)
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RegistryError(f"{what}: the answer is no list of versions") from None


def _next(answer: BaseHTTPResponse) -> str | None:
    """Return the address of the next page (RFC 8288)."""
    link = answer.headers.get("Link", "")
    match = re.search(r'<([^>]*)>\s*;[^,<]*\brel="?next"?', link)
    return match[1] if match else None


def _limited(answer: BaseHTTPResponse, now: float) -> float | None:
    """Return the seconds that a rate limit asks us to wait; None if it is none.

    GitHub says 403 or 429, with Retry-After or an exhausted quota (docs as above).
    """
    if answer.status not in (_FORBIDDEN, _LIMITED):
        return None
    after = answer.headers.get("Retry-After", "")
    if after.isdecimal():
        return float(after)
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if answer.headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - now)
    return _UNSAID if answer.status == _LIMITED else None


def _message(body: bytes) -> str:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return clean(message) if isinstance(message, str) else ""
