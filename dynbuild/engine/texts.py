"""The few texts in layers that reveal what a step did, looked up on demand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dynbuild.engine.tarball import keep_texts
from dynbuild.link.model import WriteSet
from dynbuild.link.reads import found_reads
from dynbuild.ports import Machine


@dataclass(frozen=True, slots=True)
class LayerTexts:
    """The texts of a base stack and of the layers built on it, by digest.

    Readers of a step's layers put their texts into ``known``. Texts of the base stack
    (``ground``) are looked up when needed and then cached: bases are large.
    """

    machine: Machine
    ground: Sequence[Path]
    known: dict[str, str] = field(default_factory=dict)

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
        here = tree.get(path)
        if here is None or here.kind != "file":
            return ""
        digest = here.content
        if digest not in self.known:
            note = f"text-{digest.removeprefix('sha256:')}"
            noted = self.machine.noted(note)
            if noted is None and (found := self._found(digest)) is not None:
                self.machine.note(note, found)
                noted = found
            # Otherwise it is too large for a text, or the tree is wrong about it: only
            # this build assumes the empty text.
            self.known[digest] = noted or ""
        return self.known[digest]

    def _found(self, digest: str) -> str | None:
        for layer in reversed(self.ground):
            keep_texts(layer, self.known)
            if digest in self.known:
                return self.known[digest]
        return None
