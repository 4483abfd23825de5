"""Background sharing of records with far tiers: blobs first, the record last."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.digest import Digest
from dynbuild.link.model import Record
from dynbuild.ports import Tier
from dynbuild.tiers.codec import names_in, record_name
from dynbuild.tiers.wrap.far import Far
from dynbuild.values import dataclass

_AT_ONCE = 3
"""Records that are shared with one tier concurrently."""


@dataclass(slots=True)
class _ShareQueue:
    """The queue of records for one tier, and its workers.

    ``foreign`` has the ids of realizations that the tier has in another build: nothing
    that stands on ours, or copies from it, is of use to anyone there.
    """

    far: Far
    pending: deque[Record] = field(default_factory=deque)
    keys: set[tuple[str, tuple[Digest, ...]]] = field(default_factory=set)
    foreign: set[Digest] = field(default_factory=set)
    workers: int = 0


class RecordSharing:
    """The records to share, and the threads that share them.

    ``folder`` is a place for links to blobs of the near tier.
    """

    def __init__(self, near: Tier, fars: Sequence[Far], folder: Path) -> None:
        self._near = near
        self._folder = folder
        self._lines = [_ShareQueue(far) for far in fars]
        self._changed = threading.Condition()
        self._error: BaseException | None = None

    def add(self, record: Record, only: Far | None = None) -> None:
        """Share a record with all tiers that accept writes, or ``only`` with one."""
        key = (record_name(record), tuple(layer.digest for layer in record.layers))
        for line in self._lines:
            if line.far.writes and only in (None, line.far):
                with self._changed:
                    if key in line.keys:
                        continue
                    line.keys.add(key)
                    line.pending.append(record)
                    if line.workers < _AT_ONCE:
                        line.workers += 1
                        work = threading.Thread(
                            target=self._work, args=(line,), daemon=True
                        )
                        work.start()

    def done(self, seconds: float) -> bool:
        """Wait at most ``seconds``; return whether all is shared, or given up."""
        with self._changed:
            done = self._changed.wait_for(
                lambda: not any(line.workers for line in self._lines), seconds
            )
        if self._error is not None:
            raise self._error
        return done

    def _work(self, line: _ShareQueue) -> None:
        while True:
            with self._changed:
                if not line.pending:
                    line.workers -= 1
                    self._changed.notify_all()
                    return
                record = line.pending.popleft()
            try:
                self._share(line, record)
            except BaseException as error:  # noqa: BLE001 - the main thread is told
                self._error = error

    def _share(self, line: _ShareQueue, record: Record) -> None:
        far = line.far
        if not far.writes:
            return
        sources = (id_ for _, id_ in record.sources)
        if not line.foreign.isdisjoint((*record.on, *sources)):
            line.foreign.add(record.id)
            return
        others = far.find([record.step])
        if any(_is_rival(other, record) for other in others):
            if all(other.id != record.id for other in others):
                line.foreign.add(record.id)
            return
        size = sum(layer.size for layer in record.layers)
        far.sharing.begin(size)
        try:
            with TemporaryDirectory(dir=self._folder) as folder:
                for number, layer in enumerate(record.layers):
                    path = f"{folder}/{number}"
                    if not self._near.fetch(layer.digest, path):
                        return
                    far.keep(layer.digest, path)
                for blob in names_in(record.inside()):
                    # Without it others read the layers, if they ask at all.
                    if self._near.fetch(blob, f"{folder}/inside"):
                        far.keep(blob, f"{folder}/inside")
            far.record(record)
        finally:
            far.sharing.end()


def _is_rival(record: Record, other: Record) -> bool:
    """Whether two records are builds of one step on and from the same realizations."""
    ground = (record.placed, record.on, record.sources, record.parts)
    return ground == (other.placed, other.on, other.sources, other.parts)
