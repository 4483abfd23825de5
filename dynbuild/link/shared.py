"""Layers of one platform for another: whether files copied onto either leave the same.

Who copies files of the project looks at nothing but where they go: what is there, what
that lies in, and where links lead. Where a link is, nothing is known for sure.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from posixpath import normpath

from dynbuild.link.entries import ancestors
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.writes import stacked


def lands_alike(
    targets: Collection[str], one: Sequence[WriteSet], other: Sequence[WriteSet]
) -> bool:
    """Whether the same copies to some places leave the same layer on two stacks.

    These have the base lowest. Nothing is copied onto the root itself.
    """
    ends = {normpath(f"/{target}").strip("/") for target in targets}
    if "" in ends:
        return False
    mine, theirs = (_met(ends, stack) for stack in (one, other))
    return mine == theirs and all(found.kind != "symlink" for found in mine.values())


def _met(ends: Collection[str], stack: Sequence[WriteSet]) -> dict[str, Written]:
    """Return what a stack has at some paths, above them and below them."""
    above = {path for end in ends for path in ancestors(end)}

    def meets(path: str) -> bool:
        return path in above or any(one in ends for one in (path, *ancestors(path)))

    tree = stacked([{p: found for p, found in of.items() if meets(p)} for of in stack])
    return {
        path: replace(found, new=False)
        for path, found in tree.items()
        if found.kind != "whiteout"
    }
