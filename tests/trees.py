"""The files of an image, as the engine itself gives them out."""

import hashlib
import subprocess
import tarfile
from collections.abc import Mapping
from typing import IO, cast

Facts = tuple[object, ...]

# What the engine puts into every container.
_MOUNTED = {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", ".dockerenv"}


def tree_of(engine: Mapping[str, str], image: str) -> dict[str, Facts]:
    """Type, mode, owner, content, link target and extended attributes by path."""
    created = subprocess.run(
        ["docker", "create", image, "x"],
        env=engine,
        check=True,
        capture_output=True,
        text=True,
    )
    name = created.stdout.strip()
    try:
        with subprocess.Popen(
            ["docker", "export", name], env=engine, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            return _read(process.stdout)
    finally:
        subprocess.run(
            ["docker", "rm", name], env=engine, check=True, capture_output=True
        )


def _read(stream: IO[bytes]) -> dict[str, Facts]:
    tree: dict[str, Facts] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            path = entry.name.strip("/")
            top = path.split("/", 1)[0]
            if path in _MOUNTED or top in ("dev", "proc", "sys"):
                continue
            if entry.islnk():
                tree[path] = tree[entry.linkname.strip("/")]
                continue
            content = ""
            if entry.isreg():
                file = cast("IO[bytes]", archive.extractfile(entry))
                content = hashlib.sha256(file.read()).hexdigest()
            xattrs = sorted(
                (key, value)
                for key, value in entry.pax_headers.items()
                if "xattr" in key
            )
            tree[path] = (
                entry.type,
                entry.mode,
                entry.uid,
                entry.gid,
                entry.linkname,
                content,
                tuple(xattrs),
            )
    return tree
