"""The local tier: blobs and records in a directory, shared by any number of processes.

``blobs/sha256/HEX`` holds content, ``realizations/STEP/ID`` a record, written after all
blobs that it names. Both come by rename and never change, so that a kill at any moment
leaves nothing half done. Every read is verified: what is missing or damaged is a miss,
which is reported and makes room for a new copy.
"""

import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from tempfile import mkstemp

from dynbuild.digest import BlobDigest, Digest, StepDigest, sha256
from dynbuild.inventory import RECORDS
from dynbuild.link.model import Layer, Origin, Record
from dynbuild.ports import Notify
from dynbuild.tiers.codec import (
    OtherVersionError,
    StoredWrites,
    UnreadableError,
    dump_record,
    dump_writes,
    load_record,
    record_name,
)
from dynbuild.tiers.origin import ANY, Trust, dump_built, dump_taken, origins_in, parted
from dynbuild.values import dataclass

BLOBS = "blobs/sha256"
NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Local:
    """Implements ``ports.Tier`` on a directory; ``tell`` reports damage.

    Only the records that ``trust`` believes count.
    """

    root: Path
    tell: Notify
    trust: Trust = ANY
    _doubts: set[Origin] = field(default_factory=set)
    _sound: dict[Digest, tuple[int, int, int]] = field(default_factory=dict)

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        by_step = (self.records(step) for step in sorted(set(steps)))
        return tuple(record for records in by_step for record in records)

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        source = self._blob(blob)
        if not self._is_sound(blob, source):
            return False
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            link_or_copy(source, Path(path))
        except FileNotFoundError:
            self.tell(f"{blob} went away while it was read")
            return False
        return True

    def keep(self, blob: BlobDigest, path: str) -> None:
        target = self._blob(blob)
        if self._is_sound(blob, target, quiet=True):
            # Make it as young as a new one: nothing may clean it away.
            with suppress(OSError):
                os.utime(target)
                self._sound[blob] = _state(target)
                return
        temporary = _temporary(target)
        temporary.unlink()
        link_or_copy(Path(path), temporary)
        if digest_of_file(temporary) != blob:
            temporary.unlink()
            raise ValueError(f"{path} is not {blob}")
        self._put(blob, temporary)

    def adopt(self, blob: BlobDigest, path: str) -> None:
        """Store a file that was verified while it was written."""
        temporary = _temporary(self._blob(blob))
        temporary.unlink()
        link_or_copy(Path(path), temporary)
        self._put(blob, temporary)

    def record(self, record: Record) -> None:
        writes = self.write(dump_writes(record.writes))
        data = dump_record(record, writes)
        self._put_record(record, data, dump_built(data, record.origins, self.trust))

    def take(self, record: Record) -> None:
        """Store a record of another tier, which its only origin names."""
        writes = self.write(dump_writes(record.writes))
        self._put_record(record, dump_record(record, writes), dump_taken(record))

    def doubt(self, *origins: Origin) -> None:
        """Count these among the origins of all that is built from now on."""
        self._doubts.update(origins)

    def doubts(self) -> tuple[Origin, ...]:
        """Return the origins that were doubted."""
        return tuple(sorted(self._doubts))

    def has(self, blob: BlobDigest) -> bool:
        """Whether a blob is there and whole; its absence is not reported."""
        return self._is_sound(blob, self._blob(blob), quiet=True)

    def used(self, records: Collection[Record]) -> None:
        """Mark records as in use, so that they count as young."""
        for record in records:
            # It may be of a shared tier, or another process may be cleaning just now.
            with suppress(OSError):
                os.utime(self._folder(record.step) / record_name(record))

    def write(self, data: bytes) -> BlobDigest:
        """Store a small blob."""
        digest = BlobDigest(sha256(data))
        write_whole(self._blob(digest), data)
        return digest

    def read(self, blob: BlobDigest) -> bytes | None:
        """Return a small blob, if it is there whole."""
        path = self._blob(blob)
        try:
            data = path.read_bytes()
        except OSError:
            self.tell(f"the blob {blob} is missing")
            return None
        if sha256(data) != blob:
            self._drop(path, f"the blob {blob} is damaged")
            return None
        return data

    def holds(self, layer: Layer) -> bool:
        """Whether a layer seems to be there; fetching it checks more closely."""
        path = self._blob(layer.digest)
        try:
            size = path.stat().st_size
        except OSError:
            self.tell(f"the blob {layer.digest} is missing")
            return False
        if size != layer.size:
            self._drop(path, f"the blob {layer.digest} is damaged")
        return size == layer.size

    def _put_record(self, record: Record, data: bytes, origin_data: bytes) -> None:
        path = self._folder(record.step) / record_name(record)
        write_whole(path, data + (b"\n" + origin_data if origin_data else b""))

    def _put(self, blob: BlobDigest, temporary: Path) -> None:
        temporary.chmod(0o444)
        state = _state(temporary)
        temporary.replace(self._blob(blob))
        self._sound[blob] = state

    def _blob(self, digest: Digest) -> Path:
        # It becomes a path: only blobs are ever read or removed there.
        if "/" in digest:
            raise ValueError(f"{digest} is no digest")
        return self.root / BLOBS / digest.removeprefix("sha256:")

    def _folder(self, step: Digest) -> Path:
        return self.root / RECORDS / step.removeprefix("sha256:")

    def records(self, step: Digest) -> Iterator[Record]:
        """Return the records of a step that count."""
        try:
            names = sorted(os.listdir(self._folder(step)))  # noqa: PTH208 - no Path each
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            if name.startswith("."):
                continue
            path = self._folder(step) / name
            if (loaded := self._loaded(path)) is None:
                continue
            record, writes = loaded
            if record_name(record) != name:
                self._drop(path, f"the record {path} is not the one that it says")
            elif not self.trust.believes(record.origins):
                continue
            elif (whole := self._whole(record, writes)) is not None:
                yield whole
            elif not all(map(self._lies, (writes, *(x.digest for x in record.layers)))):
                # Blobs come before the records that name them: this one is of no use,
                # and the step is built again as another realization.
                with suppress(OSError):
                    path.unlink()

    def _loaded(self, path: Path) -> tuple[Record, BlobDigest] | None:
        """Return the record in a file, with its origins, and its write set's blob."""
        try:
            data, origin_data = parted(path.read_bytes())
            record, writes = load_record(data)
        except (FileNotFoundError, OtherVersionError):
            return None
        except UnreadableError:
            self._drop(path, f"the record {path} is damaged")
            return None
        except OSError as error:
            # It may be whole: others can read it, or this process can later.
            self.tell(f"the record {path} cannot be read: {error.strerror}")
            return None
        origins = origins_in(origin_data, data, record, writes, self.trust)
        return replace(record, origins=origins), writes

    def _whole(self, record: Record, writes: BlobDigest) -> Record | None:
        """Return the record with its write set, if all that it names is there."""
        if not all(map(self.holds, record.layers)):
            return None
        data = self.read(writes)
        return None if data is None else replace(record, writes=StoredWrites(data))

    def _lies(self, blob: BlobDigest) -> bool:
        """Whether there is anything under a digest, as far as can be seen."""
        try:
            return self._blob(blob).exists()
        except OSError:
            return True

    def _is_sound(self, blob: BlobDigest, path: Path, *, quiet: bool = False) -> bool:
        """Whether a blob is there and whole: read once, then only if it changed."""
        try:
            state = _state(path)
            if self._sound.get(blob) == state:
                return True
            actual = digest_of_file(path)
        except OSError:
            if not quiet:
                self.tell(f"the blob {blob} is missing")
            return False
        if actual != blob:
            self._drop(path, f"the blob {blob} is damaged")
            return False
        self._sound[blob] = state
        return True

    def _drop(self, path: Path, why: str) -> None:
        self.tell(why)
        with suppress(OSError):
            path.unlink()


def write_whole(target: Path, data: bytes) -> None:
    """Write a file atomically; one that is there and correct stays."""
    with suppress(OSError):
        if target.read_bytes() == data:
            return
    temporary = _temporary(target)
    temporary.write_bytes(data)
    temporary.chmod(0o444)
    temporary.replace(target)


def _temporary(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(prefix=".", dir=target.parent)
    os.close(handle)
    return Path(name)


def link_or_copy(source: Path, target: Path) -> None:
    """Put a file's content at another path: by hard link if the file system can."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def digest_of_file(path: Path) -> Digest:
    """Return the digest of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
