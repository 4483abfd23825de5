"""Manifests and blobs of a registry, verified on receipt (distribution spec 1.1)."""

import json
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.ports import CountBytes
from dynbuild.tiers.http.connections import TIMEOUTS, Timeouts
from dynbuild.tiers.oci.access import Access, deleting, pulling, pushing
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.credentials import credentials_of
from dynbuild.tiers.oci.download import Wanted, download
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.session import Pause, Session, redirected
from dynbuild.tiers.oci.transport import Ask, Transport
from dynbuild.tiers.oci.upload import Content, Upload

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ACCEPT = {
    "Accept": f"{MANIFEST}, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json"
}

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PAGE = 1000
"""Tags requested per page; registries may give fewer."""

_OK, _CREATED, _ACCEPTED, _FORBIDDEN, _MISSING = 200, 201, 202, 403, 404
_ELSEWHERE = (301, 302, 303, 307, 308)


class Client:
    """One registry; safe under any number of threads. All methods raise RegistryError.

    ``environment`` holds our credentials; ``pause`` waits some seconds, and raises when
    the run is being stopped; ``came`` and ``went`` get the bytes of blobs moved, during
    the transfer.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - who we are, who hears, how long to wait
        self,
        host: str,
        environment: Mapping[str, str],
        pause: Pause = time.sleep,
        came: CountBytes = lambda _: None,
        went: CountBytes = lambda _: None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.host = host
        self._came = came
        self._went = went
        transport = Transport(timeouts)
        access = Access(host, transport, lambda: credentials_of(host, environment))
        self._session = Session(transport, access, pause)

    def manifest_digest(self, repository: Repository, name: str) -> Digest | None:
        """Return the digest of what a tag or digest names, or None if nothing."""
        ask = self._of_manifest("looking for", "HEAD", repository, name)
        try:
            response, _ = self._session.ask(ask, pulling(repository), _OK, _MISSING)
        except RegistryError as error:
            if error.status != _FORBIDDEN:
                raise
            # The answer to a HEAD has no message: the answer to a GET has one.
            body = self.manifest(repository, name)
            return None if body is None else sha256(body)
        digest = response.headers.get("Docker-Content-Digest")
        if response.status != _OK or not digest:
            return None
        if not _DIGEST.fullmatch(digest):
            raise RegistryError(f"{ask.what}: the answer has no digest in it")
        return Digest(digest)

    def manifest(self, repository: Repository, name: str) -> bytes | None:
        """Return the manifest that a tag or digest names, or None if nothing."""
        ask = self._of_manifest("reading", "GET", repository, name)
        response, body = self._session.ask(ask, pulling(repository), _OK, _MISSING)
        return body if response.status == _OK else None

    def put_manifest(
        self, repository: Repository, name: str, data: bytes, kind: str = MANIFEST
    ) -> Digest:
        """Put an OCI manifest under a tag or digest: all that it names is there.

        An index is another ``kind``.
        """
        self._put(repository, name, data, kind)
        return sha256(data)

    def put_referrer(self, repository: Repository, digest: Digest, data: bytes) -> bool:
        """Put a manifest about another one.

        Return whether the registry lists it as such by itself, which it says.
        """
        response = self._put(repository, digest, data, MANIFEST)
        return "OCI-Subject" in response.headers

    def _put(
        self, repository: Repository, name: str, data: bytes, kind: str
    ) -> "BaseHTTPResponse":
        ask = Ask(
            f"writing {_shown(repository, name)}",
            "PUT",
            repository.url(f"manifests/{name}"),
            {"Content-Type": kind},
            data,
            moves=True,
        )
        response, _ = self._session.ask(
            ask, pushing(repository), _OK, _CREATED, _ACCEPTED
        )
        return response

    def delete_manifest(self, repository: Repository, tag: str) -> None:
        """Delete the manifest that a tag names; some registries refuse that (405)."""
        digest = self.manifest_digest(repository, tag)
        if digest is None:
            return
        url = repository.url(f"manifests/{digest}")
        ask = Ask(f"removing {_shown(repository, tag)}", "DELETE", url, moves=True)
        self._session.ask(ask, deleting(repository), _OK, _ACCEPTED, _MISSING)

    def tags(self, repository: Repository) -> list[str]:
        """Return all tags of a repository."""
        all_tags: dict[str, None] = {}
        url = repository.url(f"tags/list?n={_PAGE}")
        while url:
            ask = Ask(f"listing the tags of {repository}", "GET", url, moves=True)
            response, body = self._session.ask(ask, pulling(repository), _OK, _MISSING)
            if response.status == _MISSING:
                return []
            # A registry that repeats itself would never end.
            more = [tag for tag in _tags_in(ask, body) if tag not in all_tags]
            to = re.match(r"<([^>]*)>", response.headers.get("Link", ""))
            url = redirected(ask, to[1]) if to and more else ""
            all_tags |= dict.fromkeys(more)
        return [*all_tags]

    def has(self, repository: Repository, blob: BlobDigest) -> bool:
        """Whether a blob is there, as far as the registry knows."""
        what = f"looking for {blob} in {repository}"
        ask = Ask(what, "HEAD", repository.url(f"blobs/{blob}"))
        # If it would redirect us elsewhere for the content, it has it.
        fine = (_OK, _MISSING, *_ELSEWHERE)
        response, _ = self._session.ask(ask, pulling(repository), *fine)
        return response.status != _MISSING

    def blob(self, repository: Repository, blob: BlobDigest, most: int) -> bytes | None:
        """Return a small blob; None if it is not there whole or exceeds ``most``."""
        wanted = self._of_blob(repository, blob, most)
        with self._session.open(wanted.ask, wanted.scopes) as response:
            if response.status == _MISSING:
                return None
            if response.status != _OK:
                body = self._session.read(wanted.ask, response)
                raise self._session.refusal(wanted.ask, response.status, body)
            data = self._session.read_within(response, most)
        return data if data is not None and sha256(data) == blob else None

    def download(
        self,
        repository: Repository,
        blob: BlobDigest,
        path: str,
        most: int | None = None,
    ) -> bool:
        """Download a blob to a path; return False if it is not there.

        ``most`` is its maximum number of bytes. Raises DamagedError for other content.
        """
        return download(self._session, self._of_blob(repository, blob, most), path)

    def upload(
        self,
        repository: Repository,
        blob: BlobDigest,
        content: Content,
        begun: str | None = None,
    ) -> None:
        """Upload content, whether it is there or not.

        ``begun`` is where a mount that did not succeed said to upload it.
        """
        scopes = pushing(repository)
        upload = Upload(self._session, repository, scopes, blob, content, self._went)
        upload.run(begun)

    def mount(
        self, repository: Repository, blob: BlobDigest, source: Repository
    ) -> str | None:
        """Mount a blob in a repository from another one of the same registry.

        No content moves. Return None if it has it now, else where to upload it: a
        registry need not mount.
        """
        url = repository.url(f"blobs/uploads/?mount={blob}&from={source.path}")
        what = f"mounting {blob} from {source} in {repository}"
        ask = Ask(what, "POST", url, {"Content-Length": "0"})
        scopes = pushing(repository, source)
        response, _ = self._session.ask(ask, scopes, _CREATED, _ACCEPTED)
        if response.status == _CREATED:
            return None
        return redirected(ask, response.headers.get("Location", ""))

    @staticmethod
    def _of_manifest(what: str, method: str, repository: Repository, name: str) -> Ask:
        url = repository.url(f"manifests/{name}")
        return Ask(f"{what} {_shown(repository, name)}", method, url, _ACCEPT)

    def _of_blob(
        self, repository: Repository, blob: BlobDigest, most: int | None
    ) -> Wanted:
        what = f"downloading {blob} from {repository}"
        ask = Ask(what, "GET", repository.url(f"blobs/{blob}"), moves=True)
        return Wanted(ask, pulling(repository), blob, most, self._came)


def _tags_in(ask: Ask, body: bytes) -> list[str]:
    try:
        return [str(tag) for tag in json.loads(body)["tags"] or ()]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RegistryError(f"{ask.what}: the answer is no list of tags") from None


def _shown(repository: Repository, name: str) -> str:
    return f"{repository}{'@' if ':' in name else ':'}{name}"
