"""Locks with merge conflicts: what either side requested must not be lost."""

import re
from functools import reduce
from operator import or_

from dynbuild.errors import LockError
from dynbuild.lockfile.codec import read
from dynbuild.lockfile.images import AnyLock
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.requests import asked_since
from dynbuild.lockfile.update import Requests
from dynbuild.lockfile.upgrades import largest, so_far

_CONFLICT = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n.*?)?"
    r"^={7}[ \t\r]*\n(?P<theirs>.*?)^>{7}[^\n]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


def sides(text: str) -> tuple[AnyLock, ...]:
    """Return the locks of the two sides, as far as they can be read."""
    found = []
    for side in ("ours", "theirs"):
        try:
            found.append(read(_CONFLICT.sub(lambda match: match[side], text)))  # noqa: B023
        except LockError:
            continue
    return tuple(found)


def asked_on(torn: tuple[Lock, ...], start: Lock) -> Requests:
    """Return the refresh numbers, moves and upgrades of ``torn`` that a start lacks."""
    bump: dict[str, int] = {}
    move: set[str] = set()
    upgrade: set[tuple[str, str]] = set()
    own: set[tuple[str, str]] = set()
    since = [asked_since(start, side) for side in torn]
    for asked in since:
        for name, number in asked.again.items():
            bump[name] = max(bump.get(name, 0), number)
        move |= asked.moved
        upgrade |= asked.upgrade
        own |= asked.upgrade_own
    return Requests(
        bump,
        frozenset(move),
        frozenset(upgrade),
        upgrade_own=frozenset(own),
        upgrades=largest(*map(so_far, torn)),
        freshen=reduce(or_, ({**asked.freshen} for asked in since), {}),
    )
