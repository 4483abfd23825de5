"""Commuting: which steps may be stacked in either order, which databases they share.

See docs/design/stacking.md. Two steps commute if every path that both write is new to
both and equal in type, content, mode, owner, link target and extended attributes.
Directories that are only carried along need not be new. A whiteout or an opaque
directory of one over a path of the other shows at a path of both (see ``writes``),
where it is never new. For a few named files the content does not matter
(``uncounted``). The paths that a step implies beyond what it writes (``implied``) count
as written.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from dynbuild.link.implied import implied_paths
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.uncounted import uncounted
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Group, Stage, Step, User


def _packages() -> dict[str, str]:
    """Return the databases of packages: two managers may have the same one."""
    found: dict[str, str] = {}
    for manager in MANAGERS.values():
        for name, paths in manager.databases.items():
            found[name] = f"{found[name]}|{paths}" if name in found else paths
    return found


PACKAGE_DATABASES: Mapping[str, str] = _packages()
"""What managers know of what is installed, as patterns of paths by name."""

_DATABASES = {
    **PACKAGE_DATABASES,
    "passwd": r"etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?\Z"
    r"|etc/\.pwd\.lock\Z|var/log/(?:lastlog|faillog)\Z",
    "ld.so.cache": r"etc/ld\.so\.cache\Z|var/cache/ldconfig/",
    "alternatives": r"etc/alternatives/|var/lib/alternatives/"
    r"|var/log/alternatives\.log\Z",
    "conda": r"(?:.*/)?conda-meta/history\Z",
    "ca-certificates": r"etc/ssl/certs/|etc/ca-certificates\.conf\Z"
    r"|etc/pki/ca-trust/extracted/",
}
_DATABASE_AT = re.compile(
    "|".join(f"(?P<_{at}>{rule})" for at, rule in enumerate(_DATABASES.values()))
)
DATABASES = tuple(_DATABASES)
"""The names that ``touches`` may hold."""


def conflicts(one: WriteSet, other: WriteSet) -> tuple[str, ...]:
    """Return the paths that keep two steps from commuting, sorted; none if they do."""
    one, other = {**one, **implied_paths(one)}, {**other, **implied_paths(other)}
    return tuple(
        sorted(
            path
            for path in one.keys() & other.keys()
            if not agree(seen(path, one[path]), seen(path, other[path]))
        )
    )


def seen(path: str, written: Written) -> Written:
    """Return what a path's write counts as in a comparison."""
    if written.kind == "file" and uncounted(path):
        return replace(written, content="", new=True)
    if written.kind == "whiteout" and uncounted(path):
        return replace(written, new=True)
    return written


def agree(one: Written, other: Written) -> bool:
    """Whether two steps that write these at one path may commute there."""
    return one == other and (one.new or one.kind == "directory")


def database_of(path: str) -> str | None:
    """Return the known database that a path is part of."""
    found = _DATABASE_AT.match(path)
    return DATABASES[int(found.lastgroup[1:])] if found and found.lastgroup else None


def databases_of(step: Step) -> tuple[str, ...]:
    """Return the databases that a step is known to change before it was ever built."""
    match step:
        case Stage(touches=touches):
            return touches
        case Group(manager=manager):
            return tuple(MANAGERS[manager].databases)
        case User():
            return ("passwd",)
        case _:
            return ()
