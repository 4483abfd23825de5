"""A new base below layers that are there: which of them would be right on it.

See docs/decisions/0057-onto.md. A stage was built on one base and the packages on it;
now there is another base, and the packages were installed on that. Its layer is used
where nothing that is known of it speaks against that: it covers nothing that changed,
and nothing that it is known to need is gone. What its commands looked at beyond is not
known.
"""

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dynbuild.digest import sha256
from dynbuild.link.commute import database_of, seen
from dynbuild.link.entries import MalformedLayerError, ancestors, resolved
from dynbuild.link.implied import implied_paths
from dynbuild.link.languages import other_language
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


_Changed = Mapping[str, tuple[Written | None, Written | None]]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What shows that something was taken of a base that has another now.

    ``old`` has the paths of files that are no longer there, by their contents;
    ``grown`` the directories that have more now, with what they had and what is new.
    """

    old: Mapping[str, str]
    grown: Mapping[str, tuple[Mapping[str, Written], str]]


def _taken(moved: Moved, changed: _Changed) -> _Taken:
    old = {
        before.content: path
        for path, (before, after) in changed.items()
        if before is not None and before.kind == "file" and before.content
        if after is None or after.content != before.content
    }
    more = {
        path.rpartition("/")[0]: path
        for path, (before, _) in changed.items()
        if before is None
    }
    had: dict[str, dict[str, Written]] = {}
    for path in moved.before if more else ():
        above, _, name = path.rpartition("/")
        if above in more and (there := _there(path, moved.before)) is not None:
            had.setdefault(above, {})[name] = there
    return _Taken(old, {above: (one, more[above]) for above, one in had.items()})


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

    A layer does not tell a file that was named from one of all that were there, and
    not what looked for files in several directories from what knew them.
    """
    treated = {
        above if here is None or here.kind != "directory" else path
        for path in writes
        if (there := _there(path, moved.before)) is not None
        and (here := _there(path, writes)) != there
        for above in [path.rpartition("/")[0]]
    }
    around = _around(treated) if len(treated) > 1 else None
    for path, (before, _) in changed.items():
        if before is not None:
            continue
        if path.rpartition("/")[0] in treated:
            return f"it changed what lies beside what is new: /{path}"
        if around is not None and f"/{path}".startswith(around):
            return f"it changed what lies on several sides of what is new: /{path}"
    return None


def _around(directories: Collection[str]) -> str:
    """Return what the paths of all that is in some directories begin with."""
    above = posixpath.commonpath([f"/{one}" for one in directories])
    return f"{above.rstrip('/')}/"


def _by_copies(writes: WriteSet, taken: _Taken) -> str | None:
    """Say what was taken of the base as it was: a library that is mended there.

    Or a directory with all that it had, and without what it has more now.
    """
    inside: dict[str, dict[str, Written]] = {}
    for path, one in writes.items():
        above, _, name = path.rpartition("/")
        inside.setdefault(above, {})[name] = one
        if one.kind != "file" or one.content in {"", _NOTHING}:
            continue
        if one.content in taken.old:
            return f"its file /{path} is what /{taken.old[one.content]} was"
    for above, (had, new) in taken.grown.items():
        for path, has in inside.items():
            if path != above and had.keys() <= has.keys() and _alike(had, has):
                return f"it has in /{path} what lies beside what is new: /{new}"
    return None


def _alike(had: Mapping[str, Written], has: Mapping[str, Written]) -> bool:
    """Whether one of the files of a directory is in another, under the same name."""
    return any(
        one.kind == has[name].kind == "file" and one.content == has[name].content
        for name, one in had.items()
    )


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
    return _lost(stage.programs, stage.below, writes, moved)


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


def _are_directories(pair: tuple[Written | None, Written | None]) -> bool:
    return all(one is not None and one.kind == "directory" for one in pair)


def _lost(
    programs: Sequence[Program],
    below: Sequence[WriteSet],
    writes: WriteSet,
    moved: Moved,
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
    gone = lost(programs, before, after, moved.defined) or other_language(
        writes, programs, before, after
    )
    return None if gone is None else f"{gone}, which is gone or another"


def _there(path: str, tree: WriteSet) -> Written | None:
    """Return what is at a path of a tree, without what does not matter."""
    found = tree.get(path)
    if found is None or found.kind == "whiteout":
        return None
    kind = "directory" if found.kind == "opaque" else found.kind
    return replace(seen(path, found), kind=kind, new=False)
