"""The registry tier: one repository, a tag for each step, blobs by digest.

Registries list no tags by prefix and have no conditional writes: what is under a tag is
read, added to, written and read again. Two writers of one step may still undo one
another, which loses a record: the step is built again elsewhere, and no image is ever
wrong.
"""

import hashlib
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from dynbuild.digest import BlobDigest, Digest, StepDigest, sha256
from dynbuild.link.model import Record
from dynbuild.ports import CountBytes, Notify, TierError
from dynbuild.tiers.codec import (
    StoredWrites,
    UnreadableError,
    dump_record,
    dump_writes,
    names_in,
    record_name,
)
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.http.connections import TIMEOUTS, Timeouts
from dynbuild.tiers.oci.address import GHCR, Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.download import DamagedError
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.upload import of_bytes, of_file
from dynbuild.tiers.registry.artifact import (
    EMPTY,
    PackedRecord,
    dump_step,
    load_step,
    tag_of,
)

AT_ONCE = 32
"""Concurrent requests: 100 steps in a few round trips."""

_TRIES = 3
"""How often a record is put again that another writer undid."""

_WRITES = 64 << 20
"""Maximum bytes of a write set that is read: it is held in memory."""

_GHCR_LARGEST = 10 * 10**9
"""Maximum bytes of a layer that ghcr.io takes (according to GitHub's documentation)."""

_UNKNOWN = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})


