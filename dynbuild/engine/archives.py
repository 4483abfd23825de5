"""Opening the tar archives of layers, which others may have written."""

import posixpath
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dynbuild.compression import BROKEN, unpacked
from dynbuild.link.entries import MalformedLayerError

CHUNK = 1 << 20
_HELD = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
"""Members that describe the next member; tarfile reads them as a whole."""


class _Bounded(tarfile.TarInfo):
    """A header with bounded long names and extended attributes: they stay in memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        """Process a member; tarfile documents this method as one to override."""
        if self.type in _HELD and self.size > CHUNK:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        member: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return member


@contextmanager
def opened(layer: Path) -> Iterator[tarfile.TarFile]:
    """Open the archive of a layer. Raises MalformedLayerError if it is invalid."""
    try:
        with (
            unpacked(layer) as file,
            tarfile.open(fileobj=file, mode="r:", tarinfo=_Bounded) as archive,
        ):
            yield archive
    except (tarfile.TarError, *BROKEN) as error:
        raise MalformedLayerError(f"its archive is broken: {error}") from None


def path_of(info: tarfile.TarInfo) -> str:
    return normal(info.name)


def normal(name: str) -> str:
    """Return a name in an archive as write sets have it."""
    return posixpath.normpath(name).lstrip("/")


def content_of(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    """Return the bytes of a regular file."""
    file = archive.extractfile(info)
    assert file is not None, info.name
    return file.read()
