"""The S3 tier: blobs and records as objects, under the keys of the local tier.

``blobs/sha256/HEX`` holds content, ``realizations/STEP/ID`` a record followed by its
write set, so that one request gets both; it is put after all blobs that it names. Reads
are verified while they stream; what is missing or damaged is a miss.
"""

import hashlib
import io
import os
import re
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from dynbuild.digest import BlobDigest, Digest, StepDigest, sha256
from dynbuild.inventory import RECORDS
from dynbuild.link.model import Record
from dynbuild.ports import CountBytes, Notify, TierError
from dynbuild.tiers.codec import (
    OtherVersionError,
    StoredWrites,
    UnreadableError,
    dump_record,
    dump_writes,
    load_record,
    names_in,
    record_name,
)
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.http.connections import TIMEOUTS, Timeouts, chunks, read
from dynbuild.tiers.http.failures import reason
from dynbuild.tiers.s3.client import MissingError, Settings, answers, connect

AT_ONCE = 24
"""Concurrent requests: hides 20 ms of latency, and no server minds."""

_PART = 5 << 20
"""Bytes of a part of a multipart upload, the least that S3 allows; an object has at
most ten thousand parts.

The client holds four at once, of each object.
"""
_LARGE = 2
"""Concurrent multipart uploads: one is sent while another begins or ends."""
_PARTS = 10_000
_MOST = 1000
"""Maximum number of records of a step that are looked at."""
_RECORD_NAME = re.compile("[0-9a-f]{64}")
_RECORD = 64 << 20
"""Maximum bytes of a record that is read: it is held in memory."""
_RESUMES = 3
"""How often a download that broke off is resumed, provided that it got further."""


