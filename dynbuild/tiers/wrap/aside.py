"""All tiers as they are, for a run whose results nobody is to find again."""

import os
import shutil
from collections.abc import Collection
from dataclasses import field
from pathlib import Path

from dynbuild.digest import BlobDigest, StepDigest
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.ports import Tiers
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class AsideTiers:
    """Implements ``ports.Tiers``: blobs go into a folder, records into memory."""

    tiers: Tiers
    folder: Path
    records: list[Record] = field(default_factory=list)

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        return (*self._own(steps), *self.tiers.find(steps))

    def held(
        self, steps: Collection[StepDigest], *, anew: bool = False
    ) -> tuple[Held, ...]:
        own = [Held(record, 0) for record in self._own(steps)]
        return (*own, *self.tiers.held(steps, anew=anew))

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        try:
            os.link(self._path(blob), path)
        except FileNotFoundError:
            return self.tiers.fetch(blob, path)
        return True

    def keep(self, blob: BlobDigest, path: str) -> None:
        own = self._path(blob)
        if not own.exists():
            shutil.copyfile(path, own)

    def record(self, record: Record) -> None:
        self.records.append(record)

    def expect(self, records: Collection[Record]) -> None:
        """Nothing to note: what is kept here goes nowhere."""

    def share(self, records: Collection[Record]) -> int:
        del records
        return 0

    def _own(self, steps: Collection[StepDigest]) -> list[Record]:
        wanted = {*steps}
        return [record for record in self.records if record.step in wanted]

    def _path(self, blob: BlobDigest) -> Path:
        return self.folder / blob.removeprefix("sha256:")
