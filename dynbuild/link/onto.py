"""A new base below layers that are there: which of them would be right on it.

See docs/decisions/0057-onto.md. A stage was built on one base and the packages on it;
now there is another base, and the packages were installed on that. Its layer is used
where nothing that is known of it speaks against that: it covers nothing that changed,
and nothing that it is known to need is gone. What its commands looked at beyond is not
known.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from dynbuild.digest import sha256
from dynbuild.link.commute import database_of, seen
from dynbuild.link.entries import MalformedLayerError, ancestors, resolved
from dynbuild.link.implied import implied_paths
from dynbuild.link.languages import other_language, other_modules
from dynbuild.link.model import Record, WriteSet, Written
from dynbuild.link.programs import LINKER, Defined, Program, lost
from dynbuild.link.reads import is_read
from dynbuild.link.writes import stacked
from dynbuild.values import dataclass

_ACCOUNTS = frozenset({"etc/passwd", "etc/group"})
_NOTHING = sha256(b"")
_ACL = "system.posix_acl_"
_MADE_OF_OTHERS = re.compile(
    r"usr/lib/locale/|var/cache/|usr/(?:lib|share)/.+\.cache\Z|.+/gschemas\.compiled\Z",
    re.DOTALL,
)
"""What programs make of all files of a kind that are there, or for one libc."""


@dataclass(frozen=True, slots=True)
class Layered:
    """A stage whose layers may be used on another base.

    ``needs`` names the stages that it stands on or copies from, of which ``below``
    write what lies below it in the image. ``programs`` are None where a layer could
    not be read. ``reads`` is what it is known to read, ``touches`` the databases that
    it is known to change. ``hindrance`` says why it is out of the question.
    """

    id: str
    record: Record | None = None
    needs: tuple[str, ...] = ()
    below: tuple[WriteSet, ...] = ()
    programs: tuple[Program, ...] | None = None
    reads: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    hindrance: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a base and the packages on it are, before and after.

    ``defined`` has the versions of symbols of libraries after.
    """

    before: WriteSet
    after: WriteSet
    defined: Defined

    def changed(self) -> dict[str, tuple[Written | None, Written | None]]:
        """Return the paths that differ, with what is there before and after."""
        found = {}
        for path in {**self.before, **self.after}:
            pair = _there(path, self.before), _there(path, self.after)
            if pair[0] != pair[1]:
                found[path] = pair
        return found


def judged(stages: Sequence[Layered], moved: Moved) -> dict[str, str | None]:
    """Return why each stage has to be built on the new base; None if it stays.

    They come in lock order. A stage that needs one that is built is built.
    """
    changed = moved.changed()
    taken = _taken(moved, changed)
    found: dict[str, str | None] = {}
    for stage in stages:
        needed = [one for one in stage.needs if found.get(one) is not None]
        if needed:
            found[stage.id] = f"it needs {needed[0]}, which is built"
        else:
            found[stage.id] = stage.hindrance or _against(stage, moved, changed, taken)
    return found


_Changed: TypeAlias = Mapping[str, tuple[Written | None, Written | None]]
_Copied: TypeAlias = tuple[str, str]
"""A name, if it matters, and a content or where a link leads."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What shows that something was taken of a base that has another now.

    ``old`` has the paths of what is no longer there, and ``all`` those of all there
    was, by what a copy has. ``grown`` are the directories that have more now, by each
    that they are or lie in, with the names in each before, and what is new.
    """

    old: Mapping[_Copied, str]
    all: Mapping[_Copied, Sequence[str]]
    grown: Mapping[str, Sequence[tuple[str, frozenset[str], str]]]


