"""Which steps may be stacked either way, and which databases steps share.

DESIGN 8.4: two steps commute where every path that both write is new to both and equal
in type, content, mode, owner, link target and extended attributes. Directories that
are only carried along need not be new. A whiteout or an opaque directory of one over a
path of the other shows at a path of both (see ``writes``), where it is never new.
Logs and caches do not count; a symlink or file in the place of their directory does.
What a step claims beyond what it writes (``claims``) counts as if it were written.
"""

import re

from dynbuild.link.claims import claims
from dynbuild.link.model import WriteSet, Written
from dynbuild.steps.model import Group, Stage, Step, User

_UNCOUNTED = re.compile(
    r"(?:var/log|var/cache/apt|var/cache/ldconfig|tmp|root/\.cache)(?:/|\Z)"
    r"|(?:.*?/)?__pycache__(?:/|\Z)",
    re.DOTALL,
)

_DATABASES = {
    "dpkg": r"var/lib/(?:dpkg|apt|ucf|pam)(?:/|\Z)|var/cache/debconf/",
    "rpm": r"(?:var/lib/(?:rpm|dnf|yum)|usr/lib/sysimage/(?:rpm|libdnf5))(?:/|\Z)"
    r"|var/cache/(?:dnf|yum|libdnf5)(?:/|\Z)",
    "apk": r"(?:usr/)?lib/apk/db(?:/|\Z)|etc/apk/world\Z|var/cache/apk(?:/|\Z)",
    "passwd": r"etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?\Z"
    r"|etc/\.pwd\.lock\Z",
    "ld.so.cache": r"etc/ld\.so\.cache\Z",
    "alternatives": r"etc/alternatives/|var/lib/alternatives/",
    "ca-certificates": r"etc/ssl/certs/|etc/ca-certificates\.conf\Z"
    r"|etc/pki/ca-trust/extracted/",
}
_DATABASE_AT = re.compile(
    "|".join(f"(?P<_{at}>{rule})" for at, rule in enumerate(_DATABASES.values()))
)
DATABASES = tuple(_DATABASES)
"""The names that ``touches`` may hold."""

_MANAGERS = {"apt": ("dpkg",), "yum": ("rpm",), "apk": ("apk",)}


def conflicts(one: WriteSet, other: WriteSet) -> tuple[str, ...]:
    """The paths that keep two steps from commuting, sorted; none: they commute."""
    found = []
    one, other = {**one, **claims(one)}, {**other, **claims(other)}
    for path in one.keys() & other.keys():
        mine, theirs = seen(path, one[path]), seen(path, other[path])
        if mine is not None and theirs is not None and not agree(mine, theirs):
            found.append(path)
    return tuple(sorted(found))


def counted(path: str) -> bool:
    """Whether it matters what is at a path: not for logs and caches."""
    return _UNCOUNTED.match(path) is None


def seen(path: str, written: Written) -> Written | None:
    """What counts of what is written at a path, if anything does."""
    found = _UNCOUNTED.match(path)
    if found is None:
        return written
    if found.end() < len(path):
        return None
    if written.kind in {"directory", "opaque", "whiteout"}:
        return Written("directory")
    return written


def agree(one: Written, other: Written) -> bool:
    """Whether two steps may both write this at one path."""
    return one == other and (one.new or one.kind == "directory")


def database_of(path: str) -> str | None:
    """The known database that a path is part of."""
    found = _DATABASE_AT.match(path)
    return DATABASES[int(found.lastgroup[1:])] if found and found.lastgroup else None


def databases_of(step: Step) -> tuple[str, ...]:
    """The databases that a step is known to change before it was ever built."""
    match step:
        case Stage(touches=touches):
            return touches
        case Group(manager=manager):
            return _MANAGERS.get(manager, ())
        case User():
            return ("passwd",)
        case _:
            return ()
