"""The state of a machine beside its tier: bases, notes, and who builds what now."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from dynbuild.digest import Digest, sha256
from dynbuild.emit.bases import base_step, documents_in, image_in
from dynbuild.link.model import Origin
from dynbuild.ports import Base
from dynbuild.tiers.codec import (
    NotedBase,
    StoredWrites,
    UnreadableError,
    dump_base,
    dump_writes,
    load_base,
)
from dynbuild.tiers.local.tier import NOTES, Local, write_whole
from dynbuild.tiers.local.workspace import exclusive, is_read_only, private
from dynbuild.tiers.origin import STORE, is_sealed, seal_of_note
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class LocalMachine:
    """Implements ``ports.Machine`` in the directory of a local tier.

    ``pause`` waits some seconds, and raises when the run is being stopped.
    """

    tier: Local
    pause: Callable[[float], None]

    def base(self, digest: Digest) -> Base | None:
        return self._noted_base(digest) or self._recorded_base(digest)

    def _noted_base(self, digest: Digest) -> Base | None:
        text = self.noted(_base(digest))
        if text is None:
            return None
        try:
            noted = load_base(text)
        except UnreadableError:
            return None
        data = self.tier.read(noted.writes)
        with suppress(OSError):
            # It counts as young while it is used.
            os.utime(self._note(_base(digest)))
        if data is None or not all(map(self.tier.holds, noted.layers)):
            return None
        writes, inside = StoredWrites(data), noted.inside
        return Base(noted.layers, writes, noted.config, lambda: inside)

    def _recorded_base(self, digest: Digest) -> Base | None:
        """Return a base that came from another tier, all of which is here."""
        for record in self.tier.records(base_step(digest)):
            found = [self.tier.read(blob) for blob in documents_in(record, digest)]
            documents = [data for data in found if data is not None]
            if len(documents) != 2:  # noqa: PLR2004 - a manifest and a config
                continue
            image = image_in(record, digest, (documents[0], documents[1]))
            if image is not None:
                self.tier.doubt(*record.origins)
                return Base(image.layers, record.writes, image.config, record.inside)
        return None

    def keep_base(self, digest: Digest, base: Base) -> None:
        writes = self.tier.write(dump_writes(base.writes))
        noted = NotedBase(base.layers, writes, base.config, base.inside())
        self.note(_base(digest), dump_base(noted))

    def note(self, name: str, text: str) -> None:
        data = text.encode()
        seal = seal_of_note(name, data, self.tier.trust)
        head = f"{sha256(data)} {seal}" if seal else sha256(data)
        try:
            write_whole(self._note(name), head.encode() + b"\n" + data)
        except OSError as error:
            # A note that is not stored is computed again.
            if not is_read_only(error):
                raise

    def noted(self, name: str, *, own: bool = False) -> str | None:
        path = self._note(name)
        try:
            head, _, data = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        digest, _, seal = head.decode("ascii", "replace").partition(" ")
        if sha256(data) != digest:
            self.tier.tell(f"the note {path} is damaged")
            with suppress(OSError):
                path.unlink()
            return None
        if not is_sealed(name, data, seal, self.tier.trust):
            # Its author is unknown: what derives from it is trusted like the store.
            stray = Origin(STORE)
            if own or not self.tier.trust.believes([stray]):
                return None
            self.tier.doubt(stray)
        return data.decode()

    def alone(
        self, steps: Sequence[Digest], waiting: Callable[[], None]
    ) -> AbstractContextManager[None]:
        return exclusive(self.tier.root, steps, self.pause, waiting)

    def private(self) -> AbstractContextManager[Path]:
        """Return a directory of this process alone, on the tier's file system."""
        return private(self.tier.root)

    def _note(self, name: str) -> Path:
        return self.tier.root / NOTES / name


def _base(digest: Digest) -> str:
    return f"base-{digest.removeprefix('sha256:')}"
