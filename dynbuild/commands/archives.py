"""What repositories offer, asked as an image is configured to ask them."""

import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import field

from dynbuild.digest import sha256
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

LARGEST = 256 << 20
"""Maximum bytes of an index, unpacked: Debian's largest has fifty million."""

_OF_GZIP = 31
"""The ``wbits`` of zlib that mean the header of gzip."""


def _xz(data: bytes) -> bytes:
    return _whole(lzma.LZMADecompressor(), data)


def _gz(data: bytes) -> bytes:
    return _whole(zlib.decompressobj(_OF_GZIP), data)


def _whole(unpacker: "lzma.LZMADecompressor | zlib._Decompress", data: bytes) -> bytes:
    found = unpacker.decompress(data, LARGEST)
    if not unpacker.eof:
        raise EOFError
    return found


def _parts(data: bytes) -> bytes:
    """Unpack parts of gzip that follow one another, as an index its signature."""
    found = b""
    while data:
        if len(found) >= LARGEST:
            raise EOFError
        unpacker = zlib.decompressobj(_OF_GZIP)
        found += unpacker.decompress(data, LARGEST - len(found))
        if not unpacker.eof:
            raise EOFError
        data = unpacker.unused_data
    return found


_UNPACK: dict[str, Callable[[bytes], bytes]] = {".xz": _xz, ".gz": _gz, "": bytes}


@dataclass(slots=True)
class Archives:
    """Repositories, each asked once: what they offer, or why that is unknown."""

    download: Download
    _releases: dict[str, Release] = field(default_factory=dict)
    _offered: dict[tuple[Archive, str], Offered | str] = field(default_factory=dict)

    def offers(
        self,
        archives: Iterable[Archive],
        architectures: Iterable[str],
        *,
        apk: bool = False,
    ) -> tuple[dict[str, list[Offered]], dict[str, str]]:
        """Return what is offered, by architecture, and the addresses that fail.

        Of all archives those of apt are asked, or those of ``apk``.
        """
        found: dict[str, list[Offered]] = {one: [] for one in architectures}
        failed: dict[str, str] = {}
        for archive in archives:
            for architecture, offers in found.items():
                if archive.is_of_apk != apk:
                    continue
                key = (archive, architecture)
                if key not in self._offered:
                    self._offered[key] = self._ask(archive, architecture)
                match self._offered[key]:
                    case Offered() as one:
                        offers.append(one)
                    case str(why):
                        failed[f"{archive.uri} {archive.suite}".strip()] = why
        return found, failed

    def _ask(self, archive: Archive, architecture: str) -> Offered | str:
        if not archive.uri.startswith(("http://", "https://")):
            return "it is no address of http"
        try:
            if archive.is_of_apk:
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
            with tarfile.open(fileobj=io.BytesIO(_parts(data)), mode="r:") as archived:
                entry = archived.getmember("APKINDEX")
                whole = entry.isreg() and not entry.issparse() and entry.size <= LARGEST
                member = archived.extractfile(entry) if whole else None
                if member is None:
                    raise EOFError
                text = member.read()
        except (
            *(tarfile.TarError, zlib.error, EOFError, KeyError),
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
            self._releases[folder] = release_of(text, archive)
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
                return _UNPACK[packed](data).decode("utf-8", "replace")
            except (lzma.LZMAError, zlib.error, EOFError):
                raise FetchError(f"{path}{packed} cannot be unpacked") from None
        if any(f"{path}{packed}" in release.files for packed in PACKED):
            raise FetchError(f"{path} is not there")
        return ""
