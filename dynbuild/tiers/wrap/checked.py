"""A shared tier whose layers are checked against its records.

A blob may match its digest and still not be the layer that a record means. The engine
would refuse it, and the build would end; here it is a miss.
"""

import gzip
import hashlib
import threading
import zlib
from collections.abc import Callable, Collection
from io import BufferedIOBase
from pathlib import Path

from dynbuild.digest import Digest
from dynbuild.link.model import Record
from dynbuild.ports import Tier

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


class Checked:
    """Implements ``ports.Tier`` on another; ``tell`` hears of mismatches."""

    def __init__(self, tier: Tier, tell: Callable[[str], None]) -> None:
        self._tier = tier
        self._tell = tell
        self._lock = threading.Lock()
        self._said: dict[Digest, set[Digest]] = {}
        self._wrong: set[Digest] = set()

    def find(self, steps: Collection[Digest], platform: str) -> tuple[Record, ...]:
        found = self._tier.find(steps, platform)
        with self._lock:
            for record in found:
                for layer in record.layers:
                    self._said.setdefault(layer.digest, set()).add(layer.diff_id)
        return tuple(
            record
            for record in found
            if self._wrong.isdisjoint(layer.digest for layer in record.layers)
        )

    def fetch(self, blob: Digest, path: str) -> bool:
        if blob in self._wrong or not self._tier.fetch(blob, path):
            return False
        said = self._said.get(blob)
        if said is None or _is_layer(path, said):
            return True
        Path(path).unlink()
        self._wrong.add(blob)
        self._tell(f"the blob {blob} is not the layer that a record says it is")
        return False

    def keep(self, blob: Digest, path: str) -> None:
        self._tier.keep(blob, path)

    def record(self, record: Record) -> None:
        self._tier.record(record)


def _is_layer(path: str, diff_ids: Collection[Digest]) -> bool:
    """Whether a blob, unpacked, has all these diff ids, which should be only one.

    What Python cannot unpack is left to the engine.
    """
    with Path(path).open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head == _ZSTANDARD:
            return True
        try:
            if head[:2] == _GZIP:
                with gzip.open(file) as unpacked:
                    actual = _digest(unpacked)
            else:
                actual = _digest(file)
        except (OSError, EOFError, zlib.error):
            return False
    return {actual} == set(diff_ids)


def _digest(file: BufferedIOBase) -> Digest:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return Digest(f"sha256:{digest.hexdigest()}")
