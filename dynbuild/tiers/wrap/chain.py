"""All tiers, near to far, as one: it queries all at once and fills near from far.

The nearest is the machine's own, and nothing works without it. The others can only
help (``guarded``): a failure is a miss. What is built is shared while other steps
build (``sharing``).
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from dynbuild.digest import BlobDigest, Digest, StepDigest
from dynbuild.emit.bases import is_base
from dynbuild.link.choice import Held
from dynbuild.link.model import Origin, Record
from dynbuild.ports import Stack, Tier, TierError
from dynbuild.tiers.codec import names_in, record_name
from dynbuild.tiers.daemon_threads import submit
from dynbuild.tiers.kind import READ
from dynbuild.tiers.origin import STORE
from dynbuild.tiers.wrap.far import Far
from dynbuild.tiers.wrap.sharing import RecordSharing
from dynbuild.values import dataclass

LOOK_UP = 15.0
"""Seconds after which a tier that is still looking up is left out."""

_POLL = 0.1
"""Seconds between two checks of whether the run is being stopped."""


class Near(Tier, Protocol):
    """The machine's own tier."""

    def has(self, blob: BlobDigest) -> bool:
        """Whether a blob is there and whole; its absence is not reported."""

    def adopt(self, blob: BlobDigest, path: str) -> None:
        """Store a file that was verified while it was written."""

    def used(self, records: Collection[Record]) -> None:
        """Mark records as in use."""

    def take(self, record: Record) -> None:
        """Store a record of another tier, all of whose layers are there."""

    def doubt(self, *origins: Origin) -> None:
        """Count these among the origins of all that is built from now on."""

    def doubts(self) -> tuple[Origin, ...]:
        """Return the origins that were doubted."""


@dataclass(slots=True)
class _FarRecords:
    """A far tier, and its answers: its records by step.

    ``sizes`` has the blobs that they name, ``lost`` those that it did not deliver.
    """

    far: Far
    records: dict[Digest, tuple[Record, ...]] = field(default_factory=dict)
    sizes: dict[Digest, int] = field(default_factory=dict)
    lost: set[Digest] = field(default_factory=set)

    def find(self, steps: Collection[StepDigest], *, anew: bool) -> tuple[Record, ...]:
        """Return the records that may be of use; no query repeats unless ``anew``."""
        # Another thread may clear the known records meanwhile.
        by_step = {} if anew else {s: self.records.get(s) for s in steps}
        wanted = [step for step in steps if by_step.get(step) is None]
        answer = self.far.find(wanted) if wanted else ()
        for step in wanted:
            by_step[step] = tuple(r for r in answer if r.step == step)
            self.records[step] = by_step[step] or ()
        usable = tuple(
            record
            for step in sorted(set(steps))
            for record in by_step[step] or ()
            if self.lost.isdisjoint(layer.digest for layer in record.layers)
        )
        self.sizes |= {x.digest: x.size for record in usable for x in record.layers}
        return usable

    def lose(self, blob: BlobDigest) -> None:
        """Note that it failed to deliver a blob, and forget its cached answers."""
        if blob in self.sizes and blob not in self.lost:
            self.lost.add(blob)
            self.records.clear()
            self.far.lost()


