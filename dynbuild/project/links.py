"""The links in a path of a project, followed as a builder follows them."""

import posixpath
from pathlib import Path

from dynbuild.ports import NotThereError
from dynbuild.values import dataclass

_MOST_LINKS = 40


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """The target of a path within the project, and the links that lead there."""

    path: str
    links: tuple[str, ...]


def follow(root: Path, path: str) -> ResolvedPath:
    """Follow all links in a path as BuildKit does in a context.

    Raises NotThereError.
    """
    links: list[str] = []
    real, ahead = "", posixpath.normpath(path)
    while ahead:
        if ahead.startswith("/"):
            link = f": the link {links[-1]} has to be relative" if links else ""
            raise NotThereError(f"an absolute path leads out of the project{link}")
        name, _, ahead = ahead.partition("/")
        ahead = ahead.lstrip("/")
        current = posixpath.normpath(posixpath.join(real, name))
        if current == "..":
            raise NotThereError("it leads out of the project")
        if not (root / current).is_symlink():
            real = current
            continue
        links.append(current)
        if len(links) > _MOST_LINKS:
            raise NotThereError(f"the links at {current} go round in a circle")
        ahead = posixpath.join((root / current).readlink(), ahead)
    return ResolvedPath("" if real == "." else real, tuple(links))
