"""What layers say of each path, with the times and the beginnings of files."""

import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.engine.archives import CHUNK, opened, path_of
from dynbuild.explain.reproducing import Entry
from dynbuild.ports import LostError, Stack, Tier

_KINDS = {
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hard link",
    tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
}
_XATTR = "SCHILY.xattr."


def entries_of(stack: Stack, tier: Tier) -> Mapping[str, Entry]:
    """Return what layers say, the upper over the lower. Raises LostError."""
    found: dict[str, Entry] = {}
    with TemporaryDirectory(prefix="dynbuild-") as place:
        for number, layer in enumerate(stack):
            path = Path(place, str(number))
            if not tier.fetch(layer.digest, str(path)):
                raise LostError(layer.digest)
            with opened(path) as archive:
                for info in archive:
                    found[path_of(info)] = _entry(archive, info)
    return found


def _entry(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Entry:
    digest, head = hashlib.sha256(), b""
    if info.isreg() and (file := archive.extractfile(info)) is not None:
        head = file.read(CHUNK)
        digest.update(head)
        while more := file.read(CHUNK):
            digest.update(more)
    about = {
        "mode": f"{info.mode:o}",
        "owner": f"{info.uid}:{info.gid}",
        "link": info.linkname,
        "device": f"{info.devmajor}:{info.devminor}",
        **{
            f"attribute {name.removeprefix(_XATTR)}": text
            for name, text in info.pax_headers.items()
            if name.startswith(_XATTR)
        },
    }
    kind = _KINDS.get(info.type, "file")
    return Entry(kind, float(info.mtime), about, digest.hexdigest(), head)
