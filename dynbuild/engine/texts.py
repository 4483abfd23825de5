"""The few texts in layers that tell what a step read, found when somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dynbuild.engine.tarball import keep_texts
from dynbuild.link.model import WriteSet
from dynbuild.link.reads import found_reads
from dynbuild.ports import Machine


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a ground and of what was made on it, by their digests.

    Whoever reads the layers of a step keeps their texts in ``known``. Those of the
    ground are looked for when they are needed, and then remembered: bases are large.
    """

    machine: Machine
    ground: Sequence[Path]
    known: dict[str, str] = field(default_factory=dict)

    def reads(
        self, writes: WriteSet, below: WriteSet, tree: WriteSet
    ) -> tuple[str, ...]:
        """What a step read that wrote this over what lay below; the tree is both."""
        return found_reads(
            writes,
            tree,
            lambda path: self._text(path, below),
            lambda path: self._text(path, tree),
        )

    def _text(self, path: str, tree: WriteSet) -> str:
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
            # Else it is too large for a text, or the tree says what is not so: only
            # this build goes by that.
            self.known[digest] = noted or ""
        return self.known[digest]

    def _found(self, digest: str) -> str | None:
        for layer in reversed(self.ground):
            keep_texts(layer, self.known)
            if digest in self.known:
                return self.known[digest]
        return None