class Registry:
    """Implements ``ports.Tier`` on a repository; ``tell`` reports damage.

    ``came`` and ``went`` get the bytes moved, during the transfer.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - where, as whom, who hears, how long to wait
        self,
        repository: Repository,
        environment: Mapping[str, str],
        tell: Notify,
        came: CountBytes = lambda _: None,
        went: CountBytes = lambda _: None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.repository = repository
        self.client = Client(
            repository.host, environment, came=came, went=went, timeouts=timeouts
        )
        self._tell = tell
        self._reported: set[str] = set()
        self._there: set[Digest] = set()
        self._lost: set[Digest] = set()
        self._doubtful = False
        self._sizes: dict[BlobDigest, int] = {}
        self._writes: dict[Digest, bytes] = {}
        self._lock = threading.Lock()
        self._names: dict[str, threading.Lock] = {}

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        with refusals():
            entries = [
                *chain.from_iterable(
                    parallel_map(self.entries, sorted(set(steps)), AT_ONCE)
                )
            ]
            if self._doubtful:
                # Blobs have disappeared behind the records: no plan may rest on others.
                layers = {x.digest for entry in entries for x in entry.record.layers}
                self._lost |= self._missing(sorted(layers))
            usable = [entry for entry in entries if not self._lacks(entry)]
            writes = parallel_map(self._written, usable, AT_ONCE)
            records = [
                replace(entry.record, writes=StoredWrites(data))
                for entry, data in zip(usable, writes, strict=True)
                if data is not None
            ]
        self._sizes |= {x.digest: x.size for entry in records for x in entry.layers}
        for entry in usable:
            self._sizes |= entry.inside
        return tuple(records)

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        if blob in self._lost:
            return False
        most = self._sizes.get(blob)
        try:
            with refusals():
                if self.client.download(self.repository, blob, path, most):
                    return True
        except DamagedError:
            self._say(f"the blob {blob} is damaged")
        else:
            self._say(f"the blob {blob} is missing")
        self._lost.add(blob)
        self._there.discard(blob)
        self._doubtful = True
        return False

    def keep(self, blob: BlobDigest, path: str) -> None:
        size = Path(path).stat().st_size
        if self.repository.host == GHCR and size > _GHCR_LARGEST:
            why = f"a layer of {size} bytes is more than {GHCR} takes"
            raise TierError(why, refused=True)
        with refusals():
            if self._has(blob):
                return
            try:
                self.client.upload(self.repository, blob, of_file(path))
            except RegistryError as error:
                if error.status is None or _hash(path) == blob:
                    raise
                raise ValueError(f"{path} is not {blob}") from None
        self._is_there(blob)

    def record(self, record: Record) -> None:
        writes = dump_writes(record.writes)
        digest = BlobDigest(sha256(writes))
        text = dump_record(record, digest)
        tag = tag_of(record.step)
        with refusals():
            inside = names_in(record.inside())
            entry = PackedRecord(
                record,
                digest,
                len(writes),
                text,
                writes,
                int(time.time()),
                inside if all(map(self._has, inside)) else {},
            )
            self._keep_bytes(digest, writes)
            self.keep_empty()
            with self._alone(tag):
                for _ in range(_TRIES):
                    self._put(tag, entry)
                    if text in [stored.text for stored in self.entries(record.step)]:
                        return

    def _put(self, tag: str, entry: PackedRecord) -> None:
        """Add a record to a tag, replacing one of the same name."""
        step = entry.record.step
        name = record_name(entry.record)
        others = [
            other for other in self.entries(step) if record_name(other.record) != name
        ]
        try:
            self.put_entries(tag, [*others, entry])
        except RegistryError as error:
            if not others or _UNKNOWN.isdisjoint(error.codes):
                raise
            # Some of the others have lost blobs, and are of no use without them.
            self._doubtful = True
            whole = [other for other in others if self._is_whole(other)]
            self.put_entries(tag, [*whole, entry])

    def keep_empty(self) -> None:
        """Store the blob that every manifest of records names. Raises RegistryError."""
        self._keep_bytes(BlobDigest(sha256(EMPTY)), EMPTY)

    def put_entries(self, tag: str, entries: list[PackedRecord]) -> None:
        """Set the records of a tag to exactly these. Raises RegistryError."""
        self.client.put_manifest(self.repository, tag, dump_step(entries))

    def entries(self, step: Digest) -> list[PackedRecord]:
        """Return the records under the tag of a step, as far as they are valid.

        Raises RegistryError.
        """
        tag = tag_of(step)
        data = self.client.manifest(self.repository, tag)
        if data is None:
            return []
        try:
            entries, unreadable = load_step(data)
        except UnreadableError:
            self._say(f"what is under the tag {tag} is no manifest of records")
            return []
        own = [entry for entry in entries if entry.record.step == step]
        if unreadable or len(own) < len(entries):
            self._say(f"a record under the tag {tag} is damaged")
        return own

    def _written(self, entry: PackedRecord) -> bytes | None:
        """Return the stored write set of a record, if it is there whole."""
        if entry.data is not None:
            return entry.data
        if entry.writes not in self._writes:
            most = min(entry.size, _WRITES)
            data = self.client.blob(self.repository, entry.writes, most)
            if data is None:
                self._say(f"the blob {entry.writes} is missing or damaged")
                return None
            self._writes[entry.writes] = data
        return self._writes[entry.writes]

    def _missing(self, blobs: Collection[BlobDigest]) -> set[BlobDigest]:
        def is_there(blob: BlobDigest) -> bool:
            return self.client.has(self.repository, blob)

        candidates = [blob for blob in blobs if blob not in self._lost]
        there = parallel_map(is_there, candidates, AT_ONCE)
        return {
            blob for blob, present in zip(candidates, there, strict=True) if not present
        }

    def _lacks(self, entry: PackedRecord) -> bool:
        return not self._lost.isdisjoint(layer.digest for layer in entry.record.layers)

    def _is_whole(self, entry: PackedRecord) -> bool:
        return all(self.client.has(self.repository, blob) for blob in entry.blobs)

    def _has(self, blob: BlobDigest) -> bool:
        """Whether a blob is there whole, as far as is known."""
        if blob in self._there:
            return True
        if blob in self._lost or not self.client.has(self.repository, blob):
            return False
        self._there.add(blob)
        return True

    def _keep_bytes(self, blob: BlobDigest, data: bytes) -> None:
        # All records have the empty blob, and many the same write set. Registries that
        # receive a blob twice concurrently may not know it for a moment.
        with self._alone(blob):
            if not self._has(blob):
                self.client.upload(self.repository, blob, of_bytes(data))
                self._is_there(blob)

    def _is_there(self, blob: BlobDigest) -> None:
        self._there.add(blob)
        self._lost.discard(blob)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Keep other threads from writing under a tag, or a digest, meanwhile."""
        with self._lock:
            lock = self._names.setdefault(name, threading.Lock())
        with lock:
            yield

    def _say(self, what: str) -> None:
        if what not in self._reported:
            self._reported.add(what)
            self._tell(what)


@contextmanager
def refusals() -> Iterator[None]:
    """Convert the registry's errors into TierError."""
    try:
        yield
    except RegistryError as error:
        refused = error.status is not None and not error.retryable
        raise TierError(str(error), refused=refused) from None


def _hash(path: str) -> Digest:
    with Path(path).open("rb") as file:
        return Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
