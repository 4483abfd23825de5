"""The changes of a project's files since a commit, as git sees them."""

from collections.abc import Collection

from dynbuild.project import git
from dynbuild.project.content import Tree
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """Implements ``ports.Edits`` on the files of a project."""

    tree: Tree

    def since(self, revision: str) -> Collection[str] | None:
        """Return the paths that differ. Raises CommittedUnknownError."""
        return git.changed(self.tree.root, revision)

    def concern(
        self, path: str, exclude: tuple[str, ...], names: Collection[str]
    ) -> bool:
        """Return whether a copy takes what has any of the names."""
        return self.tree.takes_any(path, exclude, names)