def _taken(moved: Moved, changed: _Changed) -> _Taken:
    old: dict[_Copied, str] = {}
    more: dict[str, str] = {}
    for path, (before, after) in changed.items():
        if _is_new(before, after):
            more[path.rpartition("/")[0]] = path
        if before is not None and (after is None or after.content != before.content):
            old |= dict.fromkeys(_copied(path, before)[:1], path)
    every: dict[_Copied, list[str]] = {}
    had: dict[str, set[str]] = {}
    for path in moved.before if more else ():
        if (there := _there(path, moved.before)) is None:
            continue
        above, _, name = path.rpartition("/")
        had.setdefault(above, set()).add(name)
        if there.kind == "directory":
            had.setdefault(path, set())
        for copied in _copied(path, there)[-1:]:
            every.setdefault(copied, []).append(path)
    grown: dict[str, list[tuple[str, frozenset[str], str]]] = {}
    for at, new in more.items():
        for one in (at, *ancestors(at)) if at in had else ():
            grown.setdefault(one, []).append((at, frozenset(had[at]), new))
    return _Taken(old, every, grown)


def _copied(path: str, written: Written) -> tuple[_Copied, ...]:
    """Return what tells copies of what is at a path: of any name, of the same."""
    name = path.rpartition("/")[2]
    if written.kind == "symlink":
        return ((name, written.content),)
    if written.kind != "file" or written.content in {"", _NOTHING}:
        return ()
    return ("", written.content), (name, written.content)


def _against(
    stage: Layered, moved: Moved, changed: _Changed, taken: _Taken
) -> str | None:
    if stage.record is None:
        return "no tier has it as it was on the other base"
    writes = stage.record.writes
    try:
        return (
            _by_writes(stage, writes, changed)
            or _by_additions(writes, moved, changed)
            or _by_copies(writes, taken)
            or _by_reads(stage, changed)
            or _by_passing(stage.below, writes, moved, changed)
            or _by_programs(stage, writes, moved, changed)
        )
    except MalformedLayerError:
        return "links that have no end are below it"


def _by_writes(stage: Layered, writes: WriteSet, changed: _Changed) -> str | None:
    files = (path for path, one in writes.items() if one.kind != "directory")
    databases = [*stage.touches, *filter(None, map(database_of, files))]
    if databases:
        return f"it changes the database {databases[0]}"
    made = (path for path, one in writes.items() if one.kind == "file")
    if (path := next(filter(_MADE_OF_OTHERS.match, made), None)) is not None:
        return f"it wrote what is made of files of the base: /{path}"
    if (covered := _covered(writes, changed)) is not None:
        return f"it wrote where the base or its packages changed: /{covered}"
    if not _ACCOUNTS.isdisjoint(changed) and any(
        one.uid or one.gid or any(name.startswith(_ACL) for name, _ in one.xattrs)
        for one in writes.values()
    ):
        return "accounts changed, and it wrote files of others than root"
    return None


def _by_additions(writes: WriteSet, moved: Moved, changed: _Changed) -> str | None:
    """Say what a stage may have treated as well, had it been there.

    A layer does not tell a file that was named from one of all that were there, nor
    what named files in several directories from what looked for them in all.
    """
    treated = {
        above if here is None or here.kind != "directory" else path
        for path in writes
        if (there := _there(path, moved.before)) is not None
        and (here := _there(path, writes)) != there
        for above in [path.rpartition("/")[0]]
    }
    if not treated:
        return None
    around = posixpath.commonpath([f"/{one}" for one in treated]).rstrip("/")
    # One file of several below a directory was named; all of them may have been found.
    found = len(treated) > 1 or all(
        path in writes or one.kind == "directory"
        for path, one in moved.before.items()
        if f"/{path}".startswith(f"{around}/")
    )
    for path in (path for path, pair in changed.items() if _is_new(*pair)):
        if path.rpartition("/")[0] in treated:
            return f"it changed what lies beside what is new: /{path}"
        if found and f"/{path}".startswith(f"{around}/"):
            return f"it changed what lies around what is new: /{path}"
    return None