class Chain:
    """Implements ``ports.Tiers``.

    ``folder`` is a place for files on the file system of the nearest tier; ``check``
    raises when the run is being stopped. A look-up takes at most ``look_up`` seconds.
    """

    def __init__(
        self,
        near: Near,
        fars: Sequence[Far],
        folder: Path,
        check: Callable[[], None],
        look_up: float = LOOK_UP,
    ) -> None:
        self._look_up = look_up
        self._near = near
        self._fars = [_FarRecords(far) for far in fars]
        self._check = check
        self._folder = folder
        self._sharing = RecordSharing(near, fars, folder)
        self._lock = threading.Lock()
        self._getting: dict[Digest, threading.Lock] = {}
        # Records that are to come near, by the first blob that is missing there.
        self._unfilled: dict[Digest, dict[tuple[str, Stack], Record]] = {}
        # The nearest record of each realization, by its id: its origins count.
        self._records: dict[Digest, Record] = {}

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        """Return the records of some steps as of now; of two alike, the nearer."""
        by_name: dict[str, Record] = {}
        for match in self._ask(steps, anew=True):
            by_name.setdefault(record_name(match.record), match.record)
        for record in by_name.values():
            if record.parts or is_base(record):
                # No step has it, but any may be built on it: a squash, or a base.
                self._near.doubt(*record.origins)
        return tuple(by_name.values())

    def expect(self, records: Collection[Record]) -> None:
        for record in records:
            origins = {*record.origins, *self._origins_of(record)}
            marked = replace(record, origins=tuple(sorted(origins)))
            self._records[record.id] = marked

    def held(
        self, steps: Collection[StepDigest], *, anew: bool = False
    ) -> tuple[Held, ...]:
        return tuple(self._ask(steps, anew=anew))

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        if self._fars and not self._near.has(blob):
            with self._alone(blob):
                if not self._near.has(blob):
                    return self._take(blob, path)
        return self._near.fetch(blob, path)

    def keep(self, blob: BlobDigest, path: str) -> None:
        self._near.keep(blob, path)

    def record(self, record: Record) -> None:
        self.expect([record])
        self.put(replace(record, origins=self._records[record.id].origins))

    def put(self, record: Record) -> None:
        """Store and share a record whose origins are known, as it is."""
        self._near.record(record)
        self._sharing.add(record)

    def share(self, records: Collection[Record]) -> int:
        self._near.used(records)
        count = 0
        for far_records in self._fars:
            if far_records.far.reads and far_records.far.writes:
                shared = [
                    r for some in list(far_records.records.values()) for r in some
                ]
                names = set(map(record_name, shared))
                for record in records:
                    if record_name(record) not in names:
                        self._sharing.add(record, far_records.far)
                        count += 1
        return count

    def settle(self) -> None:
        """Wait until everything that can be shared by now is shared."""
        while not self._sharing.done(_POLL):
            self._check()

    def finish(self) -> None:
        """Wait until everything that can be shared is shared.

        Raises UnreachableError if a required tier failed.
        """
        self.settle()
        for far_records in self._fars:
            far_records.far.require()

    def _ask(self, steps: Collection[StepDigest], *, anew: bool) -> Iterator[Held]:
        def question(far_records: _FarRecords) -> Callable[[], tuple[Record, ...]]:
            return lambda: far_records.find(steps, anew=anew)

        pending = [
            (distance, far_records.far, submit(question(far_records)))
            for distance, far_records in enumerate(self._fars, 1)
            if far_records.far.reads
        ]
        near = self._near.find(steps)
        for record in near:
            self._records.setdefault(record.id, record)
            yield Held(record)
        near_layers = {record_name(record): record.layers for record in near}
        for distance, far, answer in pending:
            for record in self._in_time(far, answer):
                name = record_name(record)
                if name not in near_layers:
                    self._fill(record)
                elif near_layers[name] != record.layers and self._lacks(record):
                    # It replaces the other one once it is chosen, and comes here.
                    self._fill(record)
                self._records.setdefault(record.id, record)
                yield Held(record, distance)
            far.require()

    def _origins_of(self, record: Record) -> tuple[Origin, ...]:
        """Return the origins of everything that a record built here builds on."""
        below = _below(record)
        sources = [self._records[source] for source in below & self._records.keys()]
        if record.parts:
            parts = set(record.parts)
            sources += [
                source
                for source in list(self._records.values())
                if not parts.isdisjoint(layer.diff_id for layer in source.layers)
            ]
        origins = {origin for source in sources for origin in source.origins}
        # A missing record may have come from anywhere: it counts as the store's.
        if below.difference(self._records, *map(_below, sources)):
            origins.add(Origin(STORE))
        return tuple(sorted(origins.union(self._near.doubts())))

    def _in_time(
        self, far: Far, answer: Future[tuple[Record, ...]]
    ) -> tuple[Record, ...]:
        deadline = time.monotonic() + self._look_up
        while time.monotonic() < deadline:
            if wait([answer], _POLL).done:
                return answer.result()
            self._check()
        why = f"it did not look up the steps within {self._look_up:.0f} s"
        far.fail(TierError(why), READ)
        return ()

    def _take(self, blob: BlobDigest, path: str) -> bool:
        """Fetch a blob from the nearest tier that delivers it, and keep it near."""
        for far_records in self._fars:
            if not far_records.far.reads:
                continue
            far_records.far.taking.begin(far_records.sizes.get(blob, 0))
            try:
                got = self._patiently(far_records.far, blob, path)
            finally:
                far_records.far.taking.end()
            if got:
                self._near.adopt(blob, path)
                self._came(blob)
                return True
            far_records.lose(blob)
        return False

    def _patiently(self, far: Far, blob: BlobDigest, path: str) -> bool:
        """Fetch a blob, checking meanwhile whether the run is being stopped."""
        job = submit(lambda: far.fetch(blob, path))
        while not wait([job], _POLL).done:
            self._check()
        return job.result()

    def _fill(self, record: Record) -> None:
        """Keep a record near as soon as all that it names is near."""
        lacks = self._lacks(record)
        if lacks is None:
            self._bring(record)
            self._near.take(record)
            return
        key = (record_name(record), record.layers)
        with self._lock:
            self._unfilled.setdefault(lacks, {})[key] = record
        if self._near.has(lacks):
            self._came(lacks)

    def _bring(self, record: Record) -> None:
        """Bring what says what is installed near, if it is to be had."""
        for blob in names_in(record.inside()):
            if not self._near.has(blob):
                with TemporaryDirectory(dir=self._folder) as folder:
                    self._take(blob, f"{folder}/inside")

    def _came(self, blob: BlobDigest) -> None:
        """Resume the records that wait for a blob that is near now."""
        with self._lock:
            waiting = self._unfilled.pop(blob, {})
        for record in waiting.values():
            self._fill(record)

    def _lacks(self, record: Record) -> BlobDigest | None:
        """Return the first blob of a record that is not near."""
        has = self._near.has
        return next(
            (layer.digest for layer in record.layers if not has(layer.digest)), None
        )

    @contextmanager
    def _alone(self, blob: BlobDigest) -> Iterator[None]:
        """Keep other threads from fetching the same blob meanwhile."""
        with self._lock:
            lock = self._getting.setdefault(blob, threading.Lock())
        with lock:
            yield


class Nested:
    """Implements ``ports.Tier``: a chain as a far tier of another.

    Its records have one origin, the place by which the outer chain knows it, whichever
    inner tier delivered them: that place has to name all inner tiers. Records stored
    through it keep the origins that the outer chain states, since only that chain knows
    what they were built on; storing ends when every inner tier that can has the record.
    The outer chain waits for it no longer than for any other tier, so the look-up time
    of an inner chain should be shorter.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        return self._chain.find(steps)

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        return self._chain.fetch(blob, path)

    def keep(self, blob: BlobDigest, path: str) -> None:
        self._chain.keep(blob, path)

    def record(self, record: Record) -> None:
        self._chain.put(record)
        self._chain.finish()


def _below(record: Record) -> set[Digest]:
    """Return the ids of the realizations a record stands on or copies from."""
    return {*record.on, *(id_ for _, id_ in record.sources)}
