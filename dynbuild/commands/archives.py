"""What repositories offer, asked as an image is configured to ask them."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType

from dynbuild.commands.repodata import ByArchitecture, offers_of
from dynbuild.commands.unpacking import BROKEN, LARGEST, UNPACK
from dynbuild.digest import sha256
from dynbuild.errors import redact_urls
from dynbuild.explain.archives import (
    PACKED,
    Offered,
    Release,
    folder_of,
    indexes_of,
    offered,
    offered_by_apk,
    release_of,
)
from dynbuild.fetching import Download, FetchError
from dynbuild.inside.model import Archive
from dynbuild.values import dataclass


@dataclass(slots=True)
class Archives:
    """Repositories, each asked once: what they offer, or why that is unknown."""

    download: Download
    _releases: dict[str, Release] = field(default_factory=dict)
    _offered: dict[tuple[Archive, str], Offered | str] = field(default_factory=dict)
    _of_rpm: dict[tuple[Archive, tuple[tuple[str, str], ...]], ByArchitecture | str] = (
        field(default_factory=dict)
    )

    def offers(
        self,
        archives: Iterable[Archive],
        architectures: Iterable[str],
        *,
        kind: str = "deb",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[dict[str, list[Offered]], dict[str, str]]:
        """Return what is offered, by architecture, and the addresses that fail.

        Of all archives those of a kind of packages are asked; ``variables`` are what
        their addresses may have.
        """
        found: dict[str, list[Offered]] = {one: [] for one in architectures}
        failed: dict[str, str] = {}
        for archive in archives:
            for architecture, offers in found.items():
                if archive.kind != kind:
                    continue
                match self._known(archive, architecture, variables):
                    case Offered() as one:
                        offers.append(one)
                    case str(why):
                        name = f"{redact_urls(archive.uri)} {archive.suite}".strip()
                        failed[name] = why
        return found, failed

    def _known(
        self, archive: Archive, architecture: str, variables: Mapping[str, str]
    ) -> Offered | str:
        if archive.kind == "rpm":
            whole = (archive, tuple(sorted(variables.items())))
            if whole not in self._of_rpm:
                self._of_rpm[whole] = self._ask_rpm(archive, variables)
            found = self._of_rpm[whole]
            nothing = Offered({}, security=False)
            return found if isinstance(found, str) else found.get(architecture, nothing)
        key = (archive, architecture)
        if key not in self._offered:
            self._offered[key] = self._ask(archive, architecture)
        return self._offered[key]

    def _ask_rpm(
        self, archive: Archive, variables: Mapping[str, str]
    ) -> ByArchitecture | str:
        try:
            return offers_of(self.download, archive, variables)
        except FetchError as error:
            return str(error)

    def _ask(self, archive: Archive, architecture: str) -> Offered | str:
        if not archive.uri.startswith(("http://", "https://")):
            return "it is no address of http"
        try:
            if archive.kind == "apk":
                return Offered(self._of_apk(archive, architecture), security=False)
            release = self._release(archive)
            texts = [
                self._index(archive, release, path)
                for path in indexes_of(archive, architecture)
            ]
        except FetchError as error:
            return str(error)
        versions = offered("\n\n".join(texts))
        return Offered(versions, release.security)

    def _of_apk(self, archive: Archive, architecture: str) -> dict[str, str]:
        """Read the index of a repository of apk: a tar of texts, behind signatures."""
        folder = f"{archive.uri.rstrip('/')}/{architecture}"
        data = self.download(f"{folder}/APKINDEX.tar.gz")
        if data is None:
            raise FetchError(f"it has nothing for {architecture}")
        try:
            text_of = io.BytesIO(UNPACK[".gz"](data))
            with tarfile.open(fileobj=text_of, mode="r:") as archived:
                entry = archived.getmember("APKINDEX")
                whole = entry.isreg() and not entry.issparse() and entry.size <= LARGEST
                member = archived.extractfile(entry) if whole else None
                if member is None:
                    raise EOFError
                text = member.read()
        except (
            *(*BROKEN, tarfile.TarError, KeyError),
            *(ValueError, OverflowError, RecursionError),
        ):
            raise FetchError("its index cannot be unpacked") from None
        return offered_by_apk(text.decode("utf-8", "replace"))

    def _release(self, archive: Archive) -> Release:
        folder = folder_of(archive)
        if folder not in self._releases:
            data = self.download(f"{folder}/InRelease")
            data = self.download(f"{folder}/Release") if data is None else data
            if data is None:
                raise FetchError("there is no release")
            text = data.decode("utf-8", "replace")
            try:
                self._releases[folder] = release_of(text, archive)
            except ValueError as error:
                raise FetchError(str(error)) from None
        return self._releases[folder]

    def _index(self, archive: Archive, release: Release, path: str) -> str:
        """Return an index; one that the release does not name has no packages."""
        for packed in PACKED:
            wanted = release.files.get(f"{path}{packed}")
            if wanted is None:
                continue
            data = self.download(f"{folder_of(archive)}/{path}{packed}")
            if data is None:
                continue
            if sha256(data) != wanted:
                raise FetchError(f"{path}{packed} is not what the release names")
            try:
                return UNPACK[packed](data).decode("utf-8", "replace")
            except BROKEN:
                raise FetchError(f"{path}{packed} cannot be unpacked") from None
        if any(f"{path}{packed}" in release.files for packed in PACKED):
            raise FetchError(f"{path} is not there")
        return ""