def _by_copies(writes: WriteSet, taken: _Taken) -> str | None:
    """Say what was taken of the base as it was: a library that is mended there.

    Or a directory with all that it had, and without what it has more now.
    """
    pairs: set[tuple[str, str]] = set()
    for path, one in writes.items():
        for copied in _copied(path, one):
            if copied in taken.old:
                return f"its file /{path} is what /{taken.old[copied]} was"
            for of in taken.all.get(copied, ()):
                pairs |= {*_directories(of, path)}
    inside: dict[str, set[str]] = {}
    for path in writes if pairs else ():
        above, _, name = path.rpartition("/")
        inside.setdefault(above, set()).add(name)
    for of, to in pairs:
        for path, had, new in taken.grown.get(of, ()):
            at = f"{to}/{path[len(of) :].strip('/')}".strip("/")
            if (at in writes or at in inside) and had <= inside.get(at, set()):
                return f"it has in /{at} what lies beside what is new: /{new}"
    return None


def _directories(of: str, to: str) -> Iterator[tuple[str, str]]:
    """Yield the directories that may have been copied, if a file of them was."""
    while of and of != to and of.rpartition("/")[2] == to.rpartition("/")[2]:
        of, to = of.rpartition("/")[0], to.rpartition("/")[0]
        yield of, to


def _by_passing(
    below: Sequence[WriteSet], writes: WriteSet, moved: Moved, changed: _Changed
) -> str | None:
    """Say through which link it may have written what would now be elsewhere."""
    links = [
        path
        for path, (before, _) in changed.items()
        if before is not None and before.kind == "symlink"
    ]
    if not links:
        return None
    tree = stacked([moved.before, *below, writes])
    written = {"", *writes, *(above for path in writes for above in ancestors(path))}
    for path in links:
        if (end := resolved(path, tree)) in written:
            return f"it wrote /{end}, where /{path} led, which is another"
    return None


def _by_reads(stage: Layered, changed: _Changed) -> str | None:
    for path, pair in changed.items():
        for one in filter(None, pair):
            if any(is_read(read, path, one) for read in stage.reads):
                return f"it read what changed: /{path}"
    return None


def _by_programs(
    stage: Layered, writes: WriteSet, moved: Moved, changed: _Changed
) -> str | None:
    if stage.programs is None:
        return "its programs cannot be read"
    if any(one.libraries for one in stage.programs) and any(map(LINKER.match, changed)):
        return "the linker looks for libraries elsewhere"
    return _lost(stage.programs, stage.below, writes, moved, changed)


def _covered(writes: WriteSet, changed: _Changed) -> str | None:
    """Return a path that changed and that a layer writes, hides or lies below."""
    theirs = {path: now for path, (_, now) in changed.items() if now is not None}
    every = {*changed, *implied_paths(theirs)}
    for path in (*writes, *implied_paths(writes)):
        if path in every:
            return path
        for above in ancestors(path):
            if above in changed and not _are_directories(changed[above]):
                return above
    for path in changed:
        for above in (*ancestors(path), ""):
            if above in writes and writes[above].kind != "directory":
                return path
    return None


def _is_new(before: Written | None, after: Written | None) -> bool:
    return before is None or (after is not None and after.kind != before.kind)


def _are_directories(pair: tuple[Written | None, Written | None]) -> bool:
    return all(one is not None and one.kind == "directory" for one in pair)


def _lost(
    programs: Sequence[Program],
    below: Sequence[WriteSet],
    writes: WriteSet,
    moved: Moved,
    changed: _Changed,
) -> str | None:
    before = stacked([moved.before, *below, writes])
    after = stacked([moved.after, *below, writes])
    for path, written in writes.items():
        if written.kind == "symlink":
            was, now = resolved(path, before), resolved(path, after)
            if _there(was, before) is None:
                continue  # it led nowhere
            if was != now or _there(now, after) is None:
                return f"its link /{path} leads to what is gone or another"
    there = [path for path, (was_there, _) in changed.items() if was_there is not None]
    gone = (
        lost(programs, before, after, moved.defined)
        or other_language(writes, programs, before, after)
        or other_modules(writes, there)
    )
    return None if gone is None else f"{gone}, which is gone or another"


def _there(path: str, tree: WriteSet) -> Written | None:
    """Return what is at a path of a tree, without what does not matter."""
    found = tree.get(path)
    if found is None or found.kind == "whiteout":
        return None
    kind = "directory" if found.kind == "opaque" else found.kind
    return replace(seen(path, found), kind=kind, new=False)
