"""npm's groups whose versions are written down, or are to be.

npm has no lock for what is global. A group that notes leaves in its layer what each of
its packages has below itself, with the digests of the archives. One that is pinned
fetches these archives, compares them, and has npm install from a registry that has
nothing else: one of its own, on loopback, for as long as it runs.
"""

from collections.abc import Iterator, Mapping

from dynbuild.steps.managers.came import (
    Came,
    Pinning,
    acted,
    digests_differ,
    versions_differ,
)
from dynbuild.steps.managers.npm_registry import BELOW, CAME, FOLDER, INSTALL, NOTE
from dynbuild.steps.managers.presence import ReadText
from dynbuild.steps.managers.script import fill
from dynbuild.steps.model import Group, Install
from dynbuild.steps.pinned import NOBODY, Pinned
from dynbuild.steps.run import ScratchMount

_WORD = r"(?!\.{1,2}(?:[/@\s]|$)|-)[A-Za-z0-9~._-]+"
_ONE = rf"(?:@{_WORD}/)?{_WORD}"
NAME = rf"{_ONE}(?:/node_modules/{_ONE})*"
VERSION = rf"(?:{_ONE}@)?[0-9][A-Za-z0-9.+-]{{0,255}}"
"""Where a package is below the global ones, and its version; before that its own name,
where it is there under another one."""

MOUNT = ScratchMount(FOLDER)


def install(pinned: Pinned) -> Iterator[str]:
    """Yield lines that install the very versions that are written down."""
    if pinned.packages:
        lock = [
            " ".join([at, version, *sorted(pinned.sums.get(f"{at} {version}", ()))])
            for at, version in pinned.packages.items()
        ]
        yield INSTALL.replace("@lock@", "\n".join(lock))


def note(group: Group) -> str:
    """Return lines that leave what came in the layer."""
    return fill(NOTE, ASKED=[*acted(group)])


def _asked(group: Group) -> frozenset[str]:
    """Return what has to have a version: what a group installs or upgrades."""
    return frozenset(acted(group))


def _asks_for_older(group: Group) -> bool:
    """Whether a version may become lower: a spec names one."""
    return any(
        isinstance(action, Install) and "@" in action.spec[1:]
        for action in group.actions.values()
    )


def is_older(one: str, other: str) -> bool:
    """Whether a version is older than another (semver.org); what is none, is."""
    # Most locks have no versions to compare.
    from univers.versions import SemverVersion  # noqa: PLC0415

    mine, others = one.rpartition("@")[2], other.rpartition("@")[2]
    if not (SemverVersion.is_valid(mine) and SemverVersion.is_valid(others)):
        return one != other
    return bool(SemverVersion(mine) < SemverVersion(others))


def owner(at: str) -> str:
    """Return the package that holds another one; one that is global holds itself."""
    return at.partition(BELOW)[0]


def _written(
    group: Group, noted: tuple[Came, ...], there: Mapping[str, str]
) -> dict[str, str]:
    """Return what to write down of a group: what came, and what it was asked for."""
    del there
    versions = {one.name: one.version for one in noted}
    for name in acted(group):
        versions.setdefault(name, NOBODY)
    return versions


def _compared(
    _: Group, pinned: Pinned, noted: tuple[Came, ...], __: ReadText
) -> Iterator[str]:
    there = {one.name: one.version for one in noted}
    yield from versions_differ(pinned, noted, there)
    yield from digests_differ(pinned, noted, "the registry")


PINNING = Pinning(
    notes=CAME,
    name=NAME,
    version=VERSION,
    asked=_asked,
    asks_for_older=_asks_for_older,
    is_older=is_older,
    written=_written,
    compared=_compared,
    since=10,
    teller="npm",
    needed="what a dependency names by address, and not by version, has none",
    stands_on=r"(?:lib)?node.*|npm",
    lacking={
        "old": "npm 7 or newer is needed",
        "address": "what a dependency names by address, and not by version, has none",
        "other": "the registry has no archive of that name and version, or its archive "
        "is another package's",
        "failed": "the archives that npm chose cannot be installed without others; the "
        "step's log says why: a package whose script runs npm wants some",
        "changed": "it is not the package that npm chose: a script changed or brought "
        "it",
    },
    owner=owner,
)
