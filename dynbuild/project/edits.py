"""The changes of a project's files since a commit, as git sees them."""

from dataclasses import dataclass

from dynbuild.ports import Edited
from dynbuild.project import git
from dynbuild.project.content import Tree


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """Implements ``ports.Edits`` on the files of a project."""

    tree: Tree

    def known(self, revision: str) -> bool:
        """Return whether git has a revision. Raises CommittedUnknownError."""
        return git.knows(self.tree.root, revision)

    def since(self, revision: str) -> Edited | None:
        """Return what differs from a revision. Raises CommittedUnknownError."""
        names = git.changed(self.tree.root, revision)
        if names is None:
            return None
        return Edited(names, git.ignored(self.tree.root))

    def concern(self, path: str, exclude: tuple[str, ...], edited: Edited) -> bool:
        """Return whether a path's content may differ. Raises NotThereError."""
        return self.tree.takes_any(path, exclude, edited.paths, edited.ignored)
