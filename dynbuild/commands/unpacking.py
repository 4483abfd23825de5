"""Indexes of repositories, unpacked within a limit."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol

if sys.version_info >= (3, 14):  # pragma: no cover - the same module, then of Python
    from compression import zstd
else:
    from backports import zstd

LARGEST = 256 << 20
"""Maximum bytes of an index, unpacked: Debian's largest has fifty million."""

BROKEN = (lzma.LZMAError, zlib.error, zstd.ZstdError, OSError, EOFError)
"""What unpacking may raise: also for what is too large, and of bz2."""

_WINDOW = {int(zstd.DecompressionParameter.window_log_max): 27}
"""Window of at most 128 MiB, as its own program takes."""


class _File(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _whole(opened: Callable[[io.BytesIO], _File], data: bytes) -> bytes:
    """Return all that is packed, in however many parts one behind the other."""
    found = opened(io.BytesIO(data)).read(LARGEST + 1)
    if len(found) > LARGEST:
        raise EOFError
    return found


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".xz": partial(_whole, lzma.open),
    ".gz": partial(_whole, gzip.open),
    ".bz2": partial(_whole, bz2.open),
    ".zst": partial(_whole, partial(zstd.open, options=_WINDOW)),
    "": bytes,
}
"""What unpacks an index, by how its name ends."""
