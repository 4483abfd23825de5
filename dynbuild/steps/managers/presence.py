"""Packages that are declared but not there, as the files of the image tell.

A script checks this itself only where its manager's database is no text.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from dynbuild.steps.managers.left_out import DIRECTORY, mark_of
from dynbuild.steps.managers.script import installs, removals
from dynbuild.steps.model import Group

ReadText: TypeAlias = Callable[[str], str]
"""The text of a file after a group's installation, by its path; empty if none."""

ABSENT = "dynbuild: declared, but not there after its installation:"

DIFFERS = "dynbuild: what came is not what the lock has:"


def others(group: Group) -> frozenset[str]:
    """Return the declared packages that a group's installation may have made go.

    What it installs itself is there, or its manager fails.
    """
    own = frozenset() if removals(group) else frozenset(installs(group))
    return frozenset(name for name, spec in group.declared.items() if spec not in own)


def absent(
    group: Group,
    text: ReadText,
    names: Iterable[str],
    there: Callable[[], Iterable[str]],
) -> tuple[str, ...]:
    """Return those of a group's declared packages that are not among those ``there``.

    What was left out, here or below, may be absent.
    """
    looked_for = sorted(names)
    found = frozenset(there()) if looked_for else frozenset()
    return tuple(
        name
        for name in looked_for
        if name not in found
        and not (
            name in group.gone
            and text(f"{DIRECTORY}/{mark_of(group.manager, group.declared[name])}")
        )
    )
