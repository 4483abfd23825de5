"""Which files of the project a copy takes: a path, or what a pattern matches."""

import re
from collections.abc import Sequence
from posixpath import basename
from typing import TYPE_CHECKING

from dynbuild.declaration import grammar
from dynbuild.ports import NotThereError, Paths
from dynbuild.steps.model import Pattern

if TYPE_CHECKING:
    # The schema takes long to import, and whoever realizes a lock needs none.
    from dynbuild.declaration.schema_stage import BindMount, Copy


def as_copy(mount: "BindMount") -> "Copy":
    """Return a mount as a copy of what it shows."""
    from dynbuild.declaration.schema_stage import Copy  # noqa: PLC0415 - as above

    return Copy.model_validate(mount.model_dump(by_alias=True))


def is_pattern(copy: "Copy") -> bool:
    """Whether a copy names files of the project by a pattern."""
    of_project = copy.stage is None and copy.image is None
    return of_project and re.search(grammar.PATTERN, copy.from_) is not None


def pattern_of(copy: "Copy") -> Pattern:
    """Return what the builder is to make of a path: it matches those of others."""
    of_project = copy.stage is None and copy.image is None
    if of_project or not re.search(grammar.MATCHED, copy.from_):
        return "none"
    return "optional" if copy.optional else "needed"


def sources_of(copy: "Copy", files: Paths) -> tuple[str, ...]:
    """Return the paths of the project that a copy takes; none if it is optional.

    Raises NotThereError where a pattern matches nothing, or what one layer of files
    cannot be made of.
    """
    pattern = is_pattern(copy)
    if not pattern and not copy.optional:
        return (copy.from_,)
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", copy.from_)
    found = files.matching(copy.from_ if pattern else literal)
    if not found and not copy.optional:
        why = "it matches no file"
        raise NotThereError(why, "where that is right, say `optional = true`")
    if pattern:
        _refuse_mixed(found, files)
    return found if pattern else (copy.from_,) * len(found)


def _refuse_mixed(found: Sequence[str], files: Paths) -> None:
    names: dict[str, str] = {}
    for path in found:
        if files.is_directory(path):
            hint = "copy the directory by its name, or let the pattern end in a suffix"
            raise NotThereError(f"it matches {path}, a directory", hint)
        other = names.setdefault(basename(path), path)
        if other != path:
            why = f"{other} and {path} would have one name there"
            raise NotThereError(why, "copy one of them to another directory")
