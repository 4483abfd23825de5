"""The lock of one of several images, as if its file held no other."""

from collections.abc import Sequence
from typing import Protocol

from dynbuild.errors import LockError
from dynbuild.explain.blame import Commit
from dynbuild.lockfile.codec import dumps, read
from dynbuild.lockfile.model import Lock
from dynbuild.ports import LockHistory, Locks
from dynbuild.values import dataclass


class HeldLocks(Locks, LockHistory, Protocol):
    """The lock's file, and what git has of it."""


@dataclass(frozen=True, slots=True)
class ImageLocks:
    """Implements ``ports.Locks`` and ``ports.LockHistory`` for one of several images.

    Where a lock holds one image only, it is that: it became several.
    """

    locks: HeldLocks
    image: str

    def read(self) -> str | None:
        return self._of_image(self.locks.read())

    def committed(self, revision: str) -> str | None:
        return self._of_image(self.locks.committed(revision))

    def commits(
        self, most: int | None = None
    ) -> Sequence[tuple[Commit, tuple[str, ...]]]:
        return self.locks.commits(most)

    def is_in_git(self) -> bool:
        return self.locks.is_in_git()

    def require(self, revision: str) -> None:
        self.locks.require(revision)

    def write(self, text: str) -> None:
        self.locks.write(text)

    def _of_image(self, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            recipe = read(text)
        except LockError:
            return text  # whoever reads it says what is wrong
        if isinstance(recipe, Lock):
            return text
        return dumps(recipe.whole(self.image)) if self.image in recipe.images else None