class S3:
    """Implements ``ports.Tier`` on a bucket; ``tell`` reports damage.

    ``came`` and ``went`` get the bytes moved, during the transfer.
    """

    def __init__(
        self,
        settings: Settings,
        tell: Notify,
        came: CountBytes = lambda _: None,
        went: CountBytes = lambda _: None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.settings = settings
        self._timeouts = timeouts
        self.clients = connect(settings, timeouts)
        self._tell = tell
        self._came = came
        self._went = went
        self._damaged: set[Digest] = set()
        self._sizes: dict[BlobDigest, int] = {}
        self._whole: set[Digest] = set()
        self._doubtful = False
        self._large = threading.Semaphore(_LARGE)

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        by_step = parallel_map(self._records, sorted(set(steps)), AT_ONCE)
        records = [record for some in by_step for record in some]
        self._sizes |= {x.digest: x.size for r in records for x in r.layers}
        for record in records:
            self._sizes |= names_in(record.inside())
        if self._doubtful:
            # Blobs have disappeared behind the records: no plan may rest on others.
            blobs = {layer.digest: layer.size for r in records for layer in r.layers}
            there = parallel_map(
                lambda blob: self._is_there(*blob), blobs.items(), AT_ONCE
            )
            gone = {
                blob for blob, present in zip(blobs, there, strict=True) if not present
            }
            self._damaged |= gone
        return tuple(
            record
            for record in records
            if not any(layer.digest in self._damaged for layer in record.layers)
        )

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        if blob in self._damaged:
            return False
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as file:
                digest = self._download(blob, file)
            if digest == blob:
                part.rename(target)
                return True
            self._tell(f"the blob {blob} is damaged")
        except MissingError:
            self._tell(f"the blob {blob} is missing")
        finally:
            part.unlink(missing_ok=True)
        self._damaged.add(blob)
        self._whole.discard(blob)
        self._doubtful = True
        return False

    def keep(self, blob: BlobDigest, path: str) -> None:
        source = Path(path)
        size = source.stat().st_size
        if blob in self._whole:
            return
        if blob in self._damaged or not self._is_there(blob, size):
            try:
                with source.open("rb") as file:
                    content = _Checked(file, size, blob, self._went)
                    self._put(_blob_key(blob), cast("BinaryIO", content), size)
            except _NotItsDigestError:
                raise ValueError(f"{path} is not {blob}") from None
        self._damaged.discard(blob)
        self._whole.add(blob)

    def record(self, record: Record) -> None:
        writes = dump_writes(record.writes)
        data = dump_record(record, BlobDigest(sha256(writes))) + b"\n" + writes
        self._put(_record_key(record), io.BytesIO(data), len(data))

    def _records(self, step: Digest) -> list[Record]:
        prefix = f"{RECORDS}/{_hex(step)}/"
        try:
            with answers(self.clients):
                listed = self.clients.probe.list_objects(
                    self.settings.bucket,
                    prefix=self.settings.object_of(prefix),
                    recursive=True,
                )
                # A list may be endless, and others may put anything there.
                keys = [
                    key
                    for key in map(self.settings.key_of, _names(islice(listed, _MOST)))
                    if _RECORD_NAME.fullmatch(key.removeprefix(prefix))
                ]
        except MissingError:
            return []
        records = (self.record_at(key) for key in keys)
        return [
            record
            for key, record in zip(keys, records, strict=True)
            if record is not None and record.step == step and _record_key(record) == key
        ]

    def record_at(self, key: str) -> Record | None:
        """Return the record under a key, if it can be read."""
        try:
            data = self._read(key)
        except MissingError:
            return None
        head, text, writes = [*data.split(b"\n", 2), b"", b""][:3]
        try:
            record, digest = load_record(head + b"\n" + text)
        except OtherVersionError:
            return None
        except UnreadableError:
            self._tell(f"the record {key} is damaged")
            return None
        if sha256(writes) != digest:
            self._tell(f"the record {key} is damaged")
            return None
        return replace(record, writes=StoredWrites(writes))

    def _read(self, key: str) -> bytes:
        """Read a small object. Raises MissingError, TierError."""
        with (
            answers(self.clients),
            closing(
                self.clients.probe.get_object(
                    self.settings.bucket, self.settings.object_of(key)
                )
            ) as response,
        ):
            try:
                return read(response, self._timeouts.pace, _RECORD) or b""
            finally:
                response.release_conn()

    def _is_there(self, blob: BlobDigest, size: int) -> bool:
        if blob in self._whole:
            return True
        try:
            with answers(self.clients):
                # Before a transfer there is no hurry.
                status = self.clients.transfer.stat_object(
                    self.settings.bucket, self.settings.object_of(_blob_key(blob))
                )
        except MissingError:
            return False
        return status.size == size

    def _download(self, blob: BlobDigest, file: BinaryIO) -> Digest:
        """Get an object, resuming where it broke off; return the received digest."""
        digest = hashlib.sha256()
        done = 0
        for tries_left in reversed(range(_RESUMES + 1)):
            before = done
            try:
                with answers(self.clients):
                    response = self.clients.transfer.get_object(
                        self.settings.bucket,
                        self.settings.object_of(_blob_key(blob)),
                        offset=done,
                    )
                if done and response.status != 206:  # noqa: PLR2004 - partial content
                    digest, done = hashlib.sha256(), 0
                    file.seek(0)
                    file.truncate()
                for chunk in _chunks(response, self._timeouts.pace):
                    file.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    if done > self._sizes.get(blob, done):
                        response.close()
                        return sha256(b"it has more than it can have")
                    self._came(len(chunk))
                return Digest(f"sha256:{digest.hexdigest()}")
            except TierError as error:
                if error.refused or not tries_left or done <= before:
                    raise
        raise AssertionError

    def _put(self, key: str, data: BinaryIO, size: int) -> None:
        try:
            self._put_once(key, data, size)
        except MissingError:
            failed = self._make_bucket()
            data.seek(0)
            try:
                self._put_once(key, data, size)
            except MissingError:
                why = f"there is no bucket {self.settings.bucket}{failed}"
                raise TierError(why, refused=True) from None

    def _put_once(self, key: str, data: BinaryIO, size: int) -> None:
        put = self.clients.transfer.put_object
        bucket, key = self.settings.bucket, self.settings.object_of(key)
        part = max(_PART, -(-size // _PARTS))
        if size <= part:
            with answers(self.clients):
                put(bucket, key, data, size)
            return
        with self._large, answers(self.clients):
            put(bucket, key, data, size, part_size=part)

    def _make_bucket(self) -> str:
        """Make the bucket; return why that failed. Another may have made it by now."""
        try:
            with answers(self.clients):
                self.clients.transfer.make_bucket(self.settings.bucket)
        except MissingError:
            return ", and none can be made"
        except TierError as error:
            return f", and making it failed: {error.why}"
        return ""


class _Checked(io.RawIOBase):
    """A file that is handed over whole only if its content has the digest.

    The last part of a file with another digest is never sent.
    """

    def __init__(
        self, file: BinaryIO, size: int, blob: BlobDigest, went: CountBytes
    ) -> None:
        super().__init__()
        self._file = file
        self._size = size
        self._blob = blob
        self._went = went
        self.seek(0)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self._done += len(data)
        if self._done == self._size and self._hash.hexdigest() != _hex(self._blob):
            raise _NotItsDigestError
        self._went(len(data))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._hash = hashlib.sha256()
        self._done = 0
        return self._file.seek(offset, whence)


class _NotItsDigestError(Exception):
    """The content of a file does not have the stated digest."""


def _chunks(response: BaseHTTPResponse, window: float) -> Iterator[bytes]:
    """Yield the body of an answer as it comes. Raises TierError if it breaks off."""
    try:
        yield from chunks(response, window)
    except (HTTPError, OSError) as error:
        raise TierError(f"it {reason(error)}") from None
    finally:
        response.close()
        response.release_conn()


def _names(listed: Iterable[object]) -> list[str]:
    return sorted(str(getattr(item, "object_name", "")) for item in listed)


def _record_key(record: Record) -> str:
    return f"{RECORDS}/{_hex(record.step)}/{record_name(record)}"


def _blob_key(blob: BlobDigest) -> str:
    return f"blobs/sha256/{_hex(blob)}"


def _hex(digest: Digest) -> str:
    return digest.removeprefix("sha256:")
