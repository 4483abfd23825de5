"""Indexes of repositories, unpacked within a limit."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Protocol

if sys.version_info >= (3, 14):  # pragma: no cover - the same module, then of Python
    from compression import zstd
else:
    from backports import zstd

LARGEST = 256 << 20
"""Maximum bytes of an index, unpacked: Debian's largest has fifty million."""

BROKEN = (lzma.LZMAError, zlib.error, zstd.ZstdError, OSError, EOFError)
"""What unpacking may raise: also for what is too large, and of bz2."""

_OF_GZIP = 31
"""The ``wbits`` of zlib that mean the header of gzip."""

_WINDOW = {int(zstd.DecompressionParameter.window_log_max): 27}
"""Window of at most 128 MiB, as its own program takes."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _whole(unpacker: _Unpacker, data: bytes) -> bytes:
    found = unpacker.decompress(data, LARGEST)
    if not unpacker.eof:
        raise EOFError
    return found


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lambda data: _whole(lzma.LZMADecompressor(), data),
    ".gz": lambda data: _whole(zlib.decompressobj(_OF_GZIP), data),
    ".bz2": lambda data: _whole(bz2.BZ2Decompressor(), data),
    ".zst": lambda data: _whole(zstd.ZstdDecompressor(options=_WINDOW), data),
    "": bytes,
}
"""What unpacks an index, by how its name ends."""


def parts(data: bytes) -> bytes:
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
