"""Indexes of repositories, unpacked within a limit."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO

from dynbuild.compression import zstd

LARGEST = 256 << 20
"""Maximum bytes of an index, unpacked: Debian's largest has fifty million."""

BROKEN = (lzma.LZMAError, zlib.error, zstd.ZstdError, OSError, EOFError)
"""What unpacking may raise: also for what is too large, and of bz2."""

_WINDOW = {int(zstd.DecompressionParameter.window_log_max): 27}
"""Window of at most 128 MiB, as its own program takes."""


def _whole(file: IO[bytes]) -> bytes:
    """Return all that is packed, in however many parts one behind the other."""
    with file:
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise EOFError
    return found


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lambda data: _whole(lzma.open(io.BytesIO(data))),
    ".gz": lambda data: _whole(gzip.open(io.BytesIO(data))),
    ".bz2": lambda data: _whole(bz2.open(io.BytesIO(data))),
    ".zst": lambda data: _whole(zstd.open(io.BytesIO(data), options=_WINDOW)),
    "": bytes,
}
"""What unpacks an index, by how its name ends."""
