"""Names of files that no layer can hold, and files that are never copied."""

import posixpath
from collections.abc import Collection

from dynbuild.declaration.grammar import WHITEOUT
from dynbuild.ports import NotThereError

GIT = ".git"


def check_name(path: str) -> None:
    """Refuse a path that an image cannot contain. Raises NotThereError."""
    name = posixpath.basename(path)
    if name.startswith(WHITEOUT):
        message = f"{path}: in a layer, a name that begins with .wh. deletes a file"
        raise NotThereError(message, _hint("rename it"), "DB0323")
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        message = f"{shown}: its name is not UTF-8"
        raise NotThereError(message, "rename it, or leave it out", "DB0323") from None


def check_content(path: str, own: Collection[str]) -> None:
    """Refuse to copy files that are never content of a stage. Raises NotThereError."""
    if path in own:
        message = "the declaration and its lock are never content of a stage"
        hint = "what commands need of it, another file can hold"
        raise NotThereError(message, hint, "DB0324")
    if GIT in path.split("/"):
        message = "what git keeps is never content of a stage: every commit changes it"
        hint = "write what commands need of it, as `git describe` does, to a file"
        raise NotThereError(message, hint, "DB0324")


def _hint(what: str) -> str:
    return f"{what}, or add **/.wh.* to .dockerignore or to `exclude`: all are left out"
