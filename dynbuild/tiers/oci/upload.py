"""Uploads: small blobs in one piece, large ones resumed where they broke off.

The distribution spec's "Pushing blobs". A large blob is sent as Docker does it: one
PATCH with all of it, then a PUT that states its digest. If that breaks off, the
registry is asked how much it has and gets the rest, if it offers that; else all of it
again.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from urllib3.response import BaseHTTPResponse

from dynbuild.digest import BlobDigest
from dynbuild.tiers.http.address import origin_of
from dynbuild.tiers.oci.access import Scopes
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.session import Session, redirected
from dynbuild.tiers.oci.transport import Ask
from dynbuild.values import dataclass

SMALL = 4 << 20
"""Bytes up to which a blob is sent in one piece: less than a broken one costs."""

_PIECE = 1 << 17
"""Bytes that are sent within one time-out: a narrow uplink is no error."""

_TRIES = 3
"""How often in a row an upload may break off without the registry having more."""

_CREATED, _ACCEPTED, _NO_CONTENT = 201, 202, 204
_NOT_OFFERED = (404, 405, 411, 501)


@dataclass(frozen=True, slots=True)
class Content:
    """The content to upload: its size in bytes, and its pieces from an offset on."""

    size: int
    pieces: Callable[[int], Iterator[bytes]]


def of_file(path: str) -> Content:
    """Return the content of a file. Raises OSError."""

    def pieces(offset: int) -> Iterator[bytes]:
        with Path(path).open("rb") as file:
            file.seek(offset)
            while piece := file.read(_PIECE):
                yield piece

    return Content(Path(path).stat().st_size, pieces)


def of_bytes(data: bytes) -> Content:
    return Content(len(data), lambda offset: iter((data[offset:],)))


class Upload:
    """The upload of one blob. Raises RegistryError, OSError."""

    def __init__(  # noqa: PLR0913, PLR0917 - what, where to, as whom
        self,
        session: Session,
        repository: Repository,
        scopes: Scopes,
        blob: BlobDigest,
        content: Content,
        went: Callable[[int], None],
    ) -> None:
        self._session = session
        self._scopes = scopes
        self._blob = blob
        self._content = content
        self._went = went
        self._url = repository.url("blobs/uploads/")
        self._what = f"uploading {blob} to {repository}"
        self.size = content.size

    def run(self, place: str | None) -> None:
        """Upload; ``place`` is the session that an unsuccessful mount began."""
        for tries_left in reversed(range(_TRIES)):
            try:
                self._run(place or self._start())
            except RegistryError as error:
                if not error.broke_off or not tries_left:
                    raise
                place = None
            else:
                return

    def _run(self, place: str) -> None:
        if self.size <= SMALL or not (end := self._patched(place)):
            self._put(place, 0)
            return
        self._put(end, self.size)

    def _start(self) -> str:
        ask = Ask(self._what, "POST", self._url, {"Content-Length": "0"})
        response, _ = self._session.ask(ask, self._scopes, _ACCEPTED)
        return self._place(ask, response)

    def _patched(self, place: str) -> str | None:
        """Send all; return where to put its digest, or None if PATCH is not offered."""
        offset = tries = 0
        while offset < self.size:
            headers = {"Content-Range": f"{offset}-{self.size - 1}"} if offset else {}
            ask = self._sending("PATCH", place, offset, headers)
            try:
                response = self._session.send(
                    ask, self._scopes_at(place), _ACCEPTED, _CREATED, _NO_CONTENT
                )
                return self._place(ask, response, place)
            except RegistryError as error:
                if not offset and error.status in _NOT_OFFERED:
                    return None
                tries += 1
                if not error.broke_off or tries == _TRIES:
                    raise
                place, reached = self._reached(place, error)
                tries = 0 if reached > offset else tries
                offset = reached
        return place

    def _put(self, place: str, offset: int) -> None:
        """State the digest, and send what was not sent yet."""
        mark = "&" if "?" in place else "?"
        url = f"{place}{mark}{urlencode({'digest': self._blob})}"
        ask = self._sending("PUT", url, offset, {})
        scopes = self._scopes_at(place)
        if offset == self.size:
            self._session.ask(ask, scopes, _CREATED, _ACCEPTED, _NO_CONTENT)
        else:
            self._session.send(ask, scopes, _CREATED, _ACCEPTED, _NO_CONTENT)

    def _reached(self, place: str, broken: RegistryError) -> tuple[str, int]:
        """Return where to resume, and how many bytes are there.

        Raises ``broken`` if that is not known.
        """
        ask = Ask(self._what, "GET", place)
        try:
            response, _ = self._session.ask(ask, self._scopes_at(place), _NO_CONTENT)
        except RegistryError:
            raise broken from None
        match = re.fullmatch(r"(?:bytes=)?0-(\d+)", response.headers.get("Range", ""))
        if match is None:
            raise broken
        # "0-0" is one byte to the spec, and none to registries that have nothing yet.
        last = int(match[1])
        reached = last + 1 if last else 0
        if reached > self.size:
            raise broken
        return self._place(ask, response, place), reached

    def _sending(
        self, method: str, url: str, offset: int, headers: dict[str, str]
    ) -> Ask:
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(self.size - offset),
            **headers,
        }
        body = self._pieces(offset) if offset < self.size else b""
        return Ask(self._what, method, url, headers, body, moves=True)

    def _place(
        self, ask: Ask, response: BaseHTTPResponse, else_: str | None = None
    ) -> str:
        """Return where an answer says to continue."""
        location = response.headers.get("Location") or else_
        if location is None:
            raise RegistryError(f"{self._what}: the registry does not say where to")
        return redirected(ask, location)

    def _scopes_at(self, place: str) -> Scopes | None:
        """Return the scopes for a place: credentials are for the registry's origin."""
        return self._scopes if origin_of(place) == origin_of(self._url) else None

    def _pieces(self, offset: int) -> Iterator[bytes]:
        for piece in self._content.pieces(offset):
            yield piece
            self._went(len(piece))
