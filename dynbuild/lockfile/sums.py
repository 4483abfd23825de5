"""``dynbuild.sum``: the digests of archives, one line each, sorted.

They are facts that never change: a line that nothing needs any more does no harm, and
two sides of a merge are united line by line. Of one version several archives may be
known, as two distributions have of one name and number: each of them counts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynbuild.errors import Diagnostic, LockError
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.model import Lock
from dynbuild.steps.pinned import Pinned, Sums

HEADER = (
    "# dynbuild.sum: the digests of what dynbuild.lock names; commit both. @generated\n"
)

_PACKAGE = r"[A-Za-z0-9@~._][A-Za-z0-9@~._+:/-]*"
_LINE = re.compile(rf"([a-z]+ [a-z0-9/]+ {_PACKAGE} \S+) ([0-9a-f]{{64}})")


def dumps(sums: Sums) -> str:
    """Return the text of digests; ``loads`` is the inverse."""
    lines = sorted(f"{what} {digest}\n" for what, of in sums.items() for digest in of)
    return "".join([HEADER, *lines]) if lines else ""


def loads(text: str, name: str = "dynbuild.sum") -> Sums:
    """Read digests. Raises LockError for a line that is none."""
    found: dict[str, set[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            message = f"line {number} of {name} is no digest of an archive"
            hint = "it is written by `dynbuild lock --resolve` alone: restore it, as "
            hint += f"with `git checkout -- {name}`; of a conflict both sides are right"
            raise LockError(Diagnostic("DB0441", message, hint=hint))
        found.setdefault(match[1], set()).add(match[2])
    return {what: frozenset(of) for what, of in found.items()}


def united(one: Sums, other: Sums) -> Sums:
    """Return the digests of both."""
    every = sorted({*one, *other})
    return {
        what: one.get(what, frozenset()) | other.get(what, frozenset())
        for what in every
    }


def needed(sums: Sums, several: LockedImages) -> Sums:
    """Return the digests of what a lock names."""
    names = {
        f"{manager} {platform} {name} {version}"
        for image in several.images.values()
        for manager, platforms in image.own.resolved.items()
        for platform, events in platforms.items()
        for versions in events.values()
        for name, version in Pinned(versions).packages.items()
    }
    return {what: of for what, of in sorted(sums.items()) if what in names}


def keys(
    manager: str, platform: str, digests: Iterable[tuple[str, str, str]]
) -> Mapping[str, frozenset[str]]:
    """Return the digests of packages, of which each has name, version, digest."""
    return {
        f"{manager} {platform} {name} {version}": frozenset({digest})
        for name, version, digest in digests
    }


def with_sums(lock: Lock, sums: Sums) -> Lock:
    """Return a lock that knows what archives may be, with all that it inherits."""
    above = lock.above and with_sums(lock.above, sums)
    return replace(lock, sums=sums, above=above)
