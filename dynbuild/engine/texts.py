"""The few texts in layers that reveal what a step did, looked up on demand."""

from collections.abc import Callable, Iterable
from dataclasses import field
from pathlib import Path

from dynbuild.engine.tarball import keep_texts
from dynbuild.link.model import WriteSet
from dynbuild.link.reads import found_reads
from dynbuild.ports import Machine
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class LayerTexts:
    """The texts of a base stack and of the layers built on it, by digest.

    Readers of a step's layers put their texts into ``cached``. Texts of the base stack
    are looked up on demand, since bases are large: ``ground`` gives its layers, highest
    first.
    """

    machine: Machine
    ground: Callable[[], Iterable[Path]]
    cached: dict[str, str] = field(default_factory=dict)

    def reads(
        self, writes: WriteSet, below: WriteSet, tree: WriteSet
    ) -> tuple[str, ...]:
        """Return what a step read; ``tree`` is ``below`` with its ``writes``."""
        return found_reads(
            writes,
            tree,
            lambda path: self.text(path, below),
            lambda path: self.text(path, tree),
        )

    def text(self, path: str, tree: WriteSet) -> str:
        """Return the text of a file of a tree; empty if there is no such file."""
        written = tree.get(path)
        if written is None or written.kind != "file":
            return ""
        digest = written.content
        if digest not in self.cached:
            note = f"text-{digest.removeprefix('sha256:')}"
            noted = self.machine.noted(note)
            if noted is None and (text := self._base_text(digest)) is not None:
                self.machine.note(note, text)
                noted = text
            # Otherwise it is too large for a text, or the tree is wrong about it: only
            # this build assumes the empty text.
            self.cached[digest] = noted or ""
        return self.cached[digest]

    def _base_text(self, digest: str) -> str | None:
        for layer in self.ground():
            keep_texts(layer, self.cached)
            if digest in self.cached:
                return self.cached[digest]
        return None
