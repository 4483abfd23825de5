"""Snapshots as real files, one each, that a reviewer or another tool can read.

    assert text == snapshot(extension_class=files("Dockerfile"))

compares with ``__snapshots__/<test module>/<test>.Dockerfile`` beside the test;
``pytest --snapshot-update`` writes it. Further ones of one test get a name by
``snapshot(name="…", extension_class=…)``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

if TYPE_CHECKING:
    from syrupy.data import SnapshotCollection


class _TextFile(SingleFileSnapshotExtension):
    """One text in one file, byte for byte: line ends are part of it."""

    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **_: Any) -> str:
        assert isinstance(data, str), "only text is written to a file of its own"
        return data

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> str | None:
        del snapshot_name, session_id
        try:
            return Path(snapshot_location).read_bytes().decode()
        except FileNotFoundError:
            return None

    @classmethod
    def write_snapshot_collection(
        cls,
        *,
        snapshot_collection: SnapshotCollection,
        name_order: dict[str, int] | None = None,
    ) -> None:
        del name_order
        (snapshot,) = snapshot_collection
        Path(snapshot_collection.location).write_bytes(str(snapshot.data).encode())


@cache
def files(suffix: str) -> type[SingleFileSnapshotExtension]:
    """Return the extension whose snapshots are files with a suffix, without dot."""
    return type(f"{suffix}Files", (_TextFile,), {"file_extension": suffix})
